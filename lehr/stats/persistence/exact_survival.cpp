#include "lehr/stats/persistence/exact_survival.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::stats {
namespace {

constexpr double median_slope = 1.1774100225154747;  // of a Rayleigh variable, sqrt(2 ln 2)
constexpr double entry_error = 4e-15;  // of the residual covariances, differences of numbers below 1

// q from the power of 1 - E at 0: 5/4 at 1 and 2 at 2, linear in between and down to 0.
double order_of_misses(double power) {
  return power < 1 ? 1.25 * power : std::min(2.0, 1.25 + 0.75 * (power - 1));
}

ExactSurvivalOptions checked_exact(ExactSurvivalOptions options) {
  const OptionTable table = describe(options);
  table.read(table.values(), "exact");
  if (options.points % 2 != 0)
    throw InvalidInput("exact: points must be even (every other one gives the extrapolation), found {}",
                       options.points);
  return options;
}

// cov(Delta(t), Delta(s)) = R(t - s) - R(t) R(s) - R'(t) R'(s) / lambda2 at equidistant times.
Eigen::MatrixXd residual_covariance(const Covariance& covariance, double step, std::int64_t count) {
  std::vector<CovarianceAt> at;
  for (std::int64_t i = 0; i <= count; ++i) at.push_back(covariance.at(static_cast<double>(i) * step));
  Eigen::MatrixXd matrix(count, count);
  for (Eigen::Index i = 0; i < count; ++i)
    for (Eigen::Index j = 0; j <= i; ++j) {
      const CovarianceAt &t = at[static_cast<std::size_t>(i + 1)], &s = at[static_cast<std::size_t>(j + 1)];
      const double lag = i == j ? 1 : at[static_cast<std::size_t>(i - j)].r;
      matrix(i, j) = matrix(j, i) = lag - t.r * s.r - t.slope * s.slope / covariance.lambda2;
    }
  // 1 - R^2 - R'^2 / lambda2 near 0, where it is of fourth order.
  for (Eigen::Index i = 0; i < count; ++i) {
    const CovarianceAt& t = at[static_cast<std::size_t>(i + 1)];
    matrix(i, i) = std::max(t.one_minus_r * (1 + t.r) - t.slope * t.slope / covariance.lambda2, 1e-300);
  }
  return matrix;
}

Eigen::MatrixXd every_other(const Eigen::MatrixXd& matrix) {
  const Eigen::Index half = matrix.rows() / 2;
  Eigen::MatrixXd reduced(half, half);
  for (Eigen::Index i = 0; i < half; ++i)
    for (Eigen::Index j = 0; j < half; ++j) reduced(i, j) = matrix(2 * i + 1, 2 * j + 1);
  return reduced;
}

}  // namespace

ExactSurvival::Looks ExactSurvival::looks_at(const ClippedSlepian& slepian, double time,
                                             std::int64_t points) {
  const Covariance& covariance = slepian.covariance();
  const double step = time / static_cast<double>(points);
  std::vector<double> drop, rise, typical, coarse;
  for (std::int64_t i = 1; i <= points; ++i) {
    const CovarianceAt at = covariance.at(static_cast<double>(i) * step);
    drop.push_back(slepian.level() * at.one_minus_r);
    rise.push_back(-at.slope / std::sqrt(covariance.lambda2));
    typical.push_back(drop.back() - rise.back() * median_slope);
    if (i % 2 == 0) coarse.push_back(typical.back());
  }
  const Eigen::MatrixXd matrix = residual_covariance(covariance, step, points);
  return {GaussianOrthant(matrix, typical, entry_error),
          GaussianOrthant(every_other(matrix), coarse, entry_error), std::move(drop), std::move(rise)};
}

ExactSurvival::ExactSurvival(const Covariance& covariance, ExactSurvivalOptions options)
    : options_(checked_exact(std::move(options))) {
  const ClippedSlepian slepian(covariance, options_.level);
  order_ = order_of_misses(slepian.power_at_zero());
  for (const double time : options_.times) looks_.push_back(looks_at(slepian, time, options_.points));
}

ExactSurvival::State ExactSurvival::start(const Moment&) const { return {}; }

std::pair<double, double> ExactSurvival::average(const Looks& looks, Stream random,
                                                 std::int64_t samples) const {
  const auto m = static_cast<std::size_t>(options_.points);
  ShiftedSobol sobol(options_.points + 1, random);
  std::vector<double> cube(m + 1), lower(m), coarse_lower(m / 2), coarse_cube(m / 2), work;
  double fine = 0, coarse = 0;
  for (std::int64_t k = 0; k < samples; ++k) {
    sobol.next(cube);
    const double slope = std::sqrt(-2 * std::log(cube[0]));
    for (std::size_t i = 0; i < m; ++i) lower[i] = looks.drop[i] - looks.rise[i] * slope;
    for (std::size_t i = 0; i < m / 2; ++i)
      coarse_lower[i] = lower[2 * i + 1], coarse_cube[i] = cube[2 * i + 2];
    fine += looks.fine.at(lower, std::span(cube).subspan(1), work);
    coarse += looks.coarse.at(coarse_lower, coarse_cube, work);
  }
  return {fine / static_cast<double>(samples), coarse / static_cast<double>(samples)};
}

void ExactSurvival::advance(State& state, const Moment& now) const {
  const double wanted = options_.samples(now);
  if (!(wanted >= 1 && wanted <= 1e9))
    throw InvalidInput("exact: samples must be in [1, 1e9], found {}", wanted);
  const auto samples = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(wanted)));
  const Stream shift = now.random(lane("exact survival shift"));
  const auto averages = parallel_map(static_cast<std::int64_t>(looks_.size()), [&](std::int64_t i) {
    return average(looks_[static_cast<std::size_t>(i)], shift, samples);
  });
  for (const auto& [fine, coarse] : averages) state.fine.push_back(fine), state.coarse.push_back(coarse);
  state.samples.push_back(static_cast<double>(samples));
  now.spend(samples * static_cast<std::int64_t>(looks_.size()));
}

std::vector<ExactProbability> ExactSurvival::probabilities(const State& state) const {
  const std::size_t times = looks_.size(), shifts = state.samples.size();
  const double total = std::accumulate(state.samples.begin(), state.samples.end(), 0.0);
  const double gain = 1 / (std::exp2(order_) - 1);
  std::vector<ExactProbability> all;
  for (std::size_t i = 0; i < times; ++i) {
    double fine = 0, coarse = 0;
    for (std::size_t shift = 0; shift < shifts; ++shift) {
      const double weight = state.samples[shift] / total;
      fine += weight * state.fine[shift * times + i], coarse += weight * state.coarse[shift * times + i];
    }
    ExactProbability p{.time = options_.times[i],
                       .value = 0,
                       .standard_error = 0,
                       .at_points = fine,
                       .at_points_error = 0,
                       .error = 0};
    if (fine > 0) {
      p.value = fine * std::pow(fine / coarse, gain);
      // Of the shifts' parts of ln value and of ln P_m, to first order.
      double squares = 0, fine_squares = 0;
      for (std::size_t shift = 0; shift < shifts; ++shift) {
        const double share = state.samples[shift] / total;
        const double in_fine = state.fine[shift * times + i] / fine - 1;
        const double in_coarse = state.coarse[shift * times + i] / coarse - 1;
        squares += std::pow(share * ((1 + gain) * in_fine - gain * in_coarse), 2);
        fine_squares += std::pow(share * in_fine, 2);
      }
      const double count = static_cast<double>(shifts), spread = shifts > 1 ? count / (count - 1) : 0;
      p.standard_error = p.value * std::sqrt(squares * spread);
      p.at_points_error = fine * std::sqrt(fine_squares * spread);
      p.error = std::hypot(p.standard_error, (p.value - fine) / 4);
    }
    all.push_back(p);
  }
  return all;
}

void ExactSurvival::measure(const State& state, Row& row) const {
  double largest = 0;
  for (const ExactProbability& p : probabilities(state)) largest = std::max(largest, p.standard_error);
  row.add("shifts", static_cast<double>(state.samples.size()));
  row.add("largest_error", largest);
}

}  // namespace lehr::stats
