// spectral_covariance of covariance_table.hpp: the Fourier integrals of a piecewise linear density.
#include <array>
#include <cmath>
#include <numbers>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/stats/persistence/covariance_table.hpp"

namespace lehr::stats {
namespace {

void check_density(std::span<const double> frequency, std::span<const double> density,
                   const std::string& name) {
  if (frequency.size() != density.size() || frequency.size() < 3)
    throw InvalidInput("{}: expected at least 3 frequencies with a density each, found {} and {}", name,
                       frequency.size(), density.size());
  if (frequency.size() > 100'000)
    throw InvalidInput("{}: expected at most 100000 frequencies, found {}", name, frequency.size());
  double largest = 0;
  for (std::size_t i = 0; i < frequency.size(); ++i) {
    const bool rises = i == 0 ? frequency[i] >= 0 : frequency[i] > frequency[i - 1];
    if (!rises || !std::isfinite(frequency[i]))
      throw InvalidInput("{}: frequencies must rise from 0 or more, found {} (row {})", name, frequency[i],
                         i + 1);
    if (!(density[i] >= 0) || !std::isfinite(density[i]))
      throw InvalidInput(
          "{}: the density must be at least 0, found {} at frequency {} (not positive definite)", name,
          density[i], frequency[i]);
    largest = std::max(largest, density[i]);
  }
  if (largest == 0) throw InvalidInput("{}: the density is 0 everywhere", name);
}

// int_0^1 u^j cos(z u) du for even j, sin for odd j; j = 0 .. 3.
std::array<double, 4> unit_moments(double z) {
  if (z < 1) {
    std::array<double, 4> a{};
    double even = 1, odd = z;  // z^(2k) / (2k)! and z^(2k+1) / (2k+1)!, with their signs
    for (int k = 0; k < 11; ++k) {
      a[0] += even / (2 * k + 1), a[2] += even / (2 * k + 3);
      a[1] += odd / (2 * k + 3), a[3] += odd / (2 * k + 5);
      even *= -z * z / ((2 * k + 1) * (2 * k + 2)), odd *= -z * z / ((2 * k + 2) * (2 * k + 3));
    }
    return a;
  }
  const double sine = std::sin(z), cosine = std::cos(z);
  const double a1 = (sine - z * cosine) / (z * z), a2 = (sine - 2 * a1) / z;
  return {sine / z, a1, a2, (3 * a2 - cosine) / z};
}

struct FourierIntegrals {
  double r = 0, slope = 0, curvature = 0;
};

FourierIntegrals integrals_at(std::span<const double> frequency, std::span<const double> density, double t) {
  FourierIntegrals sum;
  for (std::size_t i = 0; i + 1 < frequency.size(); ++i) {
    // On the segment omega = c + x, |x| <= h, the density is s + p x.
    const double c = (frequency[i] + frequency[i + 1]) / 2, h = (frequency[i + 1] - frequency[i]) / 2;
    const double s = (density[i] + density[i + 1]) / 2, p = (density[i + 1] - density[i]) / (2 * h);
    const std::array<double, 4> a = unit_moments(h * t);
    const double m0 = 2 * h * a[0], m1 = 2 * h * h * a[1], m2 = 2 * h * h * h * a[2],
                 m3 = 2 * h * h * h * h * a[3];
    const double cosine = std::cos(c * t), sine = std::sin(c * t);
    sum.r += cosine * s * m0 - sine * p * m1;
    sum.slope -= sine * (c * s * m0 + p * m2) + cosine * (s + c * p) * m1;
    sum.curvature -=
        cosine * (c * c * s * m0 + (s + 2 * c * p) * m2) - sine * ((2 * c * s + c * c * p) * m1 + p * m3);
  }
  return sum;
}

}  // namespace

Covariance spectral_covariance(std::span<const double> frequency, std::span<const double> density,
                               const std::string& name) {
  check_density(frequency, density, name);
  const FourierIntegrals origin = integrals_at(frequency, density, 0);
  const double interval = std::numbers::pi / std::sqrt(-origin.curvature / origin.r);
  constexpr std::int64_t lags = 40 * 64;
  const auto values = parallel_map(lags + 1, [&](std::int64_t i) {
    return integrals_at(frequency, density, static_cast<double>(i) * interval / 64);
  });
  CovarianceTable table;
  table.positive_definite = true;
  for (std::int64_t i = 0; i <= lags; ++i) {
    const FourierIntegrals& value = values[static_cast<std::size_t>(i)];
    table.lag.push_back(static_cast<double>(i) * interval / 64);
    table.value.push_back(value.r), table.slope.push_back(value.slope);
    table.curvature.push_back(value.curvature);
  }
  return table_covariance(table, name);
}

}  // namespace lehr::stats
