// One model under many laws, its Sobol' indices, baselines and reweighting.
#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/sample/adaptive_importance_sampling.hpp"
#include "lehr/sample/monte_carlo.hpp"
#include "lehr/sample/reweight.hpp"
#include "lehr/sample/sobol_indices.hpp"
#include "tests/core/reproducible.hpp"
#include "tests/core/test_files.hpp"
#include "tests/sample/expectation_cases.hpp"

namespace lehr::sample {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using test::message_of;

AdaptiveImportanceOptions absolute(std::int64_t budget, bool control_variates = true) {
  AdaptiveImportanceOptions options;
  options.budget = budget;
  options.weights = "abs";
  options.control_variates = control_variates;
  return options;
}

// ---- many laws (the second acceptance experiment)

struct Squares {
  double adaptive = 0, without = 0, separate = 0, mixture = 0;  // sums of mean squared errors over the laws
};

// Of a design of laws with this seed, over seeds 1 .. seeds.
Squares squared_errors(Index laws, std::uint64_t design_seed, std::int64_t budget, int seeds) {
  const LawDesign design = design_laws(cases::beam_laws(), laws, Seed{design_seed});
  VectorXd truth(laws);
  for (Index l = 0; l < laws; ++l) truth[l] = cases::mean_deflection(design.laws[std::size_t(l)]);
  const ExpectationProblem problem = expectations_under(cases::beam_model(), design.laws);
  const AdaptiveImportanceSampling adaptive(problem, absolute(budget)),
      without(problem, absolute(budget, false));
  const MonteCarlo separate(problem, budget, MonteCarloDesign::separate);
  const MonteCarlo mixture(problem, budget, MonteCarloDesign::mixture);
  Squares squares;
  for (int s = 1; s <= seeds; ++s) {
    const auto add = [&](const auto& method, double& sum) {
      const auto run = drive(method, {}, Seed{std::uint64_t(s)});
      EXPECT_EQ(run.used.evaluations, budget);
      sum += (method.estimate(run.state).values - truth).squaredNorm() / seeds;
    };
    add(adaptive, squares.adaptive), add(without, squares.without);
    add(separate, squares.separate), add(mixture, squares.mixture);
  }
  return squares;
}

TEST(ManyLaws, ControlVariatesCarryTheBeamUnderFortyLaws) {
  const Squares squares = squared_errors(40, 1, 16'000, 10);
  RecordProperty("separate", std::to_string(squares.separate / squares.adaptive));
  RecordProperty("mixture", std::to_string(squares.mixture / squares.adaptive));
  RecordProperty("without", std::to_string(squares.without / squares.adaptive));
  EXPECT_GE(squares.separate / squares.adaptive, 7);
  EXPECT_GE(squares.mixture / squares.adaptive, 7);
  EXPECT_GE(squares.without / squares.adaptive, 6);
}

TEST(ManyLaws, FewLawsFavourSeparateSamplesOverTheirMixture) {
  // Errors under one design are as good as proportional, so that a run is worth one draw: several designs are
  // needed.
  Squares squares;
  for (std::uint64_t design = 1; design <= 4; ++design) {
    const Squares own = squared_errors(10, design, 10'000, 8);
    squares.adaptive += own.adaptive, squares.separate += own.separate, squares.mixture += own.mixture;
  }
  RecordProperty("separate", std::to_string(squares.separate / squares.adaptive));
  RecordProperty("mixture", std::to_string(squares.mixture / squares.adaptive));
  EXPECT_LT(squares.separate, squares.mixture);
  EXPECT_GE(squares.separate / squares.adaptive, 1.8);
}

TEST(ManyLaws, QuadratureOfTheBeamAgreesWithMonteCarlo) {
  const Law law = design_laws(cases::beam_laws(), 3, Seed{2}).laws[1];
  const MatrixXd y = cases::beam_model().evaluate(law.sample(Stream(Seed{1}, lane("beam")), 200'000));
  EXPECT_NEAR(y.mean(), cases::mean_deflection(law),
              4 * std::sqrt(column_variances(y.transpose())[0] / 200'000));
}

TEST(ManyLaws, PointsOutsideEverySupportAreNotAskedAbout) {
  // A normal proposal for a uniform law leaves its support, where the model has no value.
  const ForwardModel model =
      pointwise_model({"x"}, {"root"}, [](const auto& x, auto y) { y[0] = std::sqrt(x[0]); });
  const ExpectationProblem problem =
      expectations_under(model, std::vector<Law>{Law({{"x", Marginal::uniform(0, 1)}})});
  const AdaptiveImportanceSampling method(problem, absolute(4000));
  const auto run = drive(method, {}, Seed{1});
  const ExpectationEstimate estimate = method.estimate(run.state);
  EXPECT_GT(run.state.outside, 0);
  EXPECT_NEAR(estimate.values[0], 2.0 / 3, 4 * estimate.standard_errors()[0]);
}

TEST(ManyLaws, AUsersLawByCallbacks) {
  // The law with density 2 x on (0, 1), by its logarithm and a sampler.
  const Density law{1,
                    [](const Points& x) {
                      VectorXd values(x.cols());
                      for (Index i = 0; i < x.cols(); ++i)
                        values[i] = x(0, i) > 0 && x(0, i) < 1 ? std::log(2 * x(0, i))
                                                               : -std::numeric_limits<double>::infinity();
                      return values;
                    },
                    [](const Stream& stream, Index n) {
                      return MatrixXd(uniform_numbers(stream, n).cwiseSqrt().transpose());
                    }};
  const ForwardModel model =
      pointwise_model({"x"}, {"cube"}, [](const auto& x, auto y) { y[0] = std::pow(x[0], 3); });
  const ExpectationProblem problem = expectations_under(model, {law});
  const AdaptiveImportanceSampling method(problem, absolute(4000));
  const ExpectationEstimate estimate = method.estimate(drive(method, {}, Seed{1}).state);
  EXPECT_NEAR(estimate.values[0], 0.4, 4 * estimate.standard_errors()[0]);
  EXPECT_LT(estimate.standard_errors()[0], 0.01);
}

// ---- Sobol' indices (the third acceptance experiment)

// Y = exp(sum a_i Z_i): S_i = (e^(a_i^2) - 1) / (e^(sum a^2) - 1), T_i = (1 - e^(-a_i^2)) / (1 - e^(-sum
// a^2)).
const VectorXd slopes{{0.2, 0.3, 0.4, 0.6}};
ForwardModel exponential_model() {
  return pointwise_model({"z1", "z2", "z3", "z4"}, {"y"},
                         [](const auto& z, auto y) { y[0] = std::exp(slopes.dot(z)); });
}
Law four_normals() {
  std::vector<Variable> variables;
  for (const char* name : {"z1", "z2", "z3", "z4"}) variables.push_back({name, Marginal::normal(0, 1)});
  return Law(variables);
}
double first_index(Index i) { return std::expm1(slopes[i] * slopes[i]) / std::expm1(slopes.squaredNorm()); }
double total_index(Index i) { return std::expm1(-slopes[i] * slopes[i]) / std::expm1(-slopes.squaredNorm()); }

TEST(SobolIndices, ExponentialOfASumHasItsAnalyticIndices) {
  constexpr int seeds = 30;
  const SobolOrders orders{.first = true, .total = false};
  const Law law = four_normals();
  const ExpectationProblem problem = sobol_problem(exponential_model(), law, orders);
  EXPECT_EQ(problem.calls_per_point, 5);
  AdaptiveImportanceOptions options;
  options.budget = 5 * 10'000;
  const AdaptiveImportanceSampling adaptive(problem, options);
  const MonteCarlo plain(problem, options.budget, MonteCarloDesign::separate);
  MatrixXd values(4, seeds), reported(4, seeds), plain_values(4, seeds);
  for (int s = 0; s < seeds; ++s) {
    const auto run = drive(adaptive, {}, Seed{std::uint64_t(s + 1)});
    EXPECT_EQ(run.used.evaluations, options.budget);
    const SobolIndices ours = sobol_indices(adaptive.estimate(run.state), law, orders);
    const SobolIndices theirs =
        sobol_indices(plain.estimate(drive(plain, {}, Seed{std::uint64_t(s + 1)}).state), law, orders);
    for (Index i = 0; i < 4; ++i) {
      values(i, s) = ours.first[std::size_t(i)].value;
      reported(i, s) = ours.first[std::size_t(i)].standard_error;
      plain_values(i, s) = theirs.first[std::size_t(i)].value;
    }
  }
  VectorXd truth(4);
  for (Index i = 0; i < 4; ++i) truth[i] = first_index(i);
  EXPECT_TRUE(truth.isApprox(VectorXd{{0.04458, 0.10286, 0.18952, 0.47330}}, 2e-5));
  const double ratio =
      (plain_values.colwise() - truth).squaredNorm() / (values.colwise() - truth).squaredNorm();
  RecordProperty("ratio", std::to_string(ratio));
  EXPECT_GE(ratio, 8);
  for (Index i = 0; i < 4; ++i) {
    const double deviation = std::sqrt(column_variances(values.row(i).transpose())[0]);
    EXPECT_LT(std::abs(values.row(i).mean() - truth[i]) / (deviation / std::sqrt(seeds)), 3.5) << i;
    // 30 repeats know the deviation to 13 %.
    EXPECT_NEAR(reported.row(i).mean() / deviation, 1, 0.45) << i;
  }
}

TEST(SobolIndices, TotalIndicesToo) {
  const SobolOrders orders{.first = false, .total = true};
  const Law law = four_normals();
  const ExpectationProblem problem = sobol_problem(exponential_model(), law, orders);
  AdaptiveImportanceOptions options;
  options.budget = 5 * 10'000;
  const AdaptiveImportanceSampling method(problem, options);
  const SobolIndices indices = sobol_indices(method.estimate(drive(method, {}, Seed{1}).state), law, orders);
  EXPECT_TRUE(indices.first.empty());
  for (Index i = 0; i < 4; ++i) {
    const SobolIndex& index = indices.total[std::size_t(i)];
    EXPECT_NEAR(index.value, total_index(i), 4 * index.standard_error);
    EXPECT_LT(index.standard_error, 0.03);
  }
  EXPECT_NEAR(indices.mean, std::exp(slopes.squaredNorm() / 2), 0.05);
}

TEST(SobolIndices, AShiftLeavesThem) {
  const SobolOrders orders{.first = true, .total = true};
  const Law law = four_normals();
  const ExpectationProblem problem = sobol_problem(exponential_model(), law, orders, 0, 1.4);
  AdaptiveImportanceOptions options;
  options.budget = 9 * 10'000;
  options.weights = "abs";
  const AdaptiveImportanceSampling method(problem, options);
  const SobolIndices indices =
      sobol_indices(method.estimate(drive(method, {}, Seed{1}).state), law, orders, 1.4);
  for (Index i = 0; i < 4; ++i)
    EXPECT_NEAR(indices.first[std::size_t(i)].value, first_index(i),
                4 * indices.first[std::size_t(i)].standard_error);
  EXPECT_NEAR(indices.mean, std::exp(slopes.squaredNorm() / 2), 0.05);
}

TEST(SobolIndices, RefusesInOneLine) {
  const ForwardModel model = exponential_model();
  const Law law = four_normals();
  EXPECT_THROW(sobol_problem(model, law, {.first = false, .total = false}), InvalidInput);
  EXPECT_THROW(sobol_problem(model, law, {}, 3), InvalidInput);
  const Law dependent({{"x", Marginal::normal(0, 1)}, {"y", Marginal::normal(0, 1)}},
                      MatrixXd{{1, 0.5}, {0.5, 1}});
  EXPECT_NE(message_of<InvalidInput>([&] { sobol_problem(model, dependent, {}); }).find("independent"),
            std::string::npos);
  const ExpectationEstimate constant{{}, VectorXd::Ones(6), MatrixXd::Zero(6, 6), 10};
  EXPECT_THROW(sobol_indices(constant, law, {}), NumericalFailure);
}

// ---- Monte Carlo and reweighting

TEST(MonteCarlo, SeparateSamplesAreUncorrelated) {
  const ExpectationProblem problem =
      expectations_under(cases::beam_model(), design_laws(cases::beam_laws(), 3, Seed{1}).laws);
  const MonteCarlo method(problem, 1000, MonteCarloDesign::separate);
  const auto run = drive(method, {}, Seed{1});
  const ExpectationEstimate estimate = method.estimate(run.state);
  EXPECT_EQ(run.used.evaluations, 1000);
  EXPECT_EQ(estimate.points, 333);
  EXPECT_EQ(estimate.covariance(0, 1), 0);
  EXPECT_GT(estimate.covariance(1, 1), 0);
  EXPECT_THROW(MonteCarlo(problem, 5, MonteCarloDesign::separate), InvalidInput);
}

TEST(MonteCarlo, RunsAreEqualAtAnyThreadsAndAfterAnyResume) {
  const ExpectationProblem problem =
      expectations_under(cases::beam_model(), design_laws(cases::beam_laws(), 3, Seed{1}).laws);
  for (const MonteCarloDesign design : {MonteCarloDesign::separate, MonteCarloDesign::mixture}) {
    const MonteCarlo method(problem, 1000, design);
    test::expect_reproducible(method, 1000, 7);
    const auto run = drive(method, {}, Seed{2});
    EXPECT_EQ(method.log_densities(run.state).size(), 1000);
  }
}

TEST(Reweight, GivesTheExpectationUnderANewLaw) {
  const Law drawn({{"x", Marginal::normal(0, 1.5)}}), wanted({{"x", Marginal::normal(0.5, 1)}});
  constexpr Index n = 20'000;
  const MatrixXd x = drawn.sample(Stream(Seed{1}, lane("reweight")), n);
  const MatrixXd y = x.array().square().matrix();
  VectorXd log_density = drawn.log_pdf(x);
  const Reweighted plain = reweight(x, y, log_density, wanted.density(), {"square"});
  EXPECT_NEAR(plain.estimate.values[0], 1.25, 4 * plain.estimate.standard_errors()[0]);
  EXPECT_NEAR(plain.mass, 1, 4 * plain.mass_error);
  EXPECT_GT(plain.effective_sample_size, 0.5 * n);
  log_density.array() += 3;  // an unknown constant
  const Reweighted self = reweight(x, y, log_density, wanted.density(), {"square"}, Normalisation::self);
  EXPECT_NEAR(self.estimate.values[0], 1.25, 4 * self.estimate.standard_errors()[0]);
  EXPECT_NEAR(self.largest_share, plain.largest_share, 1e-12);
}

TEST(Reweight, ErrorsAreHonest) {
  // Deviation of 300 repeats against the mean reported one, both forms; known to 4 %.
  const Law drawn({{"x", Marginal::normal(0, 1.5)}}), wanted({{"x", Marginal::normal(0.5, 1)}});
  for (const Normalisation form : {Normalisation::plain, Normalisation::self}) {
    VectorXd values(300), reported(300);
    for (Index r = 0; r < 300; ++r) {
      const MatrixXd x = drawn.sample(Stream(Seed{1}, lane("reweight"), std::uint64_t(r)), 500);
      const Reweighted result =
          reweight(x, x.array().square().matrix(), drawn.log_pdf(x), wanted.density(), {"square"}, form);
      values[r] = result.estimate.values[0];
      reported[r] = result.estimate.standard_errors()[0];
    }
    EXPECT_NEAR(reported.mean() / std::sqrt(column_variances(values)[0]), 1, 0.15);
  }
}

TEST(Reweight, RefusesInOneLine) {
  const Density law = Law({{"x", Marginal::uniform(0, 1)}}).density();
  const MatrixXd x{{0.2, 0.4}};
  EXPECT_THROW(reweight(x, x, VectorXd::Zero(1), law, {"y"}), InvalidInput);
  EXPECT_THROW(reweight(MatrixXd{{0.2}}, MatrixXd{{0.2}}, VectorXd::Zero(1), law, {"y"}), InvalidInput);
  EXPECT_THROW(reweight(x, x, VectorXd{{0, NAN}}, law, {"y"}), InvalidInput);
  EXPECT_THROW(reweight(MatrixXd{{3.0, 4.0}}, x, VectorXd::Zero(2), law, {"y"}), InvalidInput);
  EXPECT_THROW(reweight(MatrixXd::Zero(2, 2), x, VectorXd::Zero(2), law, {"y"}), InvalidInput);
}

}  // namespace
}  // namespace lehr::sample
