#include "lehr/diffusion/particles/denoising_mcmc.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <numeric>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/mixture_score.hpp"
#include "lehr/diffusion/quality.hpp"
#include "lehr/diffusion/time_grid.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

std::filesystem::path shared_data() {
  const char* const shared = std::getenv("LEHR_SHARED_DATA");
  return shared != nullptr ? shared : "../shared/data";
}

// 32 narrow modes of unequal weights in 16 dimensions.
stats::GaussianMixture many_modes(std::uint64_t seed = 5) {
  stats::GaussianMixture mixture;
  mixture.shape = stats::CovarianceShape::spherical;
  Stream random(Seed{seed}, lane("test.modes"));
  mixture.weights.resize(32), mixture.means.resize(16, 32);
  for (double& w : mixture.weights) w = 0.5 + uniform(random);
  mixture.weights /= mixture.weights.sum();
  for (double& m : mixture.means.reshaped()) m = 0.57 * normal(random);
  mixture.covariances = MatrixXd::Constant(1, 32, 0.0025);
  return mixture;
}

struct Case {
  stats::GaussianMixture mixture;
  Process process = Process::edm(0.01, 20);
  ScoreModel model = mixture_score(mixture, process);

  explicit Case(stats::GaussianMixture m = many_modes()) : mixture(std::move(m)) {}

  DenoisingMcmc method(const DenoisingMcmcOptions& options, const ChainStarts& starts = {}) const {
    return DenoisingMcmc(model, process, exact_conditional(mixture, options.sigma_grid()), options, starts);
  }
  MatrixXd from_noise(const std::string& integrator, std::int64_t calls, Index n, Seed seed = {11}) const {
    return Denoiser(model, process, {.integrator = integrator, .calls = calls})
        .run(prior_points(process, mixture.dimension(), n, seed),
             std::vector<double>(static_cast<std::size_t>(n), 20.0), seed)
        .points;
  }
  MatrixXd truth(Index n, std::uint64_t seed) const {
    return draw_mixture(mixture, n, Seed{seed}, lane("test.truth"));
  }
  double distance(const MatrixXd& x) const { return sliced_wasserstein(x, truth(x.cols(), 71)); }
  double mode_error(const MatrixXd& x) const {
    return total_variation(nearest_mean_shares(x, mixture.means), mixture.weights);
  }
  double width(const MatrixXd& x) const {
    double sum = 0;
    for (Index i = 0; i < x.cols(); ++i)
      sum += (mixture.means.colwise() - x.col(i)).colwise().squaredNorm().minCoeff();
    return std::sqrt(sum / static_cast<double>(x.size()));
  }
  // Draws of the joint law of points and levels.
  ChainStarts joint(const DenoisingMcmcOptions& options, std::uint64_t seed) const {
    const std::vector<double> sigmas = options.sigma_grid();
    ChainStarts starts{truth(options.chains, seed), {}};
    for (Index c = 0; c < options.chains; ++c) {
      Stream random(Seed{seed}, lane("test.joint"), static_cast<std::uint64_t>(c));
      starts.levels.push_back(static_cast<int>(uniform_index(random, options.levels)));
      for (double& value : starts.points.col(c))
        value += sigmas[static_cast<std::size_t>(starts.levels.back())] * normal(random);
    }
    return starts;
  }
};

Run<DenoisingMcmc::State> run(const DenoisingMcmc& method, std::int64_t outputs, Seed seed = {1}) {
  return drive(method, Budget::steps(outputs), seed);
}

// Kolmogorov-Smirnov distance of levels from the uniform law on the grid.
double uniform_distance(const std::vector<int>& levels, Index count) {
  std::vector<double> share(static_cast<std::size_t>(count));
  for (const int level : levels)
    share[static_cast<std::size_t>(level)] += 1.0 / static_cast<double>(levels.size());
  double sum = 0, largest = 0;
  for (std::size_t j = 0; j < share.size(); ++j)
    largest = std::max(largest,
                       std::abs((sum += share[j]) - static_cast<double>(j + 1) / static_cast<double>(count)));
  return largest;
}
double mean_level(const std::vector<int>& levels) {
  return std::accumulate(levels.begin(), levels.end(), 0.0) / static_cast<double>(levels.size());
}

DenoisingMcmcOptions grid_from_zero() {
  DenoisingMcmcOptions options;
  options.lowest_level = 0;
  return options;
}

// ---- conditionals ----------------------------------------------------------------------------------------------------------

// Differences of log p_sigma between levels against the density of the noised mixture; the fast path against the general one.
TEST(SigmaConditional, ExactIsTheMixturesDensity) {
  const Case c;
  const std::vector<double> sigmas = geometric_sigma_grid(0.01, 20, 12);
  const Lanes x = (c.truth(37, 3) + 0.3 * c.truth(37, 4)).transpose().array();
  Lanes fast, general, unused;
  exact_conditional(c.mixture, sigmas).evaluate(x, unused, fast);
  density_conditional(c.model, c.process, sigmas).evaluate(x, unused, general);
  for (Index j = 0; j < 12; ++j) {
    const stats::MixtureDensity density(noised(c.mixture, 1, sigmas[static_cast<std::size_t>(j)]));
    const stats::MixtureDensity first(noised(c.mixture, 1, sigmas[0]));
    const Eigen::VectorXd expected = density.log_density({x.matrix().transpose(), {}, {}}) -
                                     first.log_density({x.matrix().transpose(), {}, {}});
    EXPECT_LT((fast.col(j) - fast.col(0) - expected.array()).abs().maxCoeff(), 1e-8);
    EXPECT_LT((general.col(j) - general.col(0) - expected.array()).abs().maxCoeff(), 1e-8);
  }
}

TEST(SigmaConditional, GridsAndErrors) {
  const std::vector<double> grid = geometric_sigma_grid(0.01, 20, 60, 0);
  EXPECT_DOUBLE_EQ(grid.front(), 0.01);
  EXPECT_DOUBLE_EQ(grid.back(), 20);
  EXPECT_GT(geometric_sigma_grid(0.01, 20, 60).front(), 0.01);
  EXPECT_EQ(nearest_level(grid, 20), 59);
  EXPECT_THROW(geometric_sigma_grid(1, 0.5, 10), InvalidInput);
  EXPECT_THROW(check_sigma_grid({0.1, 0.1}), InvalidInput);
  EXPECT_THROW(check_sigma_grid({}), InvalidInput);
  const auto wrong =
      classifier_conditional(grid, [](const Lanes& x, Lanes& out) { out = Lanes::Zero(x.rows(), 3); });
  Lanes x = Lanes::Zero(4, 2), out;
  EXPECT_THROW(wrong.evaluate(x, x, out), InvalidInput);
}

// The residual of a point at a known distance from its clean point is largest where sigma^2 d is that distance squared.
TEST(SigmaConditional, ResidualFindsTheLevel) {
  const std::vector<double> grid = geometric_sigma_grid(0.01, 20, 60);
  const auto residual = residual_conditional(grid);
  const Lanes clean = Lanes::Zero(1, 16);
  for (const int level : {5, 30, 55}) {
    Lanes out;
    residual.evaluate(Lanes::Constant(1, 16, grid[static_cast<std::size_t>(level)]), clean, out);
    Index best = 0;
    out.row(0).maxCoeff(&best);
    EXPECT_EQ(best, level);
  }
}

// A trained classifier's expected sigma is near the exact one's, above the width of the modes.
TEST(SigmaConditional, ClassifierLearnsTheLevels) {
  const Case c;
  const std::vector<double> grid = geometric_sigma_grid(0.01, 20, 24);
  const LevelClassifier network = train_level_classifier(c.truth(2000, 9), grid, {.steps = 1500});
  EXPECT_LT(network.loss, 0.75 * std::log(24.0));
  const auto learned =
      classifier_conditional(grid, [&](const Lanes& x, Lanes& out) { network.logits(x, out); });
  double error = 0;
  int counted = 0;
  for (std::size_t level = 12; level < 24; ++level) {
    Stream random(Seed{2}, level);
    MatrixXd x = c.truth(50, 100 + level);
    for (double& value : x.reshaped()) value += grid[level] * normal(random);
    Lanes out;
    learned.evaluate(x.transpose().array(), {}, out);
    for (Index i = 0; i < 50; ++i) {
      Index best = 0;
      out.row(i).maxCoeff(&best);
      error += std::abs(static_cast<double>(best) - static_cast<double>(level));
      ++counted;
    }
  }
  EXPECT_LT(error / counted, 1.5);  // of 24 levels, a factor 1.39 each
}

// ---- 4. denoising from a level of each point's own ---------------------------------------------------------------------------------

TEST(Denoiser, ColumnsEqualRunsOfTheirOwn) {
  const Case c;
  const std::vector<double> grid = geometric_sigma_grid(0.01, 20, 60);
  std::vector<double> sigmas;
  MatrixXd x = c.truth(40, 8);
  for (Index i = 0; i < 40; ++i) {
    sigmas.push_back(grid[static_cast<std::size_t>((i * 37) % 60)]);
    Stream random(Seed{4}, 1, static_cast<std::uint64_t>(i));
    for (double& value : x.col(i)) value += sigmas.back() * normal(random);
  }
  const Denoiser denoiser(c.model, c.process, {});
  const Denoised all = denoiser.run(x, sigmas, Seed{1});
  double largest = 0;
  for (Index i = 0; i < 40; ++i) {
    const Plan plan = karras_plan(
        c.process,
        TimeGrid::parse("rho(7)").times(c.process.between(0.01, sigmas[static_cast<std::size_t>(i)]), 3),
        true);
    const MatrixXd one = follow(plan, c.model, c.process, x.col(i));
    largest = std::max(largest, (one - all.points.col(i)).cwiseAbs().maxCoeff());
  }
  EXPECT_LE(largest, 1e-12);
  EXPECT_EQ(all.calls, 40 * 7);
}

// Order 2 in 1 / N from three levels at once, on the three modes of data/deis/wide3.
TEST(Denoiser, KarrasConvergesToOrderTwo) {
  const Case c(mixture_from_json(
      parse_json(
          R"json({"weights":[0.5,0.3,0.2],"means":[[1.5,1.5],[-1.2,1.0],[0.3,-1.6]],"variances":[0.25,0.16,0.09]})json",
          "wide3"),
      "wide3"));
  const std::vector<double> from = {0.5, 2, 20};
  std::vector<double> sigmas;
  MatrixXd x = c.truth(300, 8);
  for (Index i = 0; i < 300; ++i) {
    sigmas.push_back(from[static_cast<std::size_t>(i % 3)]);
    Stream random(Seed{4}, 1, static_cast<std::uint64_t>(i));
    for (double& value : x.col(i)) value += sigmas.back() * normal(random);
  }
  const auto ends = [&](std::int64_t steps) {
    return Denoiser(c.model, c.process, {.integrator = "kar1", .calls = 2 * steps + 1})
        .run(x, sigmas, Seed{1})
        .points;
  };
  const MatrixXd reference = ends(4000);
  const auto error = [&](std::int64_t steps) {
    return std::sqrt((ends(steps) - reference).colwise().squaredNorm().mean());
  };
  EXPECT_GE(std::log2(error(80) / error(160)), 1.7);
  // The tolerance of ode45 is met where Karras' fine solve ends, which took 20 times as many calls.
  const Denoised adaptive = Denoiser(c.model, c.process, {.integrator = "ode45"}).run(x, sigmas, Seed{1});
  EXPECT_LT(std::sqrt((adaptive.points - reference).colwise().squaredNorm().mean()), 1e-3);
  EXPECT_LT(adaptive.calls, 300 * 400);
}

// One standard normal coordinate: all integrators with many calls give its law. 4000 points: error of a deviation 0.011.
TEST(Denoiser, AllIntegratorsGiveTheLaw) {
  const Case c(mixture_from_json(
      parse_json(R"json({"weights":[1],"means":[[0.5]],"variances":[1]})json", "one"), "one"));
  for (const std::string& name : denoising_integrators()) {
    const MatrixXd x = c.from_noise(name, calls_at_least(name, 150), 4000);
    const double mean = x.mean(), deviation = std::sqrt((x.array() - mean).square().mean());
    EXPECT_NEAR(mean, 0.5, 0.06) << name;
    EXPECT_NEAR(deviation, 1, name == "langevin_pc" ? 0.1 : 0.06) << name;
  }
}

TEST(Denoiser, Errors) {
  const Case c;
  EXPECT_THROW(Denoiser(c.model, c.process, {.integrator = "kar3"}), InvalidInput);
  EXPECT_THROW(Denoiser(c.model, c.process, {.calls = 6}), InvalidInput);
  EXPECT_THROW(Denoiser(c.model, Process::vp_linear(), {}), InvalidInput);
}

// A variance-preserving model in sigma coordinates is the variance-exploding one: noise and log density.
TEST(Denoiser, ConvertedModelsAreTheSame) {
  const Case c;
  const ScoreModel converted =
      in_sigma_coordinates(mixture_score(c.mixture, Process::vp_linear()), Process::vp_linear());
  const Lanes x = c.truth(16, 3).transpose().array() + 0.2;
  for (const double sigma : {0.02, 0.5, 10.0}) {
    Lanes a(16, 16), b(16, 16);
    Eigen::ArrayXd p(16), q(16);
    c.model.density_at(sigma)(x, a, p);
    converted.density_at(sigma)(x, b, q);
    EXPECT_LT((a - b).abs().maxCoeff(), 1e-9);
    EXPECT_LT((p - q).abs().maxCoeff(), 1e-7);
  }
}

// ---- the method ---------------------------------------------------------------------------------------------------------------

DenoisingMcmcOptions small_options() {
  DenoisingMcmcOptions options;
  options.chains = 70, options.outputs = 4, options.levels = 20, options.eta = 0.02;
  return options;
}

TEST(DenoisingMcmc, CountsCallsAndDoesNotDependOnThreads) {
  const Case c;
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
  const Case c;
  DenoisingMcmcOptions options = small_options();
  options.eta = Schedule::parse("linear(from=0.1, to=0.02)");
  options.prior = "flat_histogram", options.integrator = "reverse_diffusion", options.tweedie = 0.01;
  const DenoisingMcmc method = c.method(options);
  const auto whole = run(method, 4);
  const auto path =
      std::filesystem::temp_directory_path() / ("dmcmc_resume_" + std::to_string(getpid()) + ".safetensors");
  Observers observers;
  observers.checkpoints = {.path = path, .every_steps = 1};
  std::atomic<bool> stop = false;
  observers.interrupted = &stop;
  observers.list.push_back(
      {[&](const Moment& now, const Row&) { return stop = now.step == 1, now.step + 1; }, {}});
  const auto part = drive(method, Budget::steps(4), Seed{1}, observers);
  ASSERT_EQ(part.why, Stop::interrupted);
  stop = false, observers.list.clear();
  const auto rest = drive(method, Budget::steps(4), Seed{1}, observers);
  std::filesystem::remove(path);
  EXPECT_EQ(rest.state.outputs, whole.state.outputs);
  EXPECT_EQ(rest.state.trace, whole.state.trace);
  EXPECT_EQ(rest.state.log_prior, whole.state.log_prior);
}

TEST(DenoisingMcmc, Errors) {
  const Case c;
  const auto message = [&](DenoisingMcmcOptions options, ChainStarts starts = {}) -> std::string {
    try {
      c.method(options, starts);
    } catch (const InvalidInput& error) {
      return error.what();
    }
    return "";
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

// 1. Quality per call: 5000 samples at 10 calls (eta 0.02, 3 sweeps, kar1 with 7) against kar1 from noise. Sliced W2 between two true samples
// is 0.03 (spread over seeds 0.005). Returns the error of the mode masses.
double expect_quality(const Case& c) {
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
  return c.mode_error(x);
}

// Outputs of one chain are alike, so that the masses are as uncertain as those of 1000 independent points, one for each chain.
TEST(DenoisingMcmc, QualityPerCall) {
  const Case c;
  EXPECT_LE(expect_quality(c), c.mode_error(c.truth(1000, 5)) + 0.03);
}

TEST(DenoisingMcmc, QualityPerCallOnManifold16) {
  const auto path = shared_data() / "deis/manifold16.json";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  const Case c(read_mixture(path));
  EXPECT_LE(expect_quality(c), c.mode_error(c.truth(5000, 5)) + 0.03);
}

// 2. Mixing: 300 chains that start in one mode of 32; the errors of the mode masses of the starts and after each 20 sweeps.
std::vector<double> mixing(const Case& c, DenoisingMcmcOptions options, int outputs) {
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
void expect_mixing(const Case& c, bool slow_step) {
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

TEST(DenoisingMcmc, Mixing) { expect_mixing(Case(), false); }
TEST(DenoisingMcmcSlow, Mixing) { expect_mixing(Case(), true); }
TEST(DenoisingMcmcSlow, MixingOnManifold16) {
  const auto path = shared_data() / "deis/manifold16.json";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  expect_mixing(Case(read_mixture(path)), true);
}

// 3. Stationarity: from the exact joint law, 20 sweeps, the levels of 800 chains against the uniform law; Kolmogorov and Smirnov's 5 % point is
// 0.048. Metropolis' correction keeps the law; the uncorrected constant step lifts the chains.
void expect_stationarity(const Case& c, const std::vector<double>& kappas) {
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

TEST(DenoisingMcmc, Stationarity) { expect_stationarity(Case(), {0.3, 0.6}); }
TEST(DenoisingMcmc, StationarityOnManifold16) {
  const auto path = shared_data() / "deis/manifold16.json";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  expect_stationarity(Case(read_mixture(path)), {0.3, 0.6});
}

// Without a density, the acceptance by the score's line integral is approximate but does not lose the law in 20 sweeps.
TEST(DenoisingMcmc, LineIntegralKeepsTheLaw) {
  Case c;
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
  const Case c;
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
  const Case c;
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

// 5. Every integrator gains from the chains at 12 calls; from noise kar1 and kar2 take 13.
void expect_gain(const Case& c, const std::vector<std::string>& integrators) {
  for (const std::string& name : integrators) {
    DenoisingMcmcOptions options = grid_from_zero();
    options.eta = 0.02, options.denoise = 9, options.integrator = name;
    const DenoisingMcmc method = c.method(options);
    const MatrixXd x = method.samples(run(method, 5).state);
    EXPECT_LE(c.distance(x), c.distance(c.from_noise(name, calls_at_least(name, 12), 5000))) << name;
  }
}

TEST(DenoisingMcmc, StochasticIntegratorsGain) { expect_gain(Case(), {"reverse_diffusion", "kar1"}); }
TEST(DenoisingMcmcSlow, AllIntegratorsGain) {
  expect_gain(Case(), {"kar1", "kar2", "reverse_diffusion", "euler_maruyama", "ancestral", "langevin_pc"});
}
TEST(DenoisingMcmcSlow, AllIntegratorsGainOnManifold16) {
  const auto path = shared_data() / "deis/manifold16.json";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  expect_gain(Case(read_mixture(path)),
              {"kar1", "kar2", "reverse_diffusion", "euler_maruyama", "ancestral", "langevin_pc"});
}

}  // namespace
}  // namespace lehr::diffusion
