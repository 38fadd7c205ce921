// The state-space models and their exact answers, and the particle filter on them.
#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <cmath>
#include <numbers>
#include <vector>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/sample/discrete_hmm.hpp"
#include "lehr/sample/entropic_particle_filter.hpp"
#include "lehr/sample/linear_gaussian.hpp"
#include "lehr/sample/log_weights.hpp"
#include "lehr/sample/state_space_filter.hpp"
#include "lehr/sample/stochastic_volatility.hpp"
#include "lehr/stats/summary.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::sample {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

LinearGaussian scalar_model(double persistence, double noise) {
  LinearGaussian model;
  model.transition = Eigen::MatrixXd::Constant(1, 1, persistence);
  model.transition_covariance = Eigen::MatrixXd::Ones(1, 1);
  model.observation = Eigen::MatrixXd::Ones(1, 1);
  model.observation_covariance = Eigen::MatrixXd::Constant(1, 1, noise * noise);
  model.initial_mean = Eigen::VectorXd::Zero(1);
  model.initial_covariance =
      LinearGaussian::stationary_covariance(model.transition, model.transition_covariance);
  return model;
}

LinearGaussian plane_model() {
  LinearGaussian model;
  model.transition = (Eigen::Matrix2d() << 0.9, 0.2, -0.2, 0.8).finished();
  model.transition_covariance = (Eigen::Matrix2d() << 0.5, 0.1, 0.1, 0.3).finished();
  model.observation = (Eigen::Matrix<double, 3, 2>() << 1, 0, 0.5, 1, 1, -1).finished();
  model.observation_covariance = (Eigen::Matrix3d() << 0.5, 0.1, 0, 0.1, 0.4, 0.1, 0, 0.1, 0.6).finished();
  model.initial_mean = Eigen::Vector2d(1, -1);
  model.initial_covariance = Eigen::Matrix2d::Identity();
  return model;
}

template <class Model>
std::vector<double> log_likelihoods(const Model& model, const ParticleFilterOptions& options,
                                    std::int64_t runs) {
  const StateSpaceFilter<Model> space(model);
  const EntropicParticleFilter filter(space, space, options);
  return parallel_map(runs, [&](std::int64_t r) {
    return drive(filter, Budget::steps(filter.steps()), Seed{static_cast<std::uint64_t>(r + 1)})
        .state.course.trace.back()
        .log_evidence;
  });
}

std::vector<double> ratios(std::vector<double> logs, double exact) {
  for (double& l : logs) l = std::exp(l - exact);
  return logs;
}

// The joint normal law of all observations gives the likelihood without any recursion.
double likelihood_by_joint_law(const LinearGaussian& model, const Eigen::MatrixXd& y) {
  const Eigen::Index d = model.dimension(), e = y.rows(), length = y.cols();
  Eigen::MatrixXd states = Eigen::MatrixXd::Zero(d * length, d * length);
  Eigen::VectorXd mean(d * length);
  for (Eigen::Index t = 0; t < length; ++t) {
    mean.segment(t * d, d) =
        t == 0 ? model.initial_mean : Eigen::VectorXd(model.transition * mean.segment((t - 1) * d, d));
    states.block(t * d, t * d, d, d) =
        t == 0 ? model.initial_covariance
               : Eigen::MatrixXd(model.transition * states.block((t - 1) * d, (t - 1) * d, d, d) *
                                     model.transition.transpose() +
                                 model.transition_covariance);
    for (Eigen::Index s = 0; s < t; ++s) {
      states.block(t * d, s * d, d, d) = model.transition * states.block((t - 1) * d, s * d, d, d);
      states.block(s * d, t * d, d, d) = states.block(t * d, s * d, d, d).transpose();
    }
  }
  std::vector<Eigen::Index> there;
  Eigen::MatrixXd observe = Eigen::MatrixXd::Zero(e * length, d * length),
                  noise = Eigen::MatrixXd::Zero(e * length, e * length);
  Eigen::VectorXd flat(e * length);
  for (Eigen::Index t = 0; t < length; ++t) {
    observe.block(t * e, t * d, e, d) = model.observation;
    noise.block(t * e, t * e, e, e) = model.observation_covariance;
    for (Eigen::Index i = 0; i < e; ++i) {
      flat(t * e + i) = y(i, t);
      if (!std::isnan(y(i, t))) there.push_back(t * e + i);
    }
  }
  const Eigen::MatrixXd spread = (observe * states * observe.transpose() + noise)(there, there);
  const Eigen::VectorXd rest = (flat - observe * mean)(there);
  const Eigen::LLT<Eigen::MatrixXd> factor(spread);
  const Eigen::VectorXd white = factor.matrixL().solve(rest);
  return -0.5 * white.squaredNorm() - Eigen::MatrixXd(factor.matrixL()).diagonal().array().log().sum() -
         0.5 * static_cast<double>(there.size()) * std::log(2 * std::numbers::pi);
}

TEST(LinearGaussian, KalmanFilterIsTheJointLaw) {
  Stream random(Seed{1}, 0);
  const LinearGaussian model = plane_model();
  Eigen::MatrixXd y = simulate(model, 7, random).observations;
  EXPECT_NEAR(kalman_filter(model, y).log_likelihood, likelihood_by_joint_law(model, y), 1e-9);
  y(1, 2) = missing, y.col(4).setConstant(missing);
  EXPECT_NEAR(kalman_filter(model, y).log_likelihood, likelihood_by_joint_law(model, y), 1e-9);
}

TEST(LinearGaussian, StationaryCovarianceStaysAsItIs) {
  const LinearGaussian model = plane_model();
  const Eigen::MatrixXd p =
      LinearGaussian::stationary_covariance(model.transition, model.transition_covariance);
  EXPECT_TRUE(
      p.isApprox(model.transition * p * model.transition.transpose() + model.transition_covariance, 1e-12));
  EXPECT_NEAR(scalar_model(0.9, 1).initial_covariance(0, 0), 1 / (1 - 0.81), 1e-10);
  EXPECT_THROW(scalar_model(1.1, 1), InvalidInput);
}

// Filtering means, missing observations included, within 5 of the errors that 64 runs show.
TEST(LinearGaussian, ParticleFilterMeansAreThoseOfKalman) {
  Stream random(Seed{2}, 0);
  const LinearGaussian model = plane_model();
  Eigen::MatrixXd y = simulate(model, 8, random).observations;
  y(1, 2) = missing, y.col(4).setConstant(missing);
  const KalmanFilter exact = kalman_filter(model, y);
  const LinearGaussianSeries<2> series(model, y);
  const StateSpaceFilter<LinearGaussianSeries<2>> space(series);
  const EntropicParticleFilter filter(space, space, likelihood_filter("epf", 2000, 8));
  std::vector<std::vector<double>> means(16), variances(16);
  for (std::uint64_t seed = 1; seed <= 64; ++seed) {
    const auto state = drive(filter, Budget::steps(filter.steps()), Seed{seed}).state;
    for (std::size_t t = 0; t < 8; ++t)
      for (std::size_t k = 0; k < 2; ++k) {
        means[2 * t + k].push_back(state.means[t].means[k]);
        variances[2 * t + k].push_back(state.means[t].variances[k]);
      }
  }
  for (std::size_t i = 0; i < 16; ++i) {
    const auto k = static_cast<Eigen::Index>(i % 2), t = static_cast<Eigen::Index>(i / 2);
    // Ratio estimates have a bias of order 1 / N beside their error.
    EXPECT_NEAR(stats::mean(means[i]), exact.means(k, t), 5 * stats::standard_error(means[i]) + 1e-3) << i;
    EXPECT_NEAR(stats::mean(variances[i]), exact.variances(k, t),
                5 * stats::standard_error(variances[i]) + 3e-3)
        << i;
  }
}

// The acceptance experiment: x' = 0.9 x + N(0, 1), y = x + N(0, 0.3^2), 20 observations of the model, 64 particles, 2000 runs. Without
// the correction the mean ratio depends on the series: over 30 of them it went from 0.3 to 4, and was below 1 in two thirds.
TEST(LinearGaussian, LikelihoodIsUnbiasedWithTemperingOnlyIfCorrected) {
  Stream random(Seed{17}, 0);
  const LinearGaussian model = scalar_model(0.9, 0.3);
  const Eigen::MatrixXd y = simulate(model, 20, random).observations;
  const double exact = kalman_filter(model, y).log_likelihood;
  const LinearGaussianSeries<1> series(model, y);
  const auto expect_unbiased = [&](const ParticleFilterOptions& options, double largest_error) {
    const std::vector<double> z = ratios(log_likelihoods(series, options, 2000), exact);
    EXPECT_LE(stats::standard_error(z), largest_error);
    EXPECT_LT(std::abs(stats::mean(z) - 1), 4 * stats::standard_error(z)) << stats::mean(z);
  };
  expect_unbiased(likelihood_filter("pf", 64, 20), 0.05);
  expect_unbiased(likelihood_filter("epf", 64, 20), 0.08);
  ParticleFilterOptions wrong = likelihood_filter("epf", 64, 20);
  wrong.correct = false;
  const double biased = stats::mean(ratios(log_likelihoods(series, wrong, 2000), exact));
  EXPECT_LT(biased, 0.6);
}

// LowLevelParticleFilters.jl once forgot the weights that particles bring along where it does not resample; NIMBLE gave them wrong ones
// under a threshold. The likelihood must not depend on when we resample.
TEST(LinearGaussian, LikelihoodDoesNotDependOnWhenWeResample) {
  Stream random(Seed{3}, 0);
  const LinearGaussian model = scalar_model(0.9, 0.7);
  const Eigen::MatrixXd y = simulate(model, 12, random).observations;
  const double exact = kalman_filter(model, y).log_likelihood;
  const LinearGaussianSeries<1> series(model, y);
  for (const double threshold : {0.0, 0.1, 0.5, 0.9}) {
    SCOPED_TRACE(threshold);
    ParticleFilterOptions options = likelihood_filter("pf", 200, 12);
    options.resample_below = threshold;
    const std::vector<double> z = ratios(log_likelihoods(series, options, 1500), exact);
    EXPECT_LT(std::abs(stats::mean(z) - 1), 4 * stats::standard_error(z)) << stats::mean(z);
  }
}

TEST(LinearGaussian, RefusesModelsThatAreNone) {
  LinearGaussian model = scalar_model(0.9, 0.3);
  model.observation_covariance(0, 0) = 0;
  EXPECT_THROW(model.check(), InvalidInput);
  model = scalar_model(0.9, 0.3);
  model.transition_covariance(0, 0) = -1;
  EXPECT_THROW(model.check(), InvalidInput);
  model = scalar_model(0.9, 0.3);
  model.initial_mean.resize(2);
  EXPECT_THROW(model.check(), InvalidInput);
}

// All paths of three states over five observations, summed.
TEST(DiscreteHmm, ForwardBackwardAndViterbiAreTheEnumeration) {
  Stream random(Seed{4}, 0);
  const DiscreteHmm model = DiscreteHmm::random(3, 4, random);
  std::vector<double> y = model.simulate(5, random);
  y[3] = missing;
  const Eigen::MatrixXd emissions = model.log_emissions(y);
  double sum = 0, best = 0;
  Eigen::MatrixXd marginals = Eigen::MatrixXd::Zero(3, 5);
  std::vector<std::int64_t> best_path;
  for (int code = 0; code < 243; ++code) {
    std::vector<std::int64_t> path;
    for (int t = 0, rest = code; t < 5; ++t, rest /= 3) path.push_back(rest % 3);
    double joint = model.initial(path[0]) * std::exp(emissions(path[0], 0));
    for (std::size_t t = 1; t < 5; ++t)
      joint *=
          model.transition(path[t - 1], path[t]) * std::exp(emissions(path[t], static_cast<Eigen::Index>(t)));
    sum += joint;
    for (std::size_t t = 0; t < 5; ++t) marginals(path[t], static_cast<Eigen::Index>(t)) += joint;
    if (joint > best) best = joint, best_path = path;
  }
  const HmmPosterior posterior = forward_backward(model, y);
  EXPECT_NEAR(posterior.log_likelihood, std::log(sum), 1e-12);
  EXPECT_TRUE(posterior.smoothed.isApprox(marginals / sum, 1e-12));
  const HmmPath path = viterbi(model, y);
  EXPECT_EQ(path.states, best_path);
  EXPECT_NEAR(path.log_joint, std::log(best), 1e-12);
}

TEST(DiscreteHmm, NormalObservationsHaveTheirDensity) {
  DiscreteHmm model;
  model.initial = Eigen::Vector2d(1, 0);
  model.transition = Eigen::Matrix2d::Identity();
  model.means = Eigen::Vector2d(1, 5), model.deviations = Eigen::Vector2d(2, 1);
  const std::vector<double> y{2, 0};
  const double density = -0.5 * (0.25 + 0.25) - 2 * std::log(2) - std::log(2 * std::numbers::pi);
  EXPECT_NEAR(forward_backward(model, y).log_likelihood, density, 1e-12);
  model.deviations(1) = 0;
  EXPECT_THROW(model.check(), InvalidInput);
}

// Particle Gibbs against the smoothed probabilities. With few particles a sweep its chain hardly moves the first states, unless ancestors
// are sampled.
TEST(DiscreteHmm, ParticleGibbsSmooths) {
  Stream random(Seed{5}, 0);
  const DiscreteHmm model = DiscreteHmm::random(3, 3, random);
  const std::vector<double> y = model.simulate(20, random);
  const HmmPosterior exact = forward_backward(model, y);
  const HmmSeries series(model, y);
  const StateSpaceFilter<HmmSeries> space(series);
  const auto changes = [&](bool ancestors, std::int64_t particles) {
    ParticleFilterOptions options = likelihood_filter("pg", particles * 8000, 20);
    options.iterations = 8000;
    options.ancestor_sampling = ancestors;
    const EntropicParticleFilter filter(space, space, options);
    const auto state = drive(filter, Budget::steps(filter.steps()), Seed{1}).state;
    constexpr int batches = 20;
    std::vector<Eigen::MatrixXd> share(batches, Eigen::MatrixXd::Zero(3, 20));
    double changed = 0;
    for (std::size_t s = 1; s < state.kept.size(); ++s) {
      for (std::size_t t = 0; t < 20; ++t)
        share[s * batches / state.kept.size()](state.kept[s][t].x, static_cast<Eigen::Index>(t)) +=
            batches / 8000.0;
      changed += state.kept[s][0].x != state.kept[s - 1][0].x;
    }
    // Within 4.5 standard errors of batch means, where it mixes at all.
    for (Eigen::Index x = 0; x < 3 && (ancestors || particles > 5); ++x)
      for (Eigen::Index t = 0; t < 20; ++t) {
        std::vector<double> means;
        for (const Eigen::MatrixXd& batch : share) means.push_back(batch(x, t));
        EXPECT_NEAR(stats::mean(means), exact.smoothed(x, t), 4.5 * stats::standard_error(means) + 2e-3)
            << "state " << x << " at " << t << (ancestors ? " with" : " without") << " ancestor sampling";
      }
    return changed;
  };
  changes(false, 40);
  EXPECT_GT(changes(true, 5), 1.5 * changes(false, 5));
}

TEST(DiscreteHmm, RefusesSymbolsItDoesNotHave) {
  Stream random(Seed{6}, 0);
  const DiscreteHmm model = DiscreteHmm::random(2, 3, random);
  for (const double bad : {3.0, -1.0, 0.5})
    EXPECT_NE(test::message_of<InvalidInput>([&] {
                HmmSeries(model, std::vector<double>{0, bad});
              }).find("observation 2"),
              std::string::npos);
}

// No exact answer: the likelihood against a filter on a fine grid.
TEST(StochasticVolatility, LikelihoodIsThatOfAGrid) {
  Stream random(Seed{7}, 0);
  const StochasticVolatility model{.mean = -0.5, .persistence = 0.9, .deviation = 0.4};
  std::vector<double> y = model.simulate(10, random);
  y[4] = missing;
  const VolatilitySeries series(model, y);
  const int points = 801;
  const double low = -0.5 - 8, width = 16.0 / (points - 1), stationary = 0.4 / std::sqrt(1 - 0.81);
  Eigen::VectorXd p(points), h(points);
  for (int i = 0; i < points; ++i) {
    h(i) = low + i * width;
    const double z = (h(i) + 0.5) / stationary;
    p(i) = std::exp(-0.5 * z * z) / (stationary * std::sqrt(2 * std::numbers::pi)) * width;
  }
  Eigen::MatrixXd step(points, points);
  for (int i = 0; i < points; ++i)
    for (int j = 0; j < points; ++j) step(j, i) = std::exp(series.log_transition(h(i), h(j))) * width;
  double exact = 0;
  for (int t = 0; t < 10; ++t) {
    if (t > 0) p = step * p;
    for (int i = 0; i < points; ++i) p(i) *= std::exp(series.log_likelihood(h(i), t));
    exact += std::log(p.sum());
    p /= p.sum();
  }
  const std::vector<double> z = ratios(log_likelihoods(series, likelihood_filter("pf", 300, 10), 500), exact);
  EXPECT_LT(std::abs(stats::mean(z) - 1), 4 * stats::standard_error(z)) << stats::mean(z);
  EXPECT_LT(stats::standard_error(z), 0.02);
}

// The error that one run gives for its own estimate is that of many runs.
TEST(StateSpaceFilter, FamiliesTellTheErrorOfOneRun) {
  Stream random(Seed{8}, 0);
  const LinearGaussian model = scalar_model(0.9, 1);
  const LinearGaussianSeries<1> series(model, simulate(model, 8, random).observations);
  const StateSpaceFilter<LinearGaussianSeries<1>> space(series);
  const EntropicParticleFilter filter(space, space, likelihood_filter("pf", 500, 8));
  std::vector<double> logs;
  double variance = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    const auto state = drive(filter, Budget::steps(filter.steps()), Seed{seed}).state;
    logs.push_back(state.course.trace.back().log_evidence);
    variance += relative_variance(state.course.probabilities, state.course.genealogy.family(),
                                  state.course.resamplings) /
                400;
  }
  EXPECT_NEAR(variance, stats::variance(logs), 0.3 * stats::variance(logs));
}

}  // namespace
}  // namespace lehr::sample
