#include "lehr/stats/summary.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/core/random.hpp"
#include "lehr/stats/distributions.hpp"

namespace lehr::stats {
namespace {

const std::vector<double> x = {2.1, 3.4, 1.9, 5.6, 4.4, 3.8, 2.7, 6.1};

// Reference numbers: SciPy 1.10.1 with NumPy 1.24.2, calls in the comments.
TEST(Summary, MatchesNumpy) {
  EXPECT_DOUBLE_EQ(mean(x), 3.75);                               // np.mean(x)
  EXPECT_NEAR(standard_deviation(x), 1.546424447371604, 1e-15);  // np.std(x, ddof=1)
  EXPECT_NEAR(standard_error(x), 0.5467436066645602, 1e-15);     // stats.sem(x)
  const std::vector<double> p = {0, .1, .25, .5, .9, 1};         // np.quantile(x, p)
  const std::vector<double> expected = {1.9, 2.04, 2.55, 3.6, 5.75, 6.1};
  for (std::size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(quantile(x, p[i]), expected[i], 1e-14) << p[i];
  EXPECT_NEAR(median(x), 3.6, 1e-14);
  const Summary all = summarize(x);
  EXPECT_EQ(all.count, 8);
  EXPECT_EQ(all.minimum, 1.9);
  EXPECT_EQ(all.maximum, 6.1);
  EXPECT_EQ(all.median, median(x));
}

TEST(Summary, KeepsItsDigitsFarFromZero) {
  const std::vector<double> shifted = {1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 6};
  EXPECT_EQ(mean(shifted), 1e9 + 3);
  EXPECT_NEAR(variance(shifted), 14.0 / 3, 1e-12);
}

// mpmath with 30 digits; scipy.stats.t.ppf is good to 2e-10 only in SciPy 1.10.
TEST(Summary, TIntervalMatchesMpmath) {
  const Interval interval = t_interval(x);
  EXPECT_NEAR(interval.low, 2.4571568082776739, 1e-13);
  EXPECT_NEAR(interval.high, 5.0428431917223259, 1e-13);
  const Interval normal = normal_interval(1, 2, 0.95);
  EXPECT_NEAR(normal.high, 1 + 2 * 1.959963984540054, 1e-14);
  EXPECT_NEAR(normal.low, 1 - 2 * 1.959963984540054, 1e-14);
}

TEST(Summary, OneValueHasNoSpread) {
  const std::vector<double> one = {2.5};
  EXPECT_EQ(mean(one), 2.5);
  EXPECT_EQ(quantile(one, 0.3), 2.5);
  EXPECT_TRUE(std::isnan(standard_error(one)));
  EXPECT_TRUE(std::isnan(t_interval(one).low));
}

TEST(Summary, RefusesWhatHasNoAnswer) {
  const std::vector<double> none, with_nan = {1, std::numeric_limits<double>::quiet_NaN()};
  EXPECT_THROW(mean(none), InvalidInput);
  EXPECT_THROW(median(none), InvalidInput);
  EXPECT_THROW(quantile(with_nan, 0.5), InvalidInput);
  EXPECT_THROW(quantile(x, 1.5), InvalidInput);
  EXPECT_THROW(quantile(x, std::nan("")), InvalidInput);
  EXPECT_THROW(t_interval(x, 1.0), InvalidInput);
  EXPECT_TRUE(std::isnan(mean(with_nan)));
}

// 1000 samples of 6 normal values: hits are binomial(1000, 0.95), standard deviation 0.0069; 3.5 of them
// allowed.
TEST(Summary, TIntervalCoversAsOftenAsItSays) {
  int hits = 0;
  for (std::uint64_t repeat = 0; repeat < 1000; ++repeat) {
    Stream random(Seed{11}, lane("coverage"), repeat);
    std::vector<double> sample(6);
    for (double& value : sample) value = 3 + 2 * normal(random);
    hits += t_interval(sample).contains(3) ? 1 : 0;
  }
  EXPECT_NEAR(hits / 1000.0, 0.95, 3.5 * 0.0069);
}

TEST(Distributions, MatchScipy) {
  EXPECT_NEAR(normal_cdf(-3.5), 0.00023262907903552502, 1e-18);                // stats.norm.cdf(-3.5)
  EXPECT_NEAR(normal_cdf(-20) / 2.7536241186061556e-89, 1, 1e-13);             // stats.norm.cdf(-20)
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-14);               // stats.norm.ppf(.975)
  EXPECT_NEAR(normal_quantile(1e-10), -6.361340902404056, 1e-13);              // stats.norm.ppf(1e-10)
  EXPECT_NEAR(student_t_cdf(2.5, 3.7), 0.9640889885440866, 1e-14);             // stats.t.cdf(2.5, 3.7)
  EXPECT_NEAR(student_t_quantile(0.975, 19), 2.0930240544083098, 1e-13);       // mpmath, 30 digits
  EXPECT_NEAR(student_t_quantile(0.9, 1.5), 2.1963984175655374, 1e-13);        // mpmath, 30 digits
  EXPECT_NEAR(student_t_two_sided(12, 30) / 5.580185415199261e-13, 1, 1e-10);  // 2 * stats.t.sf(12, 30)
  EXPECT_NEAR(chi_square_tail(7.3, 4), 0.12085874882121235, 1e-15);            // stats.chi2.sf(7.3, 4)
  EXPECT_NEAR(chi_square_tail(200, 10) / 1.6139305336977317e-37, 1, 1e-11);    // stats.chi2.sf(200, 10)
}

TEST(Distributions, EndsAndErrors) {
  EXPECT_EQ(normal_quantile(0), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(student_t_quantile(1, 3), std::numeric_limits<double>::infinity());
  EXPECT_EQ(student_t_two_sided(std::numeric_limits<double>::infinity(), 3), 0);
  EXPECT_EQ(chi_square_tail(0, 2), 1);
  EXPECT_THROW(normal_quantile(-0.1), InvalidInput);
  EXPECT_THROW(student_t_quantile(0.5, 0), InvalidInput);
  EXPECT_THROW(chi_square_tail(-1, 2), InvalidInput);
}

}  // namespace
}  // namespace lehr::stats
