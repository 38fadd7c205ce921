#include "lehr/sample/mcmc.hpp"

#include <gtest/gtest.h>

#include <Eigen/LU>

#include "lehr/core/drive.hpp"
#include "lehr/sample/gibbs.hpp"
#include "lehr/sample/hmc.hpp"
#include "lehr/sample/nuts.hpp"
#include "lehr/sample/random_walk.hpp"
#include "lehr/sample/slice.hpp"
#include "lehr/stats/goodness_of_fit.hpp"
#include "tests/core/reproducible.hpp"

namespace lehr::sample {
namespace {

// N(mean, covariance) of three correlated variables on different scales.
struct Reference {
  Eigen::Vector3d mean{1, -20, 0.3};
  Eigen::Matrix3d covariance, precision;
  Reference() {
    const Eigen::Vector3d scale(1, 10, 0.1);
    covariance << 1, 0.8, 0.3, 0.8, 1, 0.5, 0.3, 0.5, 1;
    covariance = scale.asDiagonal() * covariance * scale.asDiagonal();
    precision = covariance.inverse();
  }
  LogDensity density() const {
    LogDensity target{.dimension = 3, .value = {}, .with_gradient = {}};
    target.value = [this](const Eigen::VectorXd& x) { return -0.5 * (x - mean).dot(precision * (x - mean)); };
    target.with_gradient = [this](const Eigen::VectorXd& x, Eigen::VectorXd& gradient) {
      gradient = -precision * (x - mean);
      return 0.5 * gradient.dot(x - mean);
    };
    return target;
  }
};

// Means, variances and one covariance lie within four standard errors of the truth.
void expect_moments(const Draws& draws, const Reference& reference) {
  for (Eigen::Index i = 0; i < 3; ++i) {
    const std::vector<double> values = draws.coordinate(i);
    const DrawsSummary summary = summarize_draws(values, draws.chains);
    EXPECT_LT(std::abs(summary.mean - reference.mean(i)), 4 * summary.mean_error) << i;
    EXPECT_LT(summary.r_hat, 1.02) << i;
    std::vector<double> squares, products;
    for (Eigen::Index k = 0; k < draws.values.cols(); ++k) {
      const double deviation = draws.values(i, k) - reference.mean(i);
      squares.push_back(deviation * deviation);
      products.push_back(deviation * (draws.values((i + 1) % 3, k) - reference.mean((i + 1) % 3)));
    }
    const DrawsSummary square = summarize_draws(squares, draws.chains),
                       product = summarize_draws(products, draws.chains);
    EXPECT_LT(std::abs(square.mean - reference.covariance(i, i)), 4 * square.mean_error) << i;
    EXPECT_LT(std::abs(product.mean - reference.covariance(i, (i + 1) % 3)), 4 * product.mean_error) << i;
  }
}

template <class Kernel>
Draws run(const LogDensity& target, Kernel kernel, const McmcOptions& options, std::uint64_t seed = 1) {
  const Mcmc<Kernel> method(target, std::move(kernel), Eigen::VectorXd::Zero(target.dimension), options);
  return method.draws(drive(method, Budget::steps(method.steps()), Seed{seed}).state);
}

TEST(Mcmc, EveryKernelFindsTheMomentsOfACorrelatedGaussian) {
  const Reference reference;
  const LogDensity target = reference.density();
  for (const char* metric : {"diagonal", "dense"}) {
    SCOPED_TRACE(metric);
    expect_moments(run(target, RandomWalk(3), {.warm_up = 2000, .iterations = 10000, .metric = metric}),
                   reference);
    expect_moments(run(target, Hmc(8), {.iterations = 3000, .metric = metric}), reference);
    expect_moments(run(target, Hmc(1), {.iterations = 10000, .metric = metric}), reference);
    expect_moments(run(target, Slice(), {.iterations = 3000, .metric = metric}), reference);
    expect_moments(run(target, Nuts(), {.iterations = 3000, .metric = metric}), reference);
  }
}

// Thinned draws of exp(-x^4 + 2 x^2 + x / 2), which has two modes, against the law by quadrature.
TEST(Mcmc, EveryKernelSamplesALawThatIsNotGaussian) {
  const auto log_density = [](double x) { return -x * x * x * x + 2 * x * x + 0.5 * x; };
  LogDensity target{.dimension = 1, .value = {}, .with_gradient = {}};
  target.value = [&](const Eigen::VectorXd& x) { return log_density(x(0)); };
  target.with_gradient = [&](const Eigen::VectorXd& x, Eigen::VectorXd& gradient) {
    gradient(0) = -4 * x(0) * x(0) * x(0) + 4 * x(0) + 0.5;
    return log_density(x(0));
  };
  std::vector<double> cumulative{0};
  const double from = -4, width = 8.0 / 4000;
  for (int k = 0; k < 4000; ++k)
    cumulative.push_back(cumulative.back() + std::exp(log_density(from + (k + 0.5) * width)));
  const auto cdf = [&](double x) {
    const double place = std::clamp((x - from) / width, 0.0, 3999.999);
    const auto k = static_cast<std::size_t>(place);
    return (cumulative[k] + (place - static_cast<double>(k)) * (cumulative[k + 1] - cumulative[k])) /
           cumulative.back();
  };
  const McmcOptions options{.chains = 8, .iterations = 500, .thin = 40};
  for (const Draws& draws :
       {run(target, RandomWalk(1), options), run(target, Hmc(4), options), run(target, Hmc(1), options),
        run(target, Slice(), options), run(target, Nuts(), options)}) {
    EXPECT_LT(summarize_draws(draws.coordinate(0), draws.chains).r_hat, 1.02);
    EXPECT_GT(stats::kolmogorov_smirnov(draws.coordinate(0), cdf).p, 0.01);
  }
}

// Two normal variables with correlation 0.9 by their conditionals.
TEST(Mcmc, GibbsDrawsFromConditionals) {
  const double rho = 0.9;
  LogDensity target{.dimension = 2, .value = {}, .with_gradient = {}};
  target.value = [&](const Eigen::VectorXd& x) {
    return -0.5 * (x.squaredNorm() - 2 * rho * x(0) * x(1)) / (1 - rho * rho);
  };
  const auto conditional = [&](Eigen::Index i) {
    return [i, rho](Eigen::VectorXd& x, Stream& random) {
      x(i) = rho * x(1 - i) + std::sqrt(1 - rho * rho) * normal(random);
    };
  };
  const Draws draws =
      run(target, Gibbs({conditional(0), conditional(1)}), {.warm_up = 100, .iterations = 5000});
  std::vector<double> products;
  for (Eigen::Index k = 0; k < draws.values.cols(); ++k)
    products.push_back(draws.values(0, k) * draws.values(1, k));
  const DrawsSummary product = summarize_draws(products, draws.chains);
  EXPECT_LT(std::abs(product.mean - rho), 4 * product.mean_error);
  // x_1's autocorrelation over one sweep is rho^2, so ESS = S (1 - rho^2) / (1 + rho^2).
  const double share =
      effective_sample_size(draws.coordinate(0), draws.chains) / static_cast<double>(draws.values.cols());
  EXPECT_NEAR(share, (1 - 0.81) / (1 + 0.81), 0.02);
}

TEST(Mcmc, StepsReachTheTargetAcceptance) {
  const Reference reference;
  const auto acceptance = [&](auto kernel, double target) {
    const McmcOptions options{.warm_up = 10000, .iterations = 4000, .target_acceptance = target};
    const Mcmc method(reference.density(), kernel, Eigen::VectorXd::Zero(3), options);
    return *drive(method, Budget::steps(method.steps()), Seed{2}).last.find("acceptance");
  };
  EXPECT_NEAR(acceptance(RandomWalk(3), 0.3), 0.3, 0.05);
  // Long trajectories fail abruptly beyond a largest step, so that the averaged logarithm of the step lies below what the mean
  // acceptance would allow.
  EXPECT_GT(acceptance(Hmc(8), 0.7), 0.67);
  EXPECT_LT(acceptance(Hmc(8), 0.7), 0.85);
  EXPECT_NEAR(acceptance(Hmc(1), 0.574), 0.574, 0.06);
}

TEST(Mcmc, AScheduleCanSetTheStep) {
  const Reference reference;
  const Mcmc method(reference.density(), RandomWalk(3), Eigen::VectorXd::Zero(3),
                    {.step = Schedule::parse("0.001")});
  EXPECT_GT(*drive(method, Budget::steps(method.steps()), Seed{2}).last.find("acceptance"), 0.95);
}

TEST(Mcmc, IsReproducible) {
  const Reference reference;
  const McmcOptions options{.chains = 3, .warm_up = 200, .iterations = 100, .metric = "dense"};
  test::expect_reproducible(Mcmc(reference.density(), Hmc(5), Eigen::VectorXd::Zero(3), options), 6, 3);
  test::expect_reproducible(Mcmc(reference.density(), RandomWalk(3), Eigen::VectorXd::Zero(3), options), 6,
                            2);
  test::expect_reproducible(Mcmc(reference.density(), Slice(), Eigen::VectorXd::Zero(3), options), 6, 5);
  test::expect_reproducible(Mcmc(reference.density(), Nuts(), Eigen::VectorXd::Zero(3), options), 6, 4);
}

// A funnel-like wall: half the space has no density.
TEST(Mcmc, StaysInsideTheSupport) {
  LogDensity target{.dimension = 1, .value = {}, .with_gradient = {}};
  target.value = [](const Eigen::VectorXd& x) {
    return x(0) > 0 ? -x(0) : -std::numeric_limits<double>::infinity();
  };
  target.with_gradient = [&](const Eigen::VectorXd& x, Eigen::VectorXd& gradient) {
    gradient(0) = x(0) > 0 ? -1 : 0;
    return target.value(x);
  };
  const Eigen::MatrixXd start = Eigen::MatrixXd::Constant(1, 1, 0.5);
  const auto smallest = [&](auto kernel) {
    const Mcmc method(target, kernel, start, {.iterations = 2000});
    const Draws draws = method.draws(drive(method, Budget::steps(method.steps()), Seed{2}).state);
    const DrawsSummary summary = summarize_draws(draws.coordinate(0), draws.chains);
    EXPECT_LT(std::abs(summary.mean - 1), 4 * summary.mean_error);
    return draws.values.minCoeff();
  };
  EXPECT_GT(smallest(RandomWalk(1)), 0);
  EXPECT_GT(smallest(Hmc(4)), 0);
  EXPECT_GT(smallest(Slice()), 0);
  EXPECT_GT(smallest(Nuts()), 0);
}

TEST(Mcmc, RefusesWhatCannotRun) {
  const Reference reference;
  LogDensity target = reference.density();
  const Eigen::VectorXd zero = Eigen::VectorXd::Zero(3);
  EXPECT_THROW(Mcmc(target, Hmc(4), Eigen::VectorXd::Zero(2)), InvalidInput);
  EXPECT_THROW(Mcmc(target, Hmc(4), Eigen::MatrixXd::Zero(3, 3)), InvalidInput);
  EXPECT_THROW(Mcmc(target, Hmc(4), zero, {.chains = 0}), InvalidInput);
  EXPECT_THROW(Mcmc(target, Hmc(4), zero, {.metric = "round"}), InvalidInput);
  target.with_gradient = {};
  EXPECT_THROW(Mcmc(target, Hmc(4), zero), InvalidInput);
  target.value = [](const Eigen::VectorXd&) { return -std::numeric_limits<double>::infinity(); };
  const Mcmc method(target, RandomWalk(3), zero);
  EXPECT_THROW(drive(method, Budget::steps(1), Seed{1}), InvalidInput);
}

}  // namespace
}  // namespace lehr::sample
