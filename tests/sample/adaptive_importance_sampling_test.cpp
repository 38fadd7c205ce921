#include "lehr/sample/adaptive_importance_sampling.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/sample/mixture_weights.hpp"
#include "lehr/sample/monte_carlo.hpp"
#include "lehr/stats/summary.hpp"
#include "tests/core/reproducible.hpp"
#include "tests/core/test_files.hpp"
#include "tests/sample/expectation_cases.hpp"

namespace lehr::sample {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using test::message_of;

AdaptiveImportanceOptions given_weights(const VectorXd& truth, std::int64_t budget) {
  AdaptiveImportanceOptions options;
  options.budget = budget;
  options.weights = "given";
  options.weight_values = cases::relative_weights(truth);
  return options;
}

Run<AdaptiveImportanceState> run_of(const AdaptiveImportanceSampling& method, std::uint64_t seed) {
  return drive(method, {}, Seed{seed});
}

// ---- the estimator and its optimum

// E e^(a X) of X ~ N(0, 1) for two values of a: the optimal components are N(a, 1), and beta = I = e^(a^2 /
// 2).
TEST(ControlVariateEstimator, IsExactAtTheOptimumForAnyMixture) {
  const VectorXd a{{0.7, -1.3}};
  const ForwardModel model = pointwise_model({"x"}, {"first", "second"}, [&](const auto& x, auto y) {
    y[0] = std::exp(a[0] * x[0]), y[1] = std::exp(a[1] * x[0]);
  });
  const ExpectationProblem problem = expectations_under(model, Law({{"x", Marginal::normal(0, 1)}}));
  for (const double share : {0.01, 0.4, 0.9}) {
    Proposal proposal;
    proposal.defensive = 0;
    proposal.alpha = VectorXd{{share, 1 - share}};
    proposal.beta = (a.array().square() / 2).exp();
    for (const double center : a)
      proposal.components.emplace_back(MultivariateNormal(VectorXd{{center}}, MatrixXd{{1.0}}));

    std::int64_t spent = 0;
    const Moment now{.seed = Seed{1}, .evaluations = &spent};
    const MatrixXd points = proposal.sample(problem, now, 200);
    const MatrixXd log_laws = problem.log_laws(points), log_g = proposal.log_components(points);
    const VectorXd log_q = proposal.log_density(log_g, log_laws.col(0));
    const MatrixXd values =
        IntegrandParts(problem, SignRule::absolute).values(problem.evaluate(points), log_laws, log_q);
    const MatrixXd controls = proposal.control_variates(log_g, log_q);
    for (Index i = 0; i < 200; ++i)
      for (Index j = 0; j < 2; ++j) {
        const double estimate = values(i, j) - proposal.beta[j] * controls(i, j) + proposal.beta[j];
        EXPECT_NEAR(estimate / proposal.beta[j], 1, 1e-12);
      }
  }
}

TEST(MixtureWeights, ReachTheMinimumOfTheVariance) {
  // Three normal components; the cost of the second moment of f = N(0, 1) times x^2, on a grid of points of h
  // = N(0, 4).
  constexpr Index n = 4000;
  MatrixXd ratios(n, 3);
  VectorXd costs(n);
  const double centers[3] = {-1.5, 1.5, 6};
  for (Index i = 0; i < n; ++i) {
    const double x = -8 + 16 * (double(i) + 0.5) / n, h = std::exp(-x * x / 8) / 2;
    for (Index j = 0; j < 3; ++j) ratios(i, j) = std::exp(-0.5 * std::pow(x - centers[j], 2)) / h;
    costs[i] = h * std::pow(x * x * std::exp(-x * x / 2) / h, 2);  // weighted as a point of h
  }
  const auto value = [&](const VectorXd& alpha) { return (costs.array() / (ratios * alpha).array()).sum(); };
  const MixtureWeights found = optimal_mixture_weights(
      ratios, VectorXd::Zero(n), costs, VectorXd::Constant(3, 1.0 / 3), {.iterations = 5000, .gap = 1e-7});
  EXPECT_NEAR(found.alpha.sum(), 1, 1e-14);
  EXPECT_LE(found.gap, 1e-3);
  EXPECT_NEAR(found.alpha[0], found.alpha[1], 1e-5);  // by symmetry
  double best = std::numeric_limits<double>::infinity();
  for (int a = 1; a < 200; ++a)
    for (int b = 1; a + b < 200; ++b)
      best = std::min(best, value(VectorXd{{a / 200.0, b / 200.0, 1 - (a + b) / 200.0}}));
  EXPECT_LE(value(found.alpha), best);
  EXPECT_GT(value(found.alpha), best * (1 - 1e-2));  // the grid's spacing
}

TEST(MixtureWeights, EveryStepLowersTheVariance) {
  const MatrixXd ratios = (MatrixXd::Random(500, 4).array() * 3).exp();
  const VectorXd costs = (VectorXd::Random(500).array() * 2).exp(), fixed = VectorXd::Constant(500, 0.05);
  VectorXd alpha = VectorXd::Constant(4, 0.25);
  double before = std::numeric_limits<double>::infinity();
  for (int k = 0; k < 50; ++k) {
    const double now = (costs.array() / (ratios * alpha + fixed).array()).sum();
    EXPECT_LE(now, before * (1 + 1e-12));
    before = now;
    alpha = optimal_mixture_weights(ratios, fixed, costs, alpha, {.iterations = 1, .gap = 0}).alpha;
  }
}

TEST(MixtureWeights, AComponentThatReachesNothingGetsNothing) {
  const MatrixXd ratios{{1.0, 0.0}, {2.0, 0.0}};
  EXPECT_EQ(optimal_mixture_weights(ratios, VectorXd::Zero(2), VectorXd::Ones(2), VectorXd{{0.5, 0.5}}).alpha,
            (VectorXd{{1, 0}}));
}

// ---- many moments of a normal variable (the first acceptance experiment)

struct Repeats {
  MatrixXd values, reported,
      without;  // J x seeds: estimates, their reported variances, those without control variates
  std::vector<std::int64_t> batches;
};

Repeats repeat(const AdaptiveImportanceSampling& method, Index J, int seeds) {
  Repeats repeats{MatrixXd(J, seeds), MatrixXd(J, seeds), MatrixXd(J, seeds), {}};
  for (int s = 0; s < seeds; ++s) {
    const auto run = run_of(method, std::uint64_t(s + 1));
    const ExpectationEstimate estimate = method.estimate(run.state);
    repeats.values.col(s) = estimate.values;
    repeats.reported.col(s) = estimate.covariance.diagonal();
    repeats.without.col(s) = method.estimate_without_control_variates(run.state).covariance.diagonal();
    repeats.batches.push_back(std::int64_t(run.state.draws.size()));
    EXPECT_EQ(run.used.evaluations, method.points());
    EXPECT_EQ(run.state.points.cols(), method.points());
  }
  return repeats;
}

TEST(AdaptiveImportanceSampling, TenMomentsAsInThePaper) {
  constexpr int seeds = 100;
  const ExpectationProblem problem = cases::moment_problem(10);
  const VectorXd truth = cases::even_moments(10), moments = cases::even_moments(20);
  const AdaptiveImportanceOptions options = given_weights(truth, 20'000);
  const Eigen::Map<const VectorXd> weights(options.weight_values.data(), 10);
  const Repeats runs = repeat(AdaptiveImportanceSampling(problem, options), 10, seeds);

  double monte_carlo = 0;  // sum_j w_j Var of 20000 draws from N(0, 1)
  for (Index j = 0; j < 10; ++j) monte_carlo += (moments[2 * j + 1] / (truth[j] * truth[j]) - 1) / 20'000;
  EXPECT_NEAR(monte_carlo, 49.752, 1e-3);
  const double variance = weights.dot(column_variances(runs.values.transpose()));
  RecordProperty("weighted_variance", std::to_string(variance));
  EXPECT_LE(variance, 0.0024);
  EXPECT_GE(monte_carlo / variance, 1e4);
  const double gain =
      weights.dot(runs.without.rowwise().mean()) / weights.dot(runs.reported.rowwise().mean());
  RecordProperty("gain", std::to_string(gain));
  EXPECT_GE(gain, 1.03);
  for (Index j = 0; j < 10; ++j) {
    const VectorXd relative = runs.values.row(j).transpose() / truth[j];
    const double deviation = std::sqrt(column_variances(relative)[0]);
    EXPECT_LE(deviation, 0.022) << j;
    EXPECT_LE(std::abs(relative.mean() - 1), 4 * deviation / std::sqrt(seeds)) << j;
    const double honesty = runs.reported.row(j).mean() / column_variances(runs.values.row(j).transpose())[0];
    EXPECT_GE(honesty, 0.6) << j;
    EXPECT_LE(honesty, 1.5) << j;
  }
  const auto in_three_to_five = std::ranges::count_if(runs.batches, [](auto b) { return b >= 3 && b <= 5; });
  EXPECT_GE(in_three_to_five, 95);
}

TEST(AdaptiveImportanceSampling, MixtureComponentsPlaceBothModes) {
  const ExpectationProblem problem = cases::moment_problem(10);
  const VectorXd truth = cases::even_moments(10);
  AdaptiveImportanceOptions options = given_weights(truth, 20'000);
  options.fit = "gm";
  const Eigen::Map<const VectorXd> weights(options.weight_values.data(), 10);
  const AdaptiveImportanceSampling method(problem, options);
  const auto run = run_of(method, 1);
  const auto& highest =
      run.state.proposals.back().components.back().components();  // of x^20: modes +- sqrt(20)
  ASSERT_EQ(highest.size(), 2u);
  EXPECT_LT(highest[0].mean()[0] * highest[1].mean()[0], 0);
  EXPECT_NEAR(std::abs(highest[0].mean()[0]), std::sqrt(20.0), 0.5);

  const Repeats runs = repeat(method, 10, 10);
  const MatrixXd errors = runs.values.colwise() - truth;
  EXPECT_LT(weights.dot(errors.cwiseAbs2().rowwise().mean()), 1e-4);  // one normal law each: 1.5e-3
  EXPECT_LT((errors.array() / runs.reported.array().sqrt()).abs().maxCoeff(), 4.5);
}

// ---- the run

TEST(AdaptiveImportanceSampling, KktGapIsBelowOnePerThousand) {
  const ExpectationProblem problem = cases::moment_problem(4);
  const AdaptiveImportanceSampling method(problem, given_weights(cases::even_moments(4), 4000));
  std::vector<double> gaps;
  Observers observers;
  observers.list.push_back(
      trace([&](const Moment&, const Row& row) { gaps.push_back(*row.find("kkt_gap")); }));
  drive(method, {}, Seed{2}, observers);
  ASSERT_GE(gaps.size(), 3u);
  EXPECT_LE(*std::ranges::max_element(gaps), 1e-3);
}

TEST(AdaptiveImportanceSampling, RunsAreEqualAtAnyThreadsAndAfterAnyResume) {
  const ExpectationProblem moments = cases::moment_problem(3);
  AdaptiveImportanceOptions options = given_weights(cases::even_moments(3), 3000);
  options.fit = "gm";
  options.defensive = 0.1;
  for (const std::int64_t stop : {1, 2, 4, 6})
    test::expect_reproducible(AdaptiveImportanceSampling(moments, options), 30, stop);

  const ExpectationProblem laws =
      expectations_under(cases::beam_model(), design_laws(cases::beam_laws(), 5, Seed{1}).laws);
  AdaptiveImportanceOptions absolute;
  absolute.budget = 4000;
  absolute.weights = "abs";
  test::expect_reproducible(AdaptiveImportanceSampling(laws, absolute), 30, 3);
}

TEST(AdaptiveImportanceSampling, ACheckpointOfAnotherProblemIsRefused) {
  const ExpectationProblem problem = cases::moment_problem(3), other = cases::moment_problem(4);
  const test::TemporaryFolder folder;
  Observers observers;
  observers.checkpoints.path = folder / "state.safetensors";
  drive(AdaptiveImportanceSampling(problem), Budget::steps(3), Seed{5}, observers);
  EXPECT_THROW(drive(AdaptiveImportanceSampling(other), {}, Seed{5}, observers), InvalidInput);
}

TEST(AdaptiveImportanceSampling, IntervalsCoverTheTruth) {
  // 95 % intervals of 1000 runs for E X^2 and E X^4.
  const ExpectationProblem problem = cases::moment_problem(2);
  const VectorXd truth = cases::even_moments(2);
  AdaptiveImportanceOptions options;
  options.budget = 2400;
  const AdaptiveImportanceSampling method(problem, options);
  int covered[2] = {0, 0};
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    const ExpectationEstimate estimate = method.estimate(run_of(method, seed).state);
    for (Index j = 0; j < 2; ++j) covered[j] += estimate.interval(j).contains(truth[j]);
  }
  for (const int count : covered) {
    EXPECT_GE(count, 930);
    EXPECT_LE(count, 970);
  }
}

TEST(AdaptiveImportanceSampling, FindsARareEvent) {
  // P(x + y > 6 sqrt(2)) = 1e-9 is out of reach of the first batch: a wide start law reaches it.
  const ForwardModel model = pointwise_model({"x", "y"}, {"failure"}, [](const auto& x, auto y) {
    y[0] = x[0] + x[1] > 6 * std::sqrt(2.0) ? 1 : 0;
  });
  const Law law({{"x", Marginal::normal(0, 1)}, {"y", Marginal::normal(0, 1)}});
  ExpectationProblem problem = expectations_under(model, law);
  AdaptiveImportanceOptions options;
  options.budget = 10'000;
  EXPECT_NE(message_of<InvalidInput>([&] {
              run_of(AdaptiveImportanceSampling(problem, options), 1);
            }).find("'failure' sees no mass"),
            std::string::npos);
  problem.start =
      in_standard_space(law, Law({{"x", Marginal::normal(0, 4)}, {"y", Marginal::normal(0, 4)}}).density());
  const AdaptiveImportanceSampling method(problem, options);
  const ExpectationEstimate estimate = method.estimate(run_of(method, 1).state);
  const double truth = 0.5 * std::erfc(6 / std::sqrt(2.0)), error = estimate.standard_errors()[0];
  EXPECT_LT(error / truth, 0.05);
  EXPECT_NEAR(estimate.values[0], truth, 4 * error);
}

TEST(AdaptiveImportanceSampling, SignedFunctionsByEitherRule) {
  // E X^3 = 3 a + a^3 and E X = a for X ~ N(a, 1), a = 0.3: both signs carry mass.
  const ForwardModel model = pointwise_model(
      {"x"}, {"third", "first"}, [](const auto& x, auto y) { y[0] = x[0] * x[0] * x[0], y[1] = x[0]; });
  const ExpectationProblem problem = expectations_under(model, Law({{"x", Marginal::normal(0.3, 1)}}));
  const VectorXd truth{{0.9 + 0.027, 0.3}};
  double errors[2];
  for (const std::string rule : {"absolute", "split"}) {
    AdaptiveImportanceOptions options;
    options.budget = 20'000;
    options.sign = rule;
    options.weights = "abs";
    const AdaptiveImportanceSampling method(problem, options);
    const ExpectationEstimate estimate = method.estimate(run_of(method, 1).state);
    for (Index j = 0; j < 2; ++j)
      EXPECT_NEAR(estimate.values[j], truth[j], 4 * estimate.standard_errors()[j]) << rule;
    errors[rule == "split"] = estimate.standard_errors()[0];
  }
  EXPECT_LT(errors[1], errors[0]);
  AdaptiveImportanceOptions options;
  options.sign = "forbid";
  EXPECT_THROW(run_of(AdaptiveImportanceSampling(problem, options), 1), InvalidInput);
}

TEST(AdaptiveImportanceSampling, DefensiveShareBoundsTheWeights) {
  const ExpectationProblem problem = cases::moment_problem(10);
  AdaptiveImportanceOptions options = given_weights(cases::even_moments(10), 10'000);
  options.defensive = 0.2;
  options.keep = "last";
  const AdaptiveImportanceSampling method(problem, options);
  const auto run = run_of(method, 1);
  const VectorXd log_ratio = problem.log_laws(run.state.points).col(0) - method.log_densities(run.state).kept;
  EXPECT_LE(std::exp(log_ratio.maxCoeff()), 1 / 0.2 * (1 + 1e-12));
}

TEST(AdaptiveImportanceSampling, PoolDensityIsThatOfAllDraws) {
  // The mean of 1 / (balance heuristic's density) times any density is 1: here that of the law.
  const ExpectationProblem problem = cases::moment_problem(2);
  const AdaptiveImportanceSampling method(problem, given_weights(cases::even_moments(2), 20'000));
  const auto run = run_of(method, 1);
  const VectorXd ratios =
      (problem.log_laws(run.state.points).col(0) - method.log_densities(run.state).all).array().exp();
  const double error = std::sqrt(column_variances(ratios)[0] / 20'000);
  EXPECT_NEAR(ratios.mean(), 1, 4 * error);
  const Index pool = run.state.log_pool.size();
  std::int64_t draws = 0;
  for (const std::int64_t count : run.state.draws) draws += count;
  EXPECT_EQ(draws, pool);
}

TEST(AdaptiveImportanceSampling, FinalBetaIsCloseToTheBatchBeta) {
  const ExpectationProblem problem = cases::moment_problem(3);
  AdaptiveImportanceOptions options = given_weights(cases::even_moments(3), 10'000);
  const AdaptiveImportanceSampling batch(problem, options);
  options.beta = "final";
  const AdaptiveImportanceSampling last(problem, options);
  const auto run = run_of(batch, 4);
  const ExpectationEstimate a = batch.estimate(run.state), b = last.estimate(run.state);
  for (Index j = 0; j < 3; ++j) {
    EXPECT_NEAR(a.values[j], b.values[j], 2 * a.standard_errors()[j]);
    EXPECT_LE(b.standard_errors()[j], a.standard_errors()[j]);  // least squares over the same points
    EXPECT_GT(batch.estimate_without_control_variates(run.state).standard_errors()[j],
              b.standard_errors()[j]);
  }
}

TEST(AdaptiveImportanceSampling, RefusesInOneLine) {
  const ExpectationProblem problem = cases::moment_problem(10);
  const auto message = [&](const std::function<void(AdaptiveImportanceOptions&)>& change) {
    AdaptiveImportanceOptions options;
    change(options);
    return message_of<InvalidInput>([&] { run_of(AdaptiveImportanceSampling(problem, options), 1); });
  };
  EXPECT_NE(message([](auto& o) { o.budget = 99; }).find("need 100 calls"), std::string::npos);
  EXPECT_NE(message([](auto& o) { o.fit = "gaussian"; }).find("fit"), std::string::npos);
  EXPECT_NE(message([](auto& o) { o.split = 1; }).find("split"), std::string::npos);
  EXPECT_NE(message([](auto& o) { o.weights = "given"; }).find("0 numbers for 10"), std::string::npos);
  EXPECT_NE(message([](auto& o) { o.weights = "w"; }).find("rel, abs, given"), std::string::npos);
  EXPECT_NE(message([](auto& o) { o.batch = 0.0; }).find("batch"), std::string::npos);
  EXPECT_NE(message([](auto& o) { o.defensive = 1.0; }).find("defensive"), std::string::npos);
  EXPECT_THROW(expectations_under(cases::beam_model(), Law({{"x", Marginal::normal(0, 1)}})), InvalidInput);
}

}  // namespace
}  // namespace lehr::sample
