// Standard errors say what they should: 95 % intervals of 1000 repeats contain the truth in 93 to 97 % of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>

#include "lehr/core/drive.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/linalg/dense.hpp"
#include "lehr/sample/adaptive_importance_sampling.hpp"
#include "lehr/sample/annealed_smc.hpp"
#include "lehr/sample/basis_text.hpp"
#include "lehr/sample/design.hpp"
#include "lehr/sample/entropic_particle_filter.hpp"
#include "lehr/sample/filter_averages.hpp"
#include "lehr/sample/linear_gaussian.hpp"
#include "lehr/sample/log_weights.hpp"
#include "lehr/sample/random_walk.hpp"
#include "lehr/sample/reference_projection.hpp"
#include "lehr/sample/sobol_indices.hpp"
#include "lehr/sample/state_space_filter.hpp"
#include "lehr/sample/weighted_least_squares.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::sample {
namespace {

constexpr std::int64_t repeats = 1000;

void expect_covering(std::int64_t covered, std::string_view what) {
  EXPECT_GE(covered, 930) << what;
  EXPECT_LE(covered, 970) << what;
}

bool covers(double estimate, double error, double truth) {
  return std::abs(estimate - truth) <= 1.96 * error;
}

LinearGaussian scalar_model(double transition, double variance, double noise) {
  LinearGaussian model;
  model.transition = Eigen::MatrixXd::Constant(1, 1, transition);
  model.transition_covariance = Eigen::MatrixXd::Constant(1, 1, variance);
  model.observation = Eigen::MatrixXd::Ones(1, 1);
  model.observation_covariance = Eigen::MatrixXd::Constant(1, 1, noise);
  model.initial_mean = Eigen::VectorXd::Zero(1);
  model.initial_covariance =
      LinearGaussian::stationary_covariance(model.transition, model.transition_covariance);
  return model;
}

// `lehr sample ssm`: ln of the mean of 20 independent estimates of the likelihood, tempered or not, and the filtered
// means, by Student's t.
TEST(Coverage, StateSpaceModelsByManyRuns) {
  const LinearGaussian model = scalar_model(0.9, 1, 0.5);
  Stream random(Seed{3}, 0);
  const Eigen::MatrixXd y = simulate(model, 8, random).observations;
  const KalmanFilter exact = kalman_filter(model, y);
  const LinearGaussianSeries<1> series(model, y);
  const StateSpaceFilter<LinearGaussianSeries<1>> space(series);
  for (const char* name : {"pf", "epf"}) {
    const EntropicParticleFilter filter(space, space, likelihood_filter(name, 200, 8));
    constexpr std::int64_t runs = 20;
    struct Covered {
      bool likelihood;
      std::array<bool, 8> means;
    };
    const std::vector<Covered> found = parallel_map(repeats, [&](std::int64_t r) {
      std::vector<double> logs;
      FilterAverages averages;
      for (std::int64_t i = 0; i < runs; ++i) {
        const auto seed = static_cast<std::uint64_t>(r * runs + i + 1);
        const auto state = drive(filter, Budget::steps(filter.steps()), Seed{seed}).state;
        logs.push_back(state.course.trace.back().log_evidence), averages.add(state.means);
      }
      const LogMean mean = log_mean_exp(logs);
      const auto covers_by_t = [&](double value, double error, double truth) {
        return stats::t_interval(value, error, runs - 1).contains(truth);
      };
      Covered covered{covers_by_t(mean.value, mean.standard_error, exact.log_likelihood), {}};
      const Eigen::MatrixXd means = averages.means(), errors = averages.mean_errors();
      for (Eigen::Index t = 0; t < 8; ++t)
        covered.means[static_cast<std::size_t>(t)] =
            covers_by_t(means(0, t), errors(0, t), exact.means(0, t));
      return covered;
    });
    expect_covering(std::ranges::count(found, true, &Covered::likelihood), name);
    for (std::size_t t : {0, 3, 7})
      expect_covering(std::ranges::count_if(found, [&](const Covered& c) { return c.means[t]; }),
                      fmt::format("{}: mean at step {}", name, t + 1));
  }
}

// One run of 1000 particles knows the errors of its filtered means and of its likelihood by its families, whether the process forgets
// soon or late.
TEST(Coverage, StateSpaceModelsByOneRun) {
  constexpr std::int64_t steps = 16;
  for (const LinearGaussian& model : {scalar_model(0.9, 1, 0.5), scalar_model(0.98, 0.05, 1)}) {
    Stream random(Seed{3}, 0);
    const Eigen::MatrixXd y = simulate(model, steps, random).observations;
    const KalmanFilter exact = kalman_filter(model, y);
    const LinearGaussianSeries<1> series(model, y);
    const StateSpaceFilter<LinearGaussianSeries<1>> space(series);
    for (const char* scheme : {"multinomial", "systematic"}) {
      ParticleFilterOptions options = likelihood_filter("pf", 1000, steps);
      options.resample = scheme, options.history = false, options.error_lags = 20;
      const EntropicParticleFilter filter(space, space, options);
      const auto found = parallel_map(repeats, [&](std::int64_t r) {
        const auto state = drive(filter, Budget::steps(steps), Seed{static_cast<std::uint64_t>(r + 1)}).state;
        const FilterCourse& course = state.course;
        const double variance = relative_variance(course.probabilities, course.genealogy.family(),
                                                  scheme[0] == 'm' ? course.resamplings : 0);
        const auto mean_covers = [&](std::int64_t t) {
          const FilterMeans& at = state.means[static_cast<std::size_t>(t)];
          return covers(at.means[0], at.errors[0], exact.means(0, t));
        };
        return std::array{
            mean_covers(steps - 5), mean_covers(steps - 1),
            covers(course.trace.back().log_evidence, std::sqrt(variance), exact.log_likelihood)};
      });
      for (std::size_t i = 0; i < 3; ++i)
        expect_covering(std::ranges::count_if(found, [&](const auto& covered) { return covered[i]; }),
                        fmt::format("{}, {}", scheme, i < 2 ? "mean" : "likelihood"));
    }
  }
}

// The evidence of one run of annealed SMC, whose error comes from families.
TEST(Coverage, EvidenceOfAnnealedSmc) {
  const double log_two_pi = std::log(2 * std::numbers::pi);
  AnnealingPrior prior;
  prior.density.dimension = 1;
  prior.density.value = [=](const Eigen::VectorXd& x) { return -0.5 * x.squaredNorm() - 0.5 * log_two_pi; };
  prior.draw = [](Eigen::VectorXd& x, Stream& random) { x(0) = normal(random); };
  LogDensity target{.dimension = 1, .value = {}, .with_gradient = {}};
  target.value = [=](const Eigen::VectorXd& x) {
    return -0.5 * (x(0) - 1) * (x(0) - 1) / 0.25 - 0.5 * log_two_pi - std::log(0.5);
  };
  AnnealedSmcOptions options;
  options.particles = 1000;
  const AnnealedSmc method(prior, target, RandomWalk(1), options);
  std::int64_t covered = 0;
  for (std::uint64_t seed = 1; seed <= repeats; ++seed) {
    const auto state = drive(method, Budget::steps(200), Seed{seed}).state;
    covered += covers(state.steps.back().log_evidence, state.steps.back().log_evidence_error, 0);
  }
  expect_covering(covered, "log evidence");
}

// Y = X_1 + 2 X_2 + X_1 X_2: variance 6, first-order indices 1/6 and 4/6, total ones 2/6 and 5/6.
TEST(Coverage, SobolIndices) {
  const ForwardModel model =
      pointwise_model({"x", "y"}, {"z"}, [](const auto& x, auto z) { z[0] = x[0] + 2 * x[1] + x[0] * x[1]; });
  const Law law({{"x", Marginal::normal(0, 1)}, {"y", Marginal::normal(0, 1)}});
  const SobolOrders orders{.first = true, .total = true};
  const ExpectationProblem problem = sobol_problem(model, law, orders);
  AdaptiveImportanceOptions options;
  options.budget = 30'000;
  options.weights = "abs";
  const AdaptiveImportanceSampling method(problem, options);
  std::array<std::int64_t, 4> covered{};
  for (std::uint64_t seed = 1; seed <= repeats; ++seed) {
    const auto run = drive(method, {}, Seed{seed});
    const SobolIndices indices = sobol_indices(method.estimate(run.state), law, orders);
    covered[0] += covers(indices.first[0].value, indices.first[0].standard_error, 1.0 / 6);
    covered[1] += covers(indices.first[1].value, indices.first[1].standard_error, 4.0 / 6);
    covered[2] += covers(indices.total[0].value, indices.total[0].standard_error, 2.0 / 6);
    covered[3] += covers(indices.total[1].value, indices.total[1].standard_error, 5.0 / 6);
  }
  for (const std::int64_t count : covered) expect_covering(count, "index");
}

// How many of the designs have their fit's true error within 1.96 errors of the leave-one-out error.
std::int64_t covering_designs(const FunctionSpace& space, const ScalarModel& f,
                              const DesignOptions& options) {
  const ReferenceProjection reference = reference_projection(space, f, Seed{1});
  const std::vector<char> inside = parallel_map(repeats, [&](std::int64_t i) {
    const Design design = draw_design(space, options, Seed{21}, static_cast<std::uint64_t>(i));
    const Fit fit =
        weighted_least_squares(space.features(design.points), design.weights, f(design.points).transpose())
            .front();
    return static_cast<char>(
        covers(fit.leave_one_out, fit.leave_one_out_error, reference.error_of(fit.coefficients)));
  });
  return std::ranges::count(inside, 1);
}

// `lehr sample wls`: the leave-one-out error of fits, at 10 runs a function and at 25. Runs of dpp_repeat repel each other, which the
// error does not know: it may be too large there, not too small.
TEST(Coverage, LeaveOneOutErrors) {
  const FunctionSpace plane = parse_basis("legendre:d=2,total=3"), line = parse_basis("legendre:degree=5");
  const ScalarModel exponential = [](const Points& x) -> Eigen::VectorXd {
    return (2 * x.row(0) + x.row(1)).array().exp().transpose();
  };
  const ScalarModel runge = [](const Points& x) -> Eigen::VectorXd {
    return (1 / (1 + 5 * x.row(0).array().square())).transpose();
  };
  for (const char* kind : {"optimal_iid", "volume"}) {
    expect_covering(covering_designs(plane, exponential, {.kind = kind, .n = 100}), kind);
    expect_covering(covering_designs(line, runge, {.kind = kind, .n = 150}), kind);
  }
  EXPECT_GE(covering_designs(plane, exponential, {.kind = "dpp_repeat", .n = 100}), 930);
  EXPECT_GE(covering_designs(line, runge, {.kind = "dpp_repeat", .n = 150}), 930);
}

// `lehr sample compare-designs`: the root mean square error of 200 designs of a kind, as many as it draws by default, against that
// of all 200,000. At 20 runs a function; with 10 the squares' tail is so long that 200 of them do not show it, and 92 to 93 % are covered.
TEST(Coverage, RootMeanSquareErrorsOfDesigns) {
  const FunctionSpace space = parse_basis("legendre:degree=3");
  const ScalarModel f = [](const Points& x) -> Eigen::VectorXd { return x.row(0).array().exp().transpose(); };
  const ReferenceProjection reference = reference_projection(space, f, Seed{1});
  constexpr std::int64_t designs = 200;
  const std::vector<double> squares = parallel_map(repeats * designs, [&](std::int64_t i) {
    const Design design =
        draw_design(space, {.kind = "optimal_iid", .n = 80}, Seed{5}, static_cast<std::uint64_t>(i));
    const Fit fit =
        weighted_least_squares(space.features(design.points), design.weights, f(design.points).transpose())
            .front();
    return std::pow(reference.error_of(fit.coefficients) / reference.best_error, 2);
  });
  const double truth = std::sqrt(stats::mean(squares));
  std::int64_t covered = 0;
  for (auto first = squares.begin(); first != squares.end(); first += designs) {
    const RootMeanSquare found = root_mean_square({first, first + designs});
    covered += covers(found.value, found.error, truth);
  }
  expect_covering(covered, "designs of 20 runs a function");
}

// `lehr sample compare-designs`: the columns trace (of G^-1 over m) and position (mean x^2 of the points), means over the 200 designs of a
// kind that it draws by default. The position of designs of repelling or rescaled runs has a mean of its own, so the truth is that of all
// 200,000 designs. Traces of independent runs are skew: see docs/sample.md.
TEST(Coverage, TracesAndPositionsOfDesigns) {
  const FunctionSpace space = parse_basis("legendre:degree=3");
  constexpr std::int64_t designs = 200;
  for (const char* kind : {"optimal_iid", "volume", "dpp_repeat"}) {
    struct Measured {
      double trace, position;
    };
    const std::vector<Measured> all = parallel_map(repeats * designs, [&](std::int64_t i) {
      const Design design =
          draw_design(space, {.kind = kind, .n = 40}, Seed{7}, static_cast<std::uint64_t>(i));
      const Eigen::MatrixXd gram = empirical_gram(space.features(design.points), design.weights, space.size);
      return Measured{linalg::symmetric_eigenvalues(gram).cwiseInverse().mean(),
                      design.points.row(0).array().square().mean()};
    });
    const auto covered = [&](double Measured::*member) {
      std::vector<double> values;
      for (const Measured& m : all) values.push_back(m.*member);
      const double truth = stats::mean(values);
      std::int64_t count = 0;
      for (auto first = values.begin(); first != values.end(); first += designs) {
        const std::span<const double> own(first, first + designs);
        count += covers(stats::mean(own), stats::standard_error(own), truth);
      }
      return count;
    };
    expect_covering(covered(&Measured::trace), fmt::format("trace of {}", kind));
    expect_covering(covered(&Measured::position), fmt::format("position of {}", kind));
  }
}

// `lehr sample epf --compare`: means over instances that the methods share. Z / Z exact has mean 1 for each of them, and its
// differences mean 0.
TEST(Coverage, MeansAndPairedDifferencesOverInstances) {
  constexpr std::int64_t instances = 50, steps = 4;
  const LinearGaussian model = scalar_model(0.9, 1, 1);
  struct Ratios {
    std::vector<double> pf, epf;
  };
  const auto found = parallel_map(repeats, [&](std::int64_t r) {
    Ratios ratios;
    for (std::int64_t k = 0; k < instances; ++k) {
      const auto number = static_cast<std::uint64_t>(r * instances + k + 1);
      Stream random(Seed{number}, lane("series"));
      const Eigen::MatrixXd y = simulate(model, steps, random).observations;
      const LinearGaussianSeries<1> series(model, y);
      const StateSpaceFilter<LinearGaussianSeries<1>> space(series);
      const double exact = kalman_filter(model, y).log_likelihood;
      for (const char* name : {"pf", "epf"}) {
        const EntropicParticleFilter filter(space, space, likelihood_filter(name, 200, steps));
        const auto state = drive(filter, Budget::steps(steps), Seed{number}).state;
        (name[0] == 'p' ? ratios.pf : ratios.epf)
            .push_back(std::exp(state.course.trace.back().log_evidence - exact));
      }
    }
    return ratios;
  });
  const auto covered_by = [&](auto values, double truth) {
    return std::ranges::count_if(
        found, [&](const Ratios& ratios) { return stats::t_interval(values(ratios), 0.95).contains(truth); });
  };
  expect_covering(covered_by([](const Ratios& r) { return r.pf; }, 1), "pf");
  expect_covering(covered_by([](const Ratios& r) { return r.epf; }, 1), "epf");
  const auto differences = [](Ratios r) {
    std::ranges::transform(r.epf, r.pf, r.epf.begin(), std::minus());
    return r.epf;
  };
  expect_covering(covered_by(differences, 0), "epf - pf");
}

}  // namespace
}  // namespace lehr::sample
