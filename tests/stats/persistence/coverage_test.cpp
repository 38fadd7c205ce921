// Standard errors say what they should: 95 % intervals of 1000 repeats contain the truth in 93 to 97 % of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/core/random.hpp"
#include "lehr/stats/persistence/excursions.hpp"
#include "lehr/stats/persistence/gaussian_orthant.hpp"
#include "lehr/stats/persistence/persistence_bootstrap.hpp"

namespace lehr::stats {
namespace {

constexpr std::uint64_t repeats = 1000;

void expect_covering(std::int64_t covered, std::string_view what) {
  EXPECT_GE(covered, 930) << what;
  EXPECT_LE(covered, 970) << what;
}

// Five variables of correlation 1/2 are all positive with probability 1/6.
TEST(Coverage, OrthantProbabilities) {
  Eigen::MatrixXd covariance = Eigen::MatrixXd::Constant(5, 5, 0.5);
  covariance.diagonal().setOnes();
  const std::vector<double> lower(5, 0.0);
  std::int64_t covered = 0;
  for (std::uint64_t seed = 1; seed <= repeats; ++seed) {
    const OrthantProbability p = orthant_probability(covariance, lower, 16, 40, Seed{seed});
    covered += std::abs(p.value - 1.0 / 6) <= 1.96 * p.standard_error;
  }
  expect_covering(covered, "orthant");
}

// Lengths of rate 1, cut off at random times: the survival to 1 and the rate beyond 0.5.
TEST(Coverage, SurvivalAndTailOfExcursions) {
  std::int64_t survival = 0, rate = 0;
  for (std::uint64_t seed = 1; seed <= repeats; ++seed) {
    Stream random(Seed{seed}, lane("excursions"));
    std::vector<double> complete, censored;
    for (int i = 0; i < 400; ++i) {
      const double length = -std::log1p(-uniform(random)), end = -4 * std::log1p(-uniform(random));
      (length < end ? complete : censored).push_back(std::min(length, end));
    }
    const SurvivalCurve curve = product_limit(complete, censored);
    survival += std::abs(curve.at(1) - std::exp(-1)) <= 1.96 * curve.error_at(1);
    const TailRate tail = tail_rate(complete, censored, 0.5);
    rate += std::abs(tail.rate - 1) <= 1.96 * tail.standard_error;
  }
  expect_covering(survival, "survival");
  expect_covering(rate, "rate");
}

// How often intervals by 39 replicates of fitted series hold the exponent and the survival function of the true covariance, of series of
// 2000 values fitted by the same family.
struct BootstrapCoverage {
  std::int64_t theta = 0;
  std::array<std::int64_t, 3> survival{};
};

BootstrapCoverage bootstrap_coverage(const char* covariance, const char* family) {
  constexpr std::int64_t length = 2000;
  const Covariance truth = parse_covariance(covariance);
  const double mean = truth.mean_interval();
  const std::vector<double> times{0.5 * mean, mean, 2 * mean};
  const SlepianIia iia(truth, {.level = 0, .tmax = times.back(), .n = 400, .step = 1});
  const CirculantEmbedding embedding(
      sampled_covariance([&](double t) { return truth(t); }, 1.0, fast_length(length)));
  const auto found = parallel_map(repeats, [&](std::int64_t r) {
    const Seed seed{static_cast<std::uint64_t>(r + 1)};
    std::vector<double> series = embedding.sample(Stream(seed, lane("series")));
    series.resize(length);
    std::vector<double> covariances = autocovariance(series, 100);
    covariances.resize(static_cast<std::size_t>(lags_to_fit(covariances)) + 1);
    const PersistenceBootstrap method(fit_covariance(covariances, 1, family), length, times, 0, 39);
    const auto state = drive(method, Budget::steps(method.steps()), seed).state;
    const std::vector<Interval> survival = method.survival_intervals(state);
    BootstrapCoverage covered{.theta = method.theta_interval(state).contains(*iia.above().exponent().theta),
                              .survival = {}};
    for (std::size_t i = 0; i < times.size(); ++i)
      covered.survival[i] = survival[i].contains(iia.above().survival(times[i]));
    return covered;
  });
  BootstrapCoverage sum;
  for (const BootstrapCoverage& covered : found) {
    sum.theta += covered.theta;
    for (std::size_t i = 0; i < times.size(); ++i) sum.survival[i] += covered.survival[i];
  }
  return sum;
}

// Parameters away from their bounds: two of them over 230 mean intervals, and one.
TEST(CoverageSlow, BootstrapOfPersistence) {
  for (const auto& [covariance, family] : {std::pair{"gaussian:scale=4,frequency=1", "gaussian"},
                                           std::pair{"random_acceleration:scale=6", "random_acceleration"}}) {
    const BootstrapCoverage covered = bootstrap_coverage(covariance, family);
    expect_covering(covered.theta, fmt::format("theta of {}", covariance));
    for (const std::int64_t survival : covered.survival)
      expect_covering(survival, fmt::format("survival of {}", covariance));
  }
}

// 160 mean intervals of a covariance whose frequency is 0, the least that the family has: fits leave the bound to one side only, and
// replicates do not lie about a fit as fits lie about the truth.
TEST(CoverageSlow, BootstrapOfPersistenceOnABound) {
  const BootstrapCoverage covered = bootstrap_coverage("gaussian:scale=4", "gaussian");
  for (const std::int64_t count :
       {covered.theta, covered.survival[0], covered.survival[1], covered.survival[2]}) {
    EXPECT_GE(count, 900);
    EXPECT_LE(count, 985);
  }
}

}  // namespace
}  // namespace lehr::stats
