// What the chains are for: quality per call, mixing over modes, the law of the levels, and a gain for every integrator. On 32 narrow
// modes in 16 dimensions, and on the specification's manifold16 where its file is there.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/core/test_files.hpp"
#include "tests/diffusion/particles/chain_cases.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using test::ChainCase, test::grid_from_zero, test::run, test::uniform_distance;

double mean_level(const std::vector<int>& levels) {
  return std::accumulate(levels.begin(), levels.end(), 0.0) / static_cast<double>(levels.size());
}

// 1. Quality per call: 5000 samples at 10 calls (eta 0.02, 3 sweeps, kar1 with 7) against kar1 from noise. Sliced W2 between two true samples
// is 0.03 (spread over seeds 0.005). Returns the error of the mode masses, its mean over three runs: a run's scatters by 0.005.
double expect_quality(const ChainCase& c) {
  DenoisingMcmcOptions options = grid_from_zero();
  options.eta = 0.02;
  const DenoisingMcmc method = c.method(options);
  const auto result = run(method, 5);
  const MatrixXd x = method.samples(result.state);
  const double chains = c.distance(x), nine = c.distance(c.from_noise("kar1", 9, 5000)),
               eleven = c.distance(c.from_noise("kar1", 11, 5000));
  EXPECT_LE(chains, 0.25 * nine);
  EXPECT_LE(chains, 0.8 * eleven);
  EXPECT_NEAR(c.width(x), 0.068, 0.01);  // of a truth of 0.05
  EXPECT_GT(c.width(c.from_noise("kar1", 9, 2000)), 0.2);
  EXPECT_EQ(result.state.calls - result.state.initial_calls, 5000 * 10);
  double error = c.mode_error(x);
  for (const std::uint64_t seed : {2, 3}) error += c.mode_error(method.samples(run(method, 5, {seed}).state));
  return error / 3;
}

double mean_mode_error_of_truth(const ChainCase& c, Index count) {
  double error = 0;
  for (const std::uint64_t seed : {5, 6, 7}) error += c.mode_error(c.truth(count, seed));
  return error / 3;
}

// Outputs of one chain are alike, so that the masses are as uncertain as those of 1000 independent points, one for each chain.
TEST(DenoisingMcmc, QualityPerCall) {
  const ChainCase c;
  EXPECT_LE(expect_quality(c), mean_mode_error_of_truth(c, 1000) + 0.03);
}

TEST(DenoisingMcmc, QualityPerCallOnManifold16) {
  const auto path = lehr::test::shared_data("deis/manifold16.json");
  if (path.empty()) GTEST_SKIP() << "the shared data are not here";
  const ChainCase c(read_mixture(path));
  EXPECT_LE(expect_quality(c), mean_mode_error_of_truth(c, 5000) + 0.03);
}

// 2. Mixing: 300 chains that start in one mode of 32; the errors of the mode masses of the starts and after each 20 sweeps.
std::vector<double> mixing(const ChainCase& c, DenoisingMcmcOptions options, int outputs) {
  options.chains = 300, options.skip = 20, options.outputs = outputs,
  options.burn_in = options.burn_in_large = 0, options.start_noise = 0;
  MatrixXd starts(16, 300);
  for (Index i = 0; i < 300; ++i) {
    Stream random(Seed{9}, 1, static_cast<std::uint64_t>(i));
    for (Index j = 0; j < 16; ++j) starts(j, i) = c.mixture.means(j, 0) + 0.05 * normal(random);
  }
  const DenoisingMcmc method = c.method(options, {starts, {}});
  const auto result = run(method, outputs);
  const MatrixXd x = method.samples(result.state);
  std::vector<double> errors = {c.mode_error(starts)};
  for (int i = 0; i < outputs; ++i) errors.push_back(c.mode_error(x.middleCols(300 * i, 300)));
  return errors;
}

// The error of 300 true points is 0.13, their deviation over seeds 0.015.
void expect_mixing(const ChainCase& c, bool slow_step) {
  DenoisingMcmcOptions options = grid_from_zero();
  options.eta = 0.3;
  const std::vector<double> fast = mixing(c, options, 4);
  EXPECT_GE(fast.front(), 0.85);
  EXPECT_LE(fast.back(), c.mode_error(c.truth(300, 6)) + 0.06);
  // Langevin's algorithm at one level stays where it is.
  options.levels = 1, options.sigma_max = 0.05, options.eta = 0.0025;
  for (const double error : mixing(c, options, slow_step ? 10 : 4)) EXPECT_GE(error, 0.8);
  if (!slow_step) return;
  options = grid_from_zero();
  options.eta = 0.05;
  const std::vector<double> slow = mixing(c, options, 10);
  EXPECT_GE(slow[1], 0.8);
  EXPECT_LE(slow[10], 0.3);
  EXPECT_GT(slow[1], slow[4]);
  EXPECT_GT(slow[4], slow[10]);
}

TEST(DenoisingMcmc, Mixing) { expect_mixing(ChainCase(), false); }
TEST(DenoisingMcmcSlow, Mixing) { expect_mixing(ChainCase(), true); }
TEST(DenoisingMcmcSlow, MixingOnManifold16) {
  const auto path = lehr::test::shared_data("deis/manifold16.json");
  if (path.empty()) GTEST_SKIP() << "the shared data are not here";
  expect_mixing(ChainCase(read_mixture(path)), true);
}

// 3. Stationarity: from the exact joint law, 20 sweeps, the levels of 800 chains against the uniform law; Kolmogorov and Smirnov's 5 % point is
// 0.048. Metropolis' correction keeps the law; the uncorrected constant step lifts the chains.
void expect_stationarity(const ChainCase& c, const std::vector<double>& kappas) {
  DenoisingMcmcOptions options = grid_from_zero();
  options.chains = 800, options.skip = 20, options.outputs = 1, options.burn_in = options.burn_in_large = 0;
  options.variant = "dmala", options.data_variance = 0.0025;
  for (const double kappa : kappas) {
    options.kappa = kappa;
    const auto result = run(c.method(options, c.joint(options, 3)), 1);
    EXPECT_LE(uniform_distance(result.state.levels, 60), 0.08) << kappa;
    EXPECT_NEAR(static_cast<double>(result.state.accepted) / static_cast<double>(result.state.proposed),
                kappa < 0.5 ? 0.94 : 0.82, 0.03);
  }
  options.variant = "dlg", options.eta = 0.05;
  const auto result = run(c.method(options, c.joint(options, 3)), 1);
  EXPECT_GE(uniform_distance(result.state.levels, 60), 0.25);
  EXPECT_GT(mean_level(result.state.levels), 29.5 + 5);
}

TEST(DenoisingMcmc, Stationarity) { expect_stationarity(ChainCase(), {0.3, 0.6}); }
TEST(DenoisingMcmc, StationarityOnManifold16) {
  const auto path = lehr::test::shared_data("deis/manifold16.json");
  if (path.empty()) GTEST_SKIP() << "the shared data are not here";
  expect_stationarity(ChainCase(read_mixture(path)), {0.3, 0.6});
}

// 5. Every integrator gains from the chains at 12 calls; from noise kar1 and kar2 take 13.
void expect_gain(const ChainCase& c, const std::vector<std::string>& integrators) {
  for (const std::string& name : integrators) {
    DenoisingMcmcOptions options = grid_from_zero();
    options.eta = 0.02, options.denoise = 9, options.integrator = name;
    const DenoisingMcmc method = c.method(options);
    const MatrixXd x = method.samples(run(method, 5).state);
    EXPECT_LE(c.distance(x), c.distance(c.from_noise(name, calls_at_least(name, 12), 5000))) << name;
  }
}

TEST(DenoisingMcmc, StochasticIntegratorsGain) { expect_gain(ChainCase(), {"reverse_diffusion", "kar1"}); }
TEST(DenoisingMcmcSlow, AllIntegratorsGain) {
  expect_gain(ChainCase(),
              {"kar1", "kar2", "reverse_diffusion", "euler_maruyama", "ancestral", "langevin_pc"});
}
TEST(DenoisingMcmcSlow, AllIntegratorsGainOnManifold16) {
  const auto path = lehr::test::shared_data("deis/manifold16.json");
  if (path.empty()) GTEST_SKIP() << "the shared data are not here";
  expect_gain(ChainCase(read_mixture(path)),
              {"kar1", "kar2", "reverse_diffusion", "euler_maruyama", "ancestral", "langevin_pc"});
}

}  // namespace
}  // namespace lehr::diffusion
