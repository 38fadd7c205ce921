#include "lehr/stats/goodness_of_fit.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/stats/distributions.hpp"

namespace lehr::stats {
namespace {

constexpr std::int64_t largest_exact = 1000;

// A matrix times 10^exponent: powers stay inside the doubles.
struct Scaled {
  Eigen::MatrixXd matrix;
  int exponent = 0;

  void normalize() {
    const Eigen::Index middle = matrix.rows() / 2;
    if (matrix(middle, middle) <= 1e140) return;
    matrix *= 1e-140;
    exponent += 140;
  }
};

Scaled product(const Scaled& a, const Scaled& b) {
  Scaled c{a.matrix * b.matrix, a.exponent + b.exponent};
  c.normalize();
  return c;
}

Scaled power(Scaled base, std::int64_t n) {
  Scaled result{Eigen::MatrixXd::Identity(base.matrix.rows(), base.matrix.rows())};
  for (; n > 0; n /= 2) {
    if (n % 2 == 1) result = product(result, base);
    if (n > 1) base = product(base, base);
  }
  return result;
}

// The matrix H of Marsaglia, Tsang and Wang for d = (k - h) / n, 0 <= h < 1; size 2 k - 1.
Eigen::MatrixXd transition(Eigen::Index size, double h) {
  Eigen::MatrixXd H(size, size);
  for (Eigen::Index i = 0; i < size; ++i)
    for (Eigen::Index j = 0; j < size; ++j) H(i, j) = i - j + 1 < 0 ? 0 : 1;
  for (Eigen::Index i = 0; i < size; ++i) {
    H(i, 0) -= std::pow(h, i + 1);
    H(size - 1, i) -= std::pow(h, size - i);
  }
  H(size - 1, 0) += 2 * h - 1 > 0 ? std::pow(2 * h - 1, size) : 0;
  for (Eigen::Index i = 0; i < size; ++i)
    for (Eigen::Index j = 0; j <= std::min(i, size - 1); ++j)
      for (Eigen::Index g = 1; g <= i - j + 1; ++g) H(i, j) /= static_cast<double>(g);
  return H;
}

// P(D < d) by Marsaglia, Tsang and Wang.
double exact_cdf(double d, std::int64_t n) {
  const double nd = static_cast<double>(n) * d;
  const auto k = static_cast<Eigen::Index>(nd) + 1;
  const Scaled Q = power({transition(2 * k - 1, static_cast<double>(k) - nd)}, n);
  double value = Q.matrix(k - 1, k - 1);
  int exponent = Q.exponent;
  for (std::int64_t i = 1; i <= n; ++i) {
    value *= static_cast<double>(i) / static_cast<double>(n);
    if (value < 1e-140) value *= 1e140, exponent -= 140;
  }
  return value * std::pow(10.0, exponent);
}

// P(D+ >= d), D+ = max(i / n - F): Smirnov's sum.
double one_sided_tail(double d, std::int64_t n) {
  const double count = static_cast<double>(n);
  double sum = 0;
  for (std::int64_t j = 0; static_cast<double>(j) <= count * (1 - d); ++j) {
    const double share = static_cast<double>(j) / count, rest = 1 - d - share;
    if (rest <= 0) {
      if (j == n) sum += std::pow(d + share, static_cast<double>(j - 1));
      continue;
    }
    const double log_choose = std::lgamma(count + 1) - std::lgamma(static_cast<double>(j) + 1) -
                              std::lgamma(count - static_cast<double>(j) + 1);
    sum += std::exp(log_choose + static_cast<double>(j - 1) * std::log(d + share) +
                    (count - static_cast<double>(j)) * std::log(rest));
  }
  return d * sum;
}

void check_same_sum(std::span<const double> observed, std::span<const double> expected) {
  const double sum_observed = std::accumulate(observed.begin(), observed.end(), 0.0);
  const double sum_expected = std::accumulate(expected.begin(), expected.end(), 0.0);
  if (!(std::abs(sum_observed - sum_expected) <= 1e-8 * sum_expected))
    throw InvalidInput("chi-square test: the observed counts sum to {}, the expected ones to {}",
                       sum_observed, sum_expected);
}

}  // namespace

double kolmogorov_tail(double x) {
  if (x <= 0) return 1;
  constexpr double pi = std::numbers::pi;
  double sum = 0;
  if (x < 1) {  // the theta function's dual series converges fast here
    for (int k = 1; k <= 19; k += 2) sum += std::exp(-k * k * pi * pi / (8 * x * x));
    return 1 - std::sqrt(2 * pi) / x * sum;
  }
  for (int k = 1; k <= 10; ++k) sum += (k % 2 == 1 ? 2 : -2) * std::exp(-2.0 * k * k * x * x);
  return sum;
}

double kolmogorov_smirnov_tail(double d, std::int64_t n) {
  if (n < 1) throw InvalidInput("Kolmogorov-Smirnov: the sample size must be at least 1, found {}", n);
  if (std::isnan(d)) throw InvalidInput("Kolmogorov-Smirnov: the statistic is nan");
  const double count = static_cast<double>(n), root = std::sqrt(count);
  if (d <= 0.5 / count) return 1;
  if (d >= 1) return 0;
  if (n > largest_exact) return kolmogorov_tail(root * d + 1 / (6 * root) + (root * d - 1) / (4 * count));
  if (count * d * d < 4) return std::clamp(1 - exact_cdf(d, n), 0.0, 1.0);
  return std::min(1.0, 2 * one_sided_tail(d, n));
}

FitTest kolmogorov_smirnov(std::span<const double> sample, const std::function<double(double)>& cdf) {
  if (sample.empty()) throw InvalidInput("Kolmogorov-Smirnov: the sample has no values");
  for (std::size_t i = 0; i < sample.size(); ++i)
    if (!std::isfinite(sample[i]))
      throw InvalidInput("Kolmogorov-Smirnov: value {} of {} is {}", i + 1, sample.size(), sample[i]);
  std::vector<double> ordered(sample.begin(), sample.end());
  std::sort(ordered.begin(), ordered.end());
  const double n = static_cast<double>(ordered.size());
  double d = 0;
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    const double F = cdf(ordered[i]), below = static_cast<double>(i) / n,
                 upto = static_cast<double>(i + 1) / n;
    if (!(F >= 0 && F <= 1))
      throw InvalidInput("Kolmogorov-Smirnov: the distribution function is {} at {}, outside [0, 1]", F,
                         ordered[i]);
    d = std::max({d, upto - F, F - below});
  }
  const auto size = static_cast<std::int64_t>(ordered.size());
  return {d, kolmogorov_smirnov_tail(d, size), size <= largest_exact};
}

FitTest chi_square_test(std::span<const double> observed, std::span<const double> expected,
                        std::int64_t fitted) {
  if (observed.size() != expected.size())
    throw InvalidInput("chi-square test: {} observed cells but {} expected ones", observed.size(),
                       expected.size());
  const auto cells = static_cast<std::int64_t>(observed.size());
  if (fitted < 0 || cells - 1 - fitted < 1)
    throw InvalidInput("chi-square test: {} cells and {} fitted parameters leave no degree of freedom", cells,
                       fitted);
  for (std::size_t i = 0; i < observed.size(); ++i)
    if (!(observed[i] >= 0) || !(expected[i] > 0) || std::isinf(observed[i]) || std::isinf(expected[i]))
      throw InvalidInput("chi-square test: cell {} has {} observed (at least 0) and {} expected (above 0)",
                         i + 1, observed[i], expected[i]);
  check_same_sum(observed, expected);
  double statistic = 0;
  for (std::size_t i = 0; i < observed.size(); ++i) {
    const double difference = observed[i] - expected[i];
    statistic += difference * difference / expected[i];
  }
  return {statistic, chi_square_tail(statistic, static_cast<double>(cells - 1 - fitted)), false};
}

}  // namespace lehr::stats
