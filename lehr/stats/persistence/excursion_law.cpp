#include "lehr/stats/persistence/excursion_law.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::stats {
namespace {

constexpr std::int64_t draws_per_stream = 1024;

}  // namespace

ExcursionLaw::ExcursionLaw(SwitchKernel own, SwitchKernel other, MarchGrid grid)
    : own_(std::move(own)),
      other_(std::move(other)),
      grid_(std::move(grid)),
      exponent_(persistency_exponent(own_, other_)),
      values_(renewal_march(grid_, own_, other_)) {
  for (std::size_t i = 0; i + 1 < values_.size(); ++i) {
    densities_.push_back((values_[i] - values_[i + 1]) / (grid_.times[i + 1] - grid_.times[i]));
    overshoot_ = std::max({overshoot_, values_[i + 1] - 1, -values_[i + 1]});
  }
  lowest_density_ = *std::ranges::min_element(densities_);
}

std::size_t ExcursionLaw::cell_of(double t) const {
  const auto& times = grid_.times;
  return static_cast<std::size_t>(std::upper_bound(times.begin() + 1, times.end() - 1, t) - times.begin()) -
         1;
}

double ExcursionLaw::survival(double t) const {
  const double end = grid_.times.back();
  if (t <= 0) return 1;
  if (t <= end) {
    const std::size_t i = cell_of(t);
    return values_[i] - densities_[i] * (t - grid_.times[i]);
  }
  return values_.back() *
         (exponent_.theta ? std::exp(-*exponent_.theta * (t - end)) : other_(t) / other_(end));
}

double ExcursionLaw::cdf(double t) const { return 1 - survival(t); }

double ExcursionLaw::pdf(double t) const {
  const std::vector<double>& times = grid_.times;
  const double end = times.back();
  if (t < 0) return 0;
  if (t > end) {
    if (exponent_.theta) return *exponent_.theta * survival(t);
    const double h = times[1];
    return (survival(t) - survival(t + h)) / h;
  }
  // Linear between the middles of the cells.
  const auto middle = [&](std::size_t i) { return (times[i] + times[i + 1]) / 2; };
  std::size_t i = cell_of(t);
  if (t < middle(i) && i > 0) --i;
  i = std::min(i, densities_.size() - 2);
  const double x = (t - middle(i)) / (middle(i + 1) - middle(i));
  return densities_[i] + x * (densities_[i + 1] - densities_[i]);
}

double ExcursionLaw::quantile(double p) const {
  if (!(p >= 0 && p < 1)) throw InvalidInput("quantile: p must be in [0, 1), found {}", p);
  if (1 - p >= values_.back()) {
    const auto after = std::lower_bound(values_.begin() + 1, values_.end() - 1, 1 - p, std::greater<>());
    const auto i = static_cast<std::size_t>(after - values_.begin()) - 1;
    return grid_.times[i] + (densities_[i] > 0 ? (values_[i] - (1 - p)) / densities_[i] : 0);
  }
  const double end = grid_.times.back(), share = (1 - p) / values_.back();
  if (exponent_.theta) return end - std::log(share) / *exponent_.theta;
  return other_.inverse(share * other_(end) / other_.mass());
}

double ExcursionLaw::mean() const {
  const double p = own_.mass() / 2;
  return own_.integral() / own_.mass() + (1 / p - 1) * other_.integral() / other_.mass();
}

double ExcursionLaw::variance() const {
  const double p = own_.mass() / 2, parts = 1 / p - 1;
  const double x = own_.integral() / own_.mass(), y = other_.integral() / other_.mass();
  const double own = 2 * own_.first_moment() / own_.mass() - x * x;
  const double other = 2 * other_.first_moment() / other_.mass() - y * y;
  return own + parts * other + parts / p * y * y;
}

double ExcursionLaw::draw(Stream& random) const {
  const double p = own_.mass() / 2;
  double t = own_.inverse(1 - uniform(random));
  while (uniform(random) >= p) t += other_.inverse(1 - uniform(random));
  return t;
}

std::vector<double> ExcursionLaw::sample(std::int64_t count, Seed seed) const {
  std::vector<double> draws(static_cast<std::size_t>(count));
  parallel_for((count + draws_per_stream - 1) / draws_per_stream, [&](std::int64_t block) {
    Stream random(seed, lane("excursion law"), static_cast<std::uint64_t>(block));
    const std::int64_t to = std::min(count, (block + 1) * draws_per_stream);
    for (std::int64_t i = block * draws_per_stream; i < to; ++i)
      draws[static_cast<std::size_t>(i)] = draw(random);
  });
  return draws;
}

}  // namespace lehr::stats
