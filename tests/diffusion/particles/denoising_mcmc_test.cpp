#include "lehr/diffusion/particles/denoising_mcmc.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "tests/core/test_files.hpp"
#include "tests/diffusion/particles/chain_cases.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using test::ChainCase, test::grid_from_zero, test::run, test::uniform_distance;

DenoisingMcmcOptions small_options() {
  DenoisingMcmcOptions options;
  options.chains = 70, options.outputs = 4, options.levels = 20, options.eta = 0.02;
  return options;
}

TEST(DenoisingMcmc, CountsCallsAndDoesNotDependOnThreads) {
  const ChainCase c;
  for (const char* variant : {"dlg", "dmala"}) {
    DenoisingMcmcOptions options = small_options();
    options.variant = variant, options.integrator = "kar2";
    const DenoisingMcmc method = c.method(options);
    set_threads(1);
    const auto one = run(method, 4);
    set_threads(4);
    const auto four = run(method, 4);
    set_threads(0);
    EXPECT_EQ(one.state.outputs, four.state.outputs);
    EXPECT_EQ(one.state.levels, four.state.levels);
    EXPECT_EQ(one.state.calls, one.used.evaluations);
    const std::int64_t made = 4 * 70, sweeps = variant == std::string("dlg") ? 3 : 6;
    EXPECT_LE(one.state.calls - one.state.initial_calls, made * (sweeps + 7));
    EXPECT_GE(one.state.calls - one.state.initial_calls, made * (sweeps + 1));
    EXPECT_EQ(method.samples(one.state).cols(), made);
  }
}

TEST(DenoisingMcmc, ResumesBitForBit) {
  const ChainCase c;
  DenoisingMcmcOptions options = small_options();
  options.eta = Schedule::parse("linear(from=0.1, to=0.02)");
  options.prior = "flat_histogram", options.integrator = "reverse_diffusion", options.tweedie = 0.01;
  const DenoisingMcmc method = c.method(options);
  const auto whole = run(method, 4);
  const lehr::test::TemporaryFolder folder;
  Observers observers;
  observers.checkpoints = {.path = folder / "state.safetensors", .every_steps = 1};
  std::atomic<bool> stop = false;
  observers.interrupted = &stop;
  observers.list.push_back(
      {[&](const Moment& now, const Row&) { return stop = now.step == 1, now.step + 1; }, {}});
  const auto part = drive(method, Budget::steps(4), Seed{1}, observers);
  ASSERT_EQ(part.why, Stop::interrupted);
  stop = false, observers.list.clear();
  const auto rest = drive(method, Budget::steps(4), Seed{1}, observers);
  EXPECT_EQ(rest.state.outputs, whole.state.outputs);
  EXPECT_EQ(rest.state.trace, whole.state.trace);
  EXPECT_EQ(rest.state.log_prior, whole.state.log_prior);
}

TEST(DenoisingMcmc, Errors) {
  const ChainCase c;
  const auto message = [&](DenoisingMcmcOptions options, ChainStarts starts = {}) {
    return lehr::test::message_of<InvalidInput>([&] { c.method(options, starts); });
  };
  DenoisingMcmcOptions options = small_options();
  options.denoise = 6;
  EXPECT_NE(message(options).find("take 5 or 7"), std::string::npos);
  options = small_options(), options.sigma_max = 0.001;
  EXPECT_NE(message(options).find("sigma_min < sigma_max"), std::string::npos);
  options = small_options(), options.prior = "constant(-1)";
  EXPECT_FALSE(message(options).empty());
  options = small_options();
  EXPECT_NE(message(options, {MatrixXd::Zero(3, 70), {}}).find("starts are 3 x 70"), std::string::npos);
  EXPECT_THROW(DenoisingMcmc(c.model, c.process,
                             exact_conditional(c.mixture, geometric_sigma_grid(0.01, 20, 7)), options),
               InvalidInput);
  EXPECT_THROW(DenoisingMcmc(mixture_score(c.mixture, Process::vp_linear()), Process::vp_linear(),
                             exact_conditional(c.mixture, options.sigma_grid()), options),
               InvalidInput);
  // Steps that leave every chain at the largest level.
  options.eta = 1500, options.burn_in_eta = 1500, options.burn_in_large = 100;
  try {
    run(c.method(options), 1);
    ADD_FAILURE() << "all chains are stuck";
  } catch (const NumericalFailure& error) {
    EXPECT_NE(std::string(error.what()).find("have been at sigma_max = 20 for 50 sweeps"), std::string::npos)
        << error.what();
  }
}

// Without a density, the acceptance by the score's line integral is approximate but does not lose the law in 20 sweeps.
TEST(DenoisingMcmc, LineIntegralKeepsTheLaw) {
  ChainCase c;
  const DenoisingMcmcOptions base = grid_from_zero();
  const SigmaConditional conditional = exact_conditional(c.mixture, base.sigma_grid());
  c.model.density_at = {};
  DenoisingMcmcOptions options = base;
  options.chains = 800, options.skip = 20, options.outputs = 1, options.burn_in = options.burn_in_large = 0;
  options.variant = "dmala", options.kappa = 0.3, options.data_variance = 0.0025;
  const DenoisingMcmc method(c.model, c.process, conditional, options, c.joint(options, 3));
  EXPECT_FALSE(method.exact_acceptance());
  EXPECT_LE(uniform_distance(run(method, 1).state.levels, 60), 0.1);
}

// Five calls are too few from where a step of 0.05 leaves the chains; the controller moves calls from sweeps to denoising.
TEST(DenoisingMcmc, SplitFollowsTheLevels) {
  const ChainCase c;
  DenoisingMcmcOptions options = grid_from_zero();
  options.eta = 0.05, options.skip = 5, options.denoise = 5, options.outputs = 3, options.chains = 500;
  const auto last_width = [&](const char* split) {
    options.split = split;
    const DenoisingMcmc method = c.method(options);
    const auto result = run(method, 3);
    EXPECT_EQ(result.state.calls - result.state.initial_calls, 3 * 500 * 10);
    return c.width(method.samples(result.state).rightCols(500));
  };
  EXPECT_LT(last_width("adaptive"), 0.6 * last_width("fixed"));
}

// A conditional whose densities are off by a factor e^0.1 from level to level, as those of energies with unknown normalisers are, drives the chains up;
// adapted weights find the factors and give the levels equal times.
TEST(DenoisingMcmcSlow, AdaptedWeightsGiveEqualTimes) {
  const ChainCase c;
  DenoisingMcmcOptions options = grid_from_zero();
  options.chains = 400, options.skip = 100, options.outputs = 6, options.burn_in = options.burn_in_large = 0;
  options.variant = "dmala", options.kappa = 0.5, options.data_variance = 0.0025;
  SigmaConditional tilted = exact_conditional(c.mixture, options.sigma_grid());
  tilted.evaluate = [exact = tilted.evaluate](const Lanes& x, const Lanes& clean, Lanes& out) {
    exact(x, clean, out);
    for (Index j = 0; j < out.cols(); ++j) out.col(j) += 0.1 * static_cast<double>(j);
  };
  const auto final_distance = [&](const char* prior) {
    options.prior = prior;
    const DenoisingMcmc method(c.model, c.process, tilted, options, c.joint(options, 3));
    return uniform_distance(run(method, 6).state.levels, 60);
  };
  const double kept = final_distance("log_uniform"), adapted = final_distance("flat_histogram");
  EXPECT_GE(kept, 0.5);
  EXPECT_LE(adapted, 0.2);
}

}  // namespace
}  // namespace lehr::diffusion
