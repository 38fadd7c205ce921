#include "lehr/stats/persistence/excursions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"

namespace lehr::stats {

void append_excursions(std::span<const double> series, double dt, double level, Excursions& excursions,
                       std::optional<double> begin_before) {
  if (series.empty()) return;
  if (!(dt > 0)) throw InvalidInput("excursions: the distance of the samples must be above 0, found {}", dt);
  const double end = static_cast<double>(series.size() - 1) * dt;
  const double limit = begin_before.value_or(std::numeric_limits<double>::infinity());
  std::optional<double> begin;  // of the excursion in progress
  double before = series[0] - level;
  for (std::size_t i = 1; i < series.size(); ++i) {
    const double now = series[i] - level;
    if ((before >= 0) != (now >= 0)) {
      const double crossing = (static_cast<double>(i - 1) + before / (before - now)) * dt;
      if (begin && *begin < limit)
        (before >= 0 ? excursions.above : excursions.below).push_back(crossing - *begin);
      begin = crossing;
      ++excursions.crossings;
    }
    before = now;
  }
  if (begin && *begin < limit)
    (before >= 0 ? excursions.censored_above : excursions.censored_below).push_back(end - *begin);
  excursions.duration += end;
}

double SurvivalCurve::at(double t) const {
  const auto after = std::upper_bound(time.begin(), time.end(), t);
  return after == time.begin() ? 1 : survival[static_cast<std::size_t>(after - time.begin()) - 1];
}

double SurvivalCurve::error_at(double t) const {
  const auto after = std::upper_bound(time.begin(), time.end(), t);
  return after == time.begin() ? 0 : standard_error[static_cast<std::size_t>(after - time.begin()) - 1];
}

SurvivalCurve product_limit(std::span<const double> complete, std::span<const double> censored) {
  if (complete.empty()) throw InvalidInput("survival: no excursion is complete");
  std::vector<double> ends(complete.begin(), complete.end()), cuts(censored.begin(), censored.end());
  std::ranges::sort(ends), std::ranges::sort(cuts);
  SurvivalCurve curve;
  double survival = 1, sum = 0;
  for (std::size_t i = 0, cut = 0; i < ends.size();) {
    const double t = ends[i];
    while (cut < cuts.size() && cuts[cut] < t) ++cut;
    const auto at_risk = static_cast<double>(ends.size() - i + cuts.size() - cut);
    const std::size_t first = i;
    while (i < ends.size() && ends[i] == t) ++i;
    const auto ended = static_cast<double>(i - first);
    survival *= 1 - ended / at_risk;
    sum += at_risk > ended ? ended / (at_risk * (at_risk - ended)) : 0;
    curve.time.push_back(t), curve.survival.push_back(survival);
    curve.standard_error.push_back(survival * std::sqrt(sum));
  }
  return curve;
}

TailRate tail_rate(std::span<const double> complete, std::span<const double> censored, double from) {
  TailRate tail{0, 0, 0};
  double time = 0;
  for (const double length : complete)
    if (length > from) time += length - from, ++tail.count;
  for (const double length : censored) time += std::max(0.0, length - from);
  const auto count = static_cast<double>(tail.count);
  tail.rate = tail.count > 0 ? count / time : std::numeric_limits<double>::quiet_NaN();
  tail.standard_error = tail.rate / std::sqrt(count);
  return tail;
}

}  // namespace lehr::stats
