#include "lehr/stats/persistence/covariance_fit.hpp"

#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/stats/persistence/persistence_bootstrap.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::stats {
namespace {

std::vector<double> simulated(const char* text, double dt, std::int64_t n, std::uint64_t seed) {
  const Covariance covariance = parse_covariance(text);
  const CirculantEmbedding embedding(
      sampled_covariance([&](double t) { return covariance(t); }, dt, fast_length(n)));
  std::vector<double> series = embedding.sample(Stream(Seed{seed}, 1));
  series.resize(static_cast<std::size_t>(n));
  return series;
}

TEST(Autocovariance, IsTheSumOfProducts) {
  const std::vector<double> series{1, 4, -2, 0.5, 3, 3, -1};
  double center = 0;
  for (const double x : series) center += x / 7;
  const std::vector<double> biased = autocovariance(series, 5), unbiased = autocovariance(series, 5, true);
  for (std::size_t k = 0; k <= 5; ++k) {
    double sum = 0;
    for (std::size_t i = 0; i + k < 7; ++i) sum += (series[i] - center) * (series[i + k] - center);
    EXPECT_NEAR(biased[k], sum / 7, 1e-13);
    EXPECT_NEAR(unbiased[k], sum / static_cast<double>(7 - k), 1e-13);
  }
  EXPECT_THROW(autocovariance(series, 6), InvalidInput);
  EXPECT_THROW(autocovariance(std::vector<double>{1, std::nan(""), 2}, 1), InvalidInput);
}

class Recovery : public testing::TestWithParam<const char*> {};

// Exact autocovariances give the parameters back, and tell the families apart.
TEST_P(Recovery, OfTheParameters) {
  const Covariance truth = parse_covariance(GetParam());
  const double dt = truth.mean_interval() / 12;
  std::vector<double> covariances;
  for (int k = 0; k <= 30; ++k) covariances.push_back(2.5 * truth(k * dt));
  const CovarianceFit fit = fit_covariance(covariances, dt, "best");
  EXPECT_EQ(fit.family, truth.text.substr(0, truth.text.find(':')));
  EXPECT_LT(fit.rms, 1e-5);
  EXPECT_DOUBLE_EQ(fit.variance, 2.5);
  EXPECT_NEAR(fit.covariance.lambda2 / truth.lambda2, 1, 1e-3);
}
INSTANTIATE_TEST_SUITE_P(All, Recovery,
                         testing::Values("diffusion:d=1,scale=7", "matern:nu=1.7,scale=0.3",
                                         "rational_quadratic:alpha=0.6,scale=20",
                                         "gaussian:frequency=2,scale=3"));

TEST(CovarianceFit, LagsReachTwiceTheDecorrelation) {
  std::vector<double> covariances;
  for (int k = 0; k <= 400; ++k) covariances.push_back(std::exp(-0.1 * k));
  EXPECT_EQ(lags_to_fit(covariances), 48);  // 0.1 is passed at 24
  covariances.resize(20);
  EXPECT_EQ(lags_to_fit(covariances), 19);  // never
}

TEST(CovarianceFit, OfASeriesIsNearTheTruth) {
  const std::vector<double> series = simulated("diffusion:d=2", 0.5, 100'000, 3);
  const std::vector<double> all = autocovariance(series, 400);
  const auto lags = lags_to_fit(all);
  const CovarianceFit fit =
      fit_covariance(std::span(all).first(static_cast<std::size_t>(lags) + 1), 0.5, "diffusion");
  // 8000 mean intervals: a few percent.
  EXPECT_NEAR(*slepian_exponent(fit.covariance).theta, 0.18621, 0.008);
}

TEST(CovarianceFit, RefusesWhatCannotBeFitted) {
  EXPECT_THROW(fit_covariance(std::vector<double>{1, 0.5}, 1, "best"), InvalidInput);
  EXPECT_THROW(fit_covariance(std::vector<double>{0, 0, 0}, 1, "best"), InvalidInput);
  EXPECT_THROW(fit_covariance(std::vector<double>{1, 0.5, 0.1}, 1, "maternal"), InvalidInput);
}

CovarianceFit fit_to(const std::vector<double>& series) {
  return fit_covariance(autocovariance(series, 16), 0.5, "diffusion");
}

TEST(PersistenceBootstrap, IntervalHoldsTheTruthAndShrinks) {
  double width = 0;
  for (const std::int64_t n : {2'000, 18'000}) {
    const std::vector<double> series = simulated("diffusion:d=2", 0.5, n, 8);
    const PersistenceBootstrap method(fit_to(series), n, {1, 6, 12}, 0, 64);
    const auto run = drive(method, Budget::steps(method.steps()), Seed{1});
    EXPECT_EQ(run.state.theta.size(), 64u);
    const Interval interval = method.theta_interval(run.state);
    EXPECT_TRUE(interval.contains(0.18621)) << interval.low << " " << interval.high;
    const auto survival = method.survival_intervals(run.state);
    const SlepianIia truth(parse_covariance("diffusion:d=2"));
    EXPECT_TRUE(survival[1].contains(truth.above().survival(6)));
    if (width > 0) {
      EXPECT_NEAR((interval.high - interval.low) / width, 1.0 / 3, 0.15);
    }
    width = interval.high - interval.low;
  }
}

TEST(PersistenceBootstrap, ResumesBitForBit) {
  const std::vector<double> series = simulated("diffusion:d=2", 0.5, 500, 8);
  const PersistenceBootstrap method(fit_to(series), 500, {1, 6}, 0, 20);
  const auto whole = drive(method, Budget::steps(method.steps()), Seed{1});
  const test::TemporaryFolder folder;
  Observers observers;
  observers.checkpoints.path = folder / "run.safetensors";
  drive(method, Budget::steps(1), Seed{1}, observers);
  const auto resumed = drive(method, Budget::steps(method.steps()), Seed{1}, observers);
  EXPECT_EQ(resumed.state.theta, whole.state.theta);
  EXPECT_EQ(resumed.state.survival, whole.state.survival);
  EXPECT_THROW(PersistenceBootstrap(fit_to(series), 10, {1}, 0, 20), InvalidInput);
  EXPECT_THROW(PersistenceBootstrap(fit_to(series), 500, {}, 0, 20), InvalidInput);
}

}  // namespace
}  // namespace lehr::stats
