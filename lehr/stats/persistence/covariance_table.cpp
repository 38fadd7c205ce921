#include "lehr/stats/persistence/covariance_table.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>

#include "lehr/core/errors.hpp"
#include "lehr/stats/persistence/angle_spline.hpp"
#include "lehr/stats/persistence/circulant_embedding.hpp"

namespace lehr::stats {
namespace {

constexpr double right_angle = std::numbers::pi / 2;
constexpr double decayed = 1e-5;  // of the slope at lag 0, where a table ends for its tail

void check_table(const CovarianceTable& table, const std::string& name) {
  const std::size_t n = table.lag.size();
  if (n < 5) throw InvalidInput("{}: expected at least 5 lags, found {}", name, n);
  if (table.lag[0] != 0) throw InvalidInput("{}: lags must start at 0, found {}", name, table.lag[0]);
  if (!(table.value[0] > 0)) throw InvalidInput("{}: R(0) must be above 0, found {}", name, table.value[0]);
  for (std::size_t i = 1; i < n; ++i) {
    if (!(table.lag[i] > table.lag[i - 1]) || !std::isfinite(table.lag[i]))
      throw InvalidInput("{}: lags must rise, found {} after {} (row {})", name, table.lag[i],
                         table.lag[i - 1], i + 1);
    if (!(std::abs(table.value[i]) < table.value[0]))
      throw InvalidInput(
          "{}: |R(t)| must be below R(0) = {} at t > 0 (a periodic process has no end of its "
          "correlation), found R({}) = {}",
          name, table.value[0], table.lag[i], table.value[i]);
  }
  const auto check = [&](const std::vector<double>& column, const char* what) {
    for (std::size_t i = 0; i < column.size(); ++i)
      if (!std::isfinite(column[i]))
        throw InvalidInput("{}: {} is {} at lag {}", name, what, column[i], table.lag[i]);
  };
  check(table.slope, "R'"), check(table.curvature, "R''");
  if (!table.curvature.empty() && !(table.curvature[0] < 0))
    throw InvalidInput("{}: R''(0) must be below 0, found {}", name, table.curvature[0]);
}

// phi'(0) of the quartic through the angles and slopes at the first two lags above 0: phi / t is a cubic.
double extrapolated_slope(std::span<const double> t, std::span<const double> phi,
                          std::span<const double> slope) {
  const auto ratio = [&](std::size_t i) { return phi[i] / t[i]; };
  const auto change = [&](std::size_t i) { return (slope[i] - ratio(i)) / t[i]; };
  const double h = t[2] - t[1], x = -t[1] / h, rise = ratio(2) - ratio(1);
  const double s0 = h * change(1), s1 = h * change(2);
  return ratio(1) + x * (s0 + x * (3 * rise - 2 * s0 - s1 + x * (s0 + s1 - 2 * rise)));
}

struct Angles {
  std::vector<double> value, slope, curvature;
};

Angles angles_of(const CovarianceTable& table, const std::string& name) {
  const std::size_t n = table.lag.size();
  const double variance = table.value[0];
  Angles angles;
  for (const double value : table.value) angles.value.push_back(std::acos(value / variance));
  angles.value[0] = 0;
  if (table.slope.empty()) {
    angles.slope = spline_slopes(table.lag, angles.value);
  } else {
    angles.slope.resize(n);
    for (std::size_t i = 1; i < n; ++i)
      angles.slope[i] = -table.slope[i] / variance / std::sin(angles.value[i]);
    angles.slope[0] = table.curvature.empty() ? extrapolated_slope(table.lag, angles.value, angles.slope)
                                              : std::sqrt(-table.curvature[0] / variance);
    if (std::abs(table.slope[0]) > 1e-6 * variance * angles.slope[0])
      throw InvalidInput(
          "{}: R'(0) must be 0, found {}: such a process is not differentiable and crosses its mean "
          "infinitely often",
          name, table.slope[0]);
  }
  if (!table.curvature.empty()) {
    angles.curvature.resize(n);
    for (std::size_t i = 1; i < n; ++i) {
      const double sine = std::sin(angles.value[i]), r = table.value[i] / variance;
      angles.curvature[i] = -(table.curvature[i] / variance + r * angles.slope[i] * angles.slope[i]) / sine;
    }
    const auto& t = table.lag;
    const double first = angles.curvature[1], second = angles.curvature[2];
    angles.curvature[0] = first - t[1] * (second - first) / (t[2] - t[1]);
  }
  if (!(angles.slope[0] > 0) || !std::isfinite(angles.slope[0]))
    throw InvalidInput("{}: -R''(0) must be above 0 and finite; the first lags say R'(0) = {}", name,
                       -angles.slope[0]);
  return angles;
}

// pi/2 - phi = rest e^(-rate (t - start)), or rest (t / start)^-power.
struct AngleTail {
  double start = 0, rest = 0, rate = 0, power = 0;

  SplineAt at(double t) const {  // of pi/2 - phi
    if (rate > 0) {
      const double gap = rest * std::exp(-rate * (t - start));
      return {gap, -rate * gap, rate * rate * gap};
    }
    const double gap = rest * std::pow(t / start, -power);
    return {gap, -power * gap / t, power * (power + 1) * gap / (t * t)};
  }
};

// R = sin gap with the gap to pi/2, which keeps the digits of a small R.
CovarianceAt covariance_of_gap(const SplineAt& gap) {
  const double sine = std::sin(gap.value), cosine = std::cos(gap.value);
  return {.r = sine,
          .slope = cosine * gap.slope,
          .curvature = cosine * gap.curvature - sine * gap.slope * gap.slope,
          .one_minus_r = 1 - sine};
}

// R = cos phi, which keeps the digits of a small 1 - R.
CovarianceAt covariance_of_angle(const SplineAt& phi) {
  const double sine = std::sin(phi.value), cosine = std::cos(phi.value), half = std::sin(phi.value / 2);
  return {.r = cosine,
          .slope = -sine * phi.slope,
          .curvature = -cosine * phi.slope * phi.slope - sine * phi.curvature,
          .one_minus_r = 2 * half * half};
}

// -d log(slope) / dx by least squares over the knots whose slopes are in [low, high], x the lag or its
// logarithm.
double falling_rate(std::span<const double> x, std::span<const double> slope, double low, double high) {
  double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (std::size_t i = 1; i < slope.size(); ++i) {
    if (!(slope[i] >= low && slope[i] <= high)) continue;
    const double y = std::log(slope[i]);
    n += 1, sx += x[i], sy += y, sxx += x[i] * x[i], sxy += x[i] * y;
  }
  return n < 3 ? std::numeric_limits<double>::quiet_NaN() : -(n * sxy - sx * sy) / (n * sxx - sx * sx);
}

// The tail after knot `last`, and what has to be said about it.
AngleTail tail_after(std::span<const double> lag, const Angles& angles, std::size_t last,
                     std::vector<std::string>& notes) {
  const double slope = angles.slope[last], rest = right_angle - angles.value[last];
  AngleTail tail{.start = lag[last], .rest = rest, .rate = slope / rest};
  if (!(slope > 0 && rest > 0)) {
    tail.rate = angles.slope[0];
    notes.push_back(
        fmt::format("R does not fall steadily at its last lag {:.4g} (R = {:.3g}); beyond it R is taken "
                    "to vanish within a mean interval.",
                    lag[last], std::sin(rest)));
    return tail;
  }
  const auto slopes = std::span(angles.slope).first(last + 1);
  const double recent = falling_rate(lag, slopes, 0.999 * slope, 10 * slope);
  const double earlier = falling_rate(lag, slopes, 10 * slope, 100 * slope);
  if (recent < 0.7 * earlier) {
    tail.power = slope * tail.start / rest, tail.rate = 0;
    notes.push_back(
        fmt::format("R falls ever more slowly: beyond lag {:.4g} as t^-{:.3g}, so that there is no "
                    "persistency exponent.",
                    tail.start, tail.power));
    return tail;
  }
  if (std::abs(std::sin(rest)) > 0.01)
    notes.push_back(
        fmt::format("The table ends at R({:.4g}) = {:.3g}; beyond it R is taken to fall as "
                    "exp(-{:.4g} t).",
                    tail.start, std::sin(rest), tail.rate));
  if (std::abs(recent / tail.rate - 1) > 0.2)
    notes.push_back(
        fmt::format("The tail is uncertain: at lag {:.4g} R'/R says the rate {:.3g}, the last decade of R' "
                    "says {:.3g}.",
                    tail.start, tail.rate, recent));
  return tail;
}

// The first knot after which no slope exceeds `decayed` of the first; the last one where there is none.
std::size_t last_of_use(std::span<const double> slope) {
  std::size_t last = slope.size() - 1;
  while (last > 4 && std::abs(slope[last - 1]) <= decayed * slope[0]) --last;
  while (last > 4 && !(slope[last] > 0) && std::abs(slope[last]) <= decayed * slope[0]) --last;
  return last;
}

// The spectrum of the table's own lags, continued by its tail, must not be negative beyond 1e-6 of its
// largest value and beyond what the part after the last lag can explain.
void check_positive_definite(const Covariance& covariance, std::span<const double> lag,
                             const std::string& name) {
  const double dt = lag[1];
  for (std::size_t i = 1; i < lag.size(); ++i)
    if (std::abs(lag[i] - static_cast<double>(i) * dt) > 1e-6 * dt) return;  // not equidistant
  double end_size = 0;
  for (const double t : lag)
    if (t >= lag.back() - covariance.mean_interval()) end_size = std::max(end_size, std::abs(covariance(t)));
  // What does not fall steadily may go on for as long as it did.
  const bool steady =
      covariance.decay_rate > 0 && covariance.at(covariance.end).slope < 0 && covariance(covariance.end) > 0;
  const double rate = steady ? covariance.decay_rate : 1 / lag.back();
  const auto n = static_cast<std::int64_t>(lag.size());
  const auto beyond = static_cast<std::int64_t>(std::min(25 / (rate * dt), 8.0 * static_cast<double>(n)));
  const CirculantEmbedding embedding(
      sampled_covariance([&](double t) { return covariance(t); }, dt, fast_length(n + beyond)));
  const double share = embedding.lowest_eigenvalue() / embedding.largest_eigenvalue();
  const double unknown = 2 * end_size / (rate * dt) / embedding.largest_eigenvalue();
  if (share < -1e-6 - unknown)
    throw InvalidInput(
        "{}: not a covariance: its spectrum falls to {:.2g} of its largest value (allowed: -1e-6)", name,
        share);
}

}  // namespace

Covariance table_covariance(const CovarianceTable& table, const std::string& name) {
  check_table(table, name);
  Angles angles = angles_of(table, name);
  const std::size_t last = last_of_use(angles.slope);
  Covariance covariance;
  covariance.text = name;
  covariance.lambda2 = angles.slope[0] * angles.slope[0];
  covariance.end = table.lag[last];
  covariance.knots.assign(table.lag.begin() + 1, table.lag.begin() + static_cast<std::ptrdiff_t>(last) + 1);
  const AngleTail tail = tail_after(table.lag, angles, last, covariance.notes);
  covariance.decay_rate = tail.rate;
  const auto spline = std::make_shared<const AngleSpline>(
      table.lag, std::move(angles.value), std::move(angles.slope), std::move(angles.curvature));
  covariance.at = [spline, tail](double t) {
    return t <= tail.start ? covariance_of_angle(spline->at(t)) : covariance_of_gap(tail.at(t));
  };
  if (!table.positive_definite) check_positive_definite(covariance, table.lag, name);
  return covariance;
}

}  // namespace lehr::stats
