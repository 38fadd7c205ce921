// Does a sample come from a given distribution? Kolmogorov-Smirnov for continuous laws, chi-square for
// counts.
//
//   D = max_i max(i / n - F(x_(i)), F(x_(i)) - (i - 1) / n)
//   X^2 = sum (observed - expected)^2 / expected,   cells - 1 - fitted degrees of freedom
//
// P(D >= d) is exact for n <= 1000: the matrix power of Marsaglia, Tsang and Wang ("Evaluating Kolmogorov's
// distribution", 2003) where n d^2 < 4, else twice Smirnov's one-sided tail
//   d sum_j C(n, j) (d + j / n)^(j - 1) (1 - d - j / n)^(n - j),  0 <= j <= n (1 - d)
// whose terms are all positive (the two tails overlap there by less than 1e-10 of their sum). Larger samples
// use Kolmogorov's limit law at sqrt(n) d + 1 / (6 sqrt(n)) + (sqrt(n) d - 1) / (4 n), the correction of J.
// Vrbik ("Small- sample corrections to Kolmogorov-Smirnov test statistic", 2018). Cost O(n log n + (n d)^3
// log n).
#pragma once

#include <cstdint>
#include <functional>
#include <span>

namespace lehr::stats {

struct FitTest {
  double statistic;
  double p;
  bool exact;
};

// H0: the sample is drawn from the continuous law with the distribution function `cdf`. Throws InvalidInput
// for an empty or non-finite sample, or when `cdf` leaves [0, 1].
FitTest kolmogorov_smirnov(std::span<const double> sample, const std::function<double(double)>& cdf);

// P(D >= d) for a sample of n >= 1 values.
double kolmogorov_smirnov_tail(double d, std::int64_t n);

// P(K >= x) of Kolmogorov's limit law.
double kolmogorov_tail(double x);

// H0: the counts come from cells with the `expected` counts, of which `fitted` parameters were estimated from
// the same data. Both have one entry per cell and the same sum (to 1e-8); expected counts are above 0.
// Otherwise InvalidInput.
FitTest chi_square_test(std::span<const double> observed, std::span<const double> expected,
                        std::int64_t fitted = 0);

}  // namespace lehr::stats
