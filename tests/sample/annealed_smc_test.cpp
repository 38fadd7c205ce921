#include "lehr/sample/annealed_smc.hpp"

#include <gtest/gtest.h>

#include <Eigen/LU>

#include <cmath>
#include <limits>
#include <numbers>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/sample/log_weights.hpp"
#include "lehr/stats/summary.hpp"
#include "tests/core/reproducible.hpp"

namespace lehr::sample {
namespace {

const double half_log_two_pi = 0.5 * std::log(2 * std::numbers::pi);

AnnealingPrior wide_normal(Eigen::Index d, double deviation) {
  AnnealingPrior prior;
  prior.density.dimension = d;
  prior.density.value = [=](const Eigen::VectorXd& x) {
    return -0.5 * x.squaredNorm() / (deviation * deviation) -
           static_cast<double>(d) * (half_log_two_pi + std::log(deviation));
  };
  prior.density.with_gradient = [=](const Eigen::VectorXd& x, Eigen::VectorXd& gradient) {
    gradient = -x / (deviation * deviation);
    return prior.density.value(x);
  };
  prior.draw = [=](Eigen::VectorXd& x, Stream& random) {
    for (double& value : x) value = deviation * normal(random);
  };
  return prior;
}

// 7 e^(-|x - 1|^2 / (2 0.2^2)) / norm, with two coordinates correlated by 0.8: Z = 7.
LogDensity narrow_normal() {
  LogDensity target{.dimension = 3, .value = {}, .with_gradient = {}};
  const Eigen::Matrix3d covariance = 0.04 * (Eigen::Matrix3d() << 1, 0.8, 0, 0.8, 1, 0, 0, 0, 1).finished();
  const Eigen::Matrix3d precision = covariance.inverse();
  const double constant = std::log(7.0) - 3 * half_log_two_pi - 0.5 * std::log(covariance.determinant());
  target.value = [=](const Eigen::VectorXd& x) {
    const Eigen::Vector3d r = x.array() - 1;
    return constant - 0.5 * r.dot(precision * r);
  };
  target.with_gradient = [=](const Eigen::VectorXd& x, Eigen::VectorXd& gradient) {
    const Eigen::Vector3d r = x.array() - 1;
    gradient = -precision * r;
    return constant - 0.5 * r.dot(precision * r);
  };
  return target;
}

struct Repeated {
  std::vector<double> log_evidence, errors, first_mean, product_mean;
};

template <class Kernel>
Repeated repeat(Kernel kernel, const AnnealedSmcOptions& options, std::int64_t runs) {
  const AnnealedSmc method(wide_normal(3, 3), narrow_normal(), kernel, options);
  Repeated result;
  for (std::int64_t r = 0; r < runs; ++r) {
    const auto state = drive(method, Budget::steps(200), Seed{static_cast<std::uint64_t>(r + 1)}).state;
    EXPECT_EQ(state.steps.back().inverse_temperature, 1);
    result.log_evidence.push_back(state.steps.back().log_evidence);
    result.errors.push_back(state.steps.back().log_evidence_error);
    const auto p = method.probabilities(state);
    double mean = 0, product = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
      const auto x = state.points.col(static_cast<Eigen::Index>(i));
      mean += p[i] * x(0);
      product += p[i] * (x(0) - 1) * (x(1) - 1);
    }
    result.first_mean.push_back(mean);
    result.product_mean.push_back(product);
  }
  return result;
}

void expect_truth(const Repeated& runs) {
  EXPECT_LT(std::abs(log_mean_exp(runs.log_evidence).value - std::log(7.0)),
            4 * log_mean_exp(runs.log_evidence).standard_error);
  EXPECT_LT(std::abs(stats::mean(runs.first_mean) - 1), 4 * stats::standard_error(runs.first_mean));
  EXPECT_LT(std::abs(stats::mean(runs.product_mean) - 0.032), 4 * stats::standard_error(runs.product_mean));
  EXPECT_LT(stats::standard_deviation(runs.log_evidence), 0.3);
}

TEST(AnnealedSmc, FindsEvidenceAndMomentsWithEitherKernel) {
  const Repeated walk = repeat(RandomWalk(3), {.particles = 500}, 40);
  expect_truth(walk);
  // A single run's own error is that of the runs within a factor of 2.
  EXPECT_GT(stats::mean(walk.errors), 0.5 * stats::standard_deviation(walk.log_evidence));
  EXPECT_LT(stats::mean(walk.errors), 2 * stats::standard_deviation(walk.log_evidence));
  expect_truth(repeat(Hmc(3), {.particles = 200, .moves = 2}, 40));
}

TEST(AnnealedSmc, AScheduleCanSetTheTemperatures) {
  AnnealedSmcOptions options{.particles = 400};
  options.inverse_temperature = Control::parse("geometric(from=0.002, to=1)");
  const AnnealedSmc method(wide_normal(3, 3), narrow_normal(), RandomWalk(3), options);
  const auto run = drive(method, Budget::steps(20), Seed{1});
  EXPECT_EQ(run.used.steps, 20);
  EXPECT_EQ(run.state.steps.back().inverse_temperature, 1);
  EXPECT_NEAR(run.state.steps.back().log_evidence, std::log(7.0), 5 * 0.2);
}

// Two modes of weights 1 : 3 that no chain of short moves would cross.
TEST(AnnealedSmc, KeepsTheWeightsOfDistantModes) {
  LogDensity target{.dimension = 1, .value = {}, .with_gradient = {}};
  target.value = [](const Eigen::VectorXd& x) {
    const double a = -0.5 * (x(0) + 5) * (x(0) + 5), b = std::log(3.0) - 0.5 * (x(0) - 5) * (x(0) - 5);
    return std::max(a, b) + std::log1p(std::exp(-std::abs(a - b)));
  };
  const AnnealedSmc method(wide_normal(1, 5), target, RandomWalk(1), {.particles = 1000});
  std::vector<double> shares;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const auto state = drive(method, Budget::steps(100), Seed{seed}).state;
    const auto p = method.probabilities(state);
    double share = 0;
    for (std::size_t i = 0; i < p.size(); ++i)
      share += state.points(0, static_cast<Eigen::Index>(i)) > 0 ? p[i] : 0;
    shares.push_back(share);
  }
  EXPECT_LT(std::abs(stats::mean(shares) - 0.75), 4 * stats::standard_error(shares));
  EXPECT_LT(stats::standard_deviation(shares), 0.1);
}

// A target whose support is a part of the prior's.
TEST(AnnealedSmc, ParticlesOutsideTheSupportDie) {
  LogDensity target{.dimension = 1, .value = {}, .with_gradient = {}};
  target.value = [](const Eigen::VectorXd& x) {
    return x(0) > 1 ? -0.5 * x(0) * x(0) - half_log_two_pi : -std::numeric_limits<double>::infinity();
  };
  const AnnealedSmc method(wide_normal(1, 1), target, RandomWalk(1), {.particles = 2000});
  std::vector<double> logs;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto state = drive(method, Budget::steps(100), Seed{seed}).state;
    EXPECT_GT(state.points.minCoeff(), 1);
    logs.push_back(state.steps.back().log_evidence);
  }
  const LogMean estimate = log_mean_exp(logs);
  EXPECT_LT(std::abs(estimate.value - std::log(0.15865525393145707)), 4 * estimate.standard_error);
}

TEST(AnnealedSmc, IsReproducible) {
  const AnnealedSmc method(wide_normal(3, 3), narrow_normal(), Hmc(3), {.particles = 100, .moves = 1});
  test::expect_reproducible(method, 6, 3);
  const AnnealedSmc walk(wide_normal(3, 3), narrow_normal(), RandomWalk(3),
                         {.particles = 100, .metric = "diagonal"});
  test::expect_reproducible(walk, 6, 2);
}

TEST(AnnealedSmc, RefusesWhatCannotRun) {
  const AnnealingPrior prior = wide_normal(3, 3);
  LogDensity target = narrow_normal();
  EXPECT_THROW(AnnealedSmc(wide_normal(2, 1), target, RandomWalk(3)), InvalidInput);
  EXPECT_THROW(AnnealedSmc(prior, target, RandomWalk(3), {.particles = 1}), InvalidInput);
  EXPECT_THROW(AnnealedSmc(prior, target, RandomWalk(3),
                           {.inverse_temperature = Control::parse("dual_averaging(target=0.8)")}),
               InvalidInput);
  target.with_gradient = {};
  EXPECT_THROW(AnnealedSmc(prior, target, Hmc(3)), InvalidInput);
  AnnealedSmcOptions falling;
  falling.inverse_temperature = Control::parse("linear(from=1, to=0)");
  const AnnealedSmc method(prior, target, RandomWalk(3), falling);
  EXPECT_THROW(drive(method, Budget::steps(5), Seed{1}), InvalidInput);
}

}  // namespace
}  // namespace lehr::sample
