#include "lehr/stats/goodness_of_fit.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/core/random.hpp"
#include "lehr/stats/distributions.hpp"

namespace lehr::stats {
namespace {

double uniform_cdf(double x) { return std::clamp(x, 0.0, 1.0); }

// scipy.stats.kstwo.sf(d, n), SciPy 1.10.1.
TEST(KolmogorovSmirnov, ExactTailMatchesScipy) {
  struct Case {
    std::int64_t n;
    double d, p;
  };
  const std::array<Case, 11> cases = {{{1, 0.7, 0.6},
                                       {2, 0.6, 0.32},
                                       {10, 0.274, 0.3715203845434957},
                                       {10, 0.05, 1},
                                       {10, 0.06, 0.9999999999628411},
                                       {50, 0.2, 0.03143877776953241},
                                       {100, 0.05, 0.9532159710635725},
                                       {100, 0.35, 1.865228719089831e-11},
                                       {140, 0.1, 0.11353657290090946},
                                       {1000, 0.063, 0.0006808631612435064},
                                       {1000, 0.07, 0.00010494206285958879}}};
  for (const Case& c : cases)
    EXPECT_NEAR(kolmogorov_smirnov_tail(c.d, c.n) / c.p, 1, 1e-8) << "n = " << c.n << ", d = " << c.d;
}

// SciPy sums Pelz and Good's series here, which is good to 1e-7.
TEST(KolmogorovSmirnov, ExactTailOfAThousandMatchesScipy) {
  EXPECT_NEAR(kolmogorov_smirnov_tail(0.03, 1000), 0.3226902143914636, 1e-7);
}

// As above; the corrected limit law is good to a few in 10^5 at these sizes.
TEST(KolmogorovSmirnov, TailOfLargeSamplesMatchesScipy) {
  EXPECT_NEAR(kolmogorov_smirnov_tail(0.02, 5000), 0.03613941395325637, 2e-5);
  EXPECT_NEAR(kolmogorov_smirnov_tail(0.004, 100000), 0.08130148920222469, 2e-6);
}

TEST(KolmogorovSmirnov, OneValueIsKnownInClosedForm) {
  for (const double d : {0.5, 0.55, 0.75, 0.9, 1.0})  // D = max(F, 1 - F)
    EXPECT_NEAR(kolmogorov_smirnov_tail(d, 1), 2 * (1 - d), 1e-14) << d;
}

// scipy.stats.kstwobign.sf(x)
TEST(KolmogorovSmirnov, LimitLawMatchesScipy) {
  EXPECT_NEAR(kolmogorov_tail(0.3), 0.9999906941986655, 1e-14);
  EXPECT_NEAR(kolmogorov_tail(0.5), 0.9639452436648751, 1e-14);
  EXPECT_NEAR(kolmogorov_tail(0.99), 0.2808738392255489, 1e-14);
  EXPECT_NEAR(kolmogorov_tail(1.01), 0.25943416909359746, 1e-14);
  EXPECT_NEAR(kolmogorov_tail(1.36), 0.049485876755377876, 1e-14);
  EXPECT_NEAR(kolmogorov_tail(3) / 3.045995948942526e-08, 1, 1e-12);
  EXPECT_EQ(kolmogorov_tail(0), 1);
}

TEST(KolmogorovSmirnov, TestMatchesScipy) {
  const std::vector<double> sample = {.52, .11, .17, .31, .9, .44, .02, .61, .63, .38};
  const FitTest test = kolmogorov_smirnov(sample, uniform_cdf);  // stats.kstest(sample, 'uniform')
  EXPECT_NEAR(test.statistic, 0.27, 1e-15);
  EXPECT_NEAR(test.p, 0.38905586707926754, 1e-10);
  EXPECT_TRUE(test.exact);
}

// Under H0 p is uniform: of 1000 samples binomial(1000, 0.1) have p < 0.1, standard deviation 9.5; 3.5 of
// them allowed.
TEST(KolmogorovSmirnov, RejectsAsOftenAsItSays) {
  int rejected = 0;
  for (std::uint64_t repeat = 0; repeat < 1000; ++repeat) {
    Stream random(Seed{5}, lane("sample"), repeat);
    std::vector<double> sample(20);
    for (double& value : sample) value = normal(random);
    rejected += kolmogorov_smirnov(sample, normal_cdf).p < 0.1 ? 1 : 0;
  }
  EXPECT_NEAR(rejected, 100, 3.5 * 9.5);
}

TEST(KolmogorovSmirnov, RefusesBadInput) {
  const std::vector<double> none, with_nan = {1, std::nan("")}, one = {0.5};
  EXPECT_THROW(kolmogorov_smirnov(none, uniform_cdf), InvalidInput);
  EXPECT_THROW(kolmogorov_smirnov(with_nan, uniform_cdf), InvalidInput);
  EXPECT_THROW(kolmogorov_smirnov(one, [](double) { return 1.5; }), InvalidInput);
  EXPECT_THROW(kolmogorov_smirnov_tail(0.5, 0), InvalidInput);
  EXPECT_THROW(kolmogorov_smirnov_tail(std::nan(""), 5), InvalidInput);
}

// stats.chisquare(observed, expected) and with ddof=2
TEST(ChiSquare, MatchesScipy) {
  const std::vector<double> observed = {16, 18, 16, 14, 12, 12}, expected = {16, 16, 16, 16, 16, 8};
  const FitTest test = chi_square_test(observed, expected);
  EXPECT_NEAR(test.statistic, 3.5, 1e-14);
  EXPECT_NEAR(test.p, 0.6233876277495822, 1e-14);
  EXPECT_NEAR(chi_square_test(observed, expected, 2).p, 0.3207621208056397, 1e-14);
}

TEST(ChiSquare, RefusesBadInput) {
  const std::vector<double> a = {1, 2}, longer = {1, 1, 1}, zero = {3, 0}, other = {2, 2}, negative = {-1, 4};
  EXPECT_THROW(chi_square_test(a, longer), InvalidInput);
  EXPECT_THROW(chi_square_test(a, zero), InvalidInput);
  EXPECT_THROW(chi_square_test(a, other), InvalidInput);
  EXPECT_THROW(chi_square_test(negative, a), InvalidInput);
  EXPECT_THROW(chi_square_test(a, a, 1), InvalidInput);
}

}  // namespace
}  // namespace lehr::stats
