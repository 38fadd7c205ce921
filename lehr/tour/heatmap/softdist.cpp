#include "lehr/tour/heatmap/softdist.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/tour/neighbours.hpp"

namespace lehr::tour {

namespace {

constexpr double least_entry = 1e-4;

double area_of_spread(const Instance& instance) {
  const Neighbours nearest = nearest_neighbours(instance, 1);
  double sum = 0;
  for (City i = 0; i < instance.count; ++i) sum += instance.distance(i, nearest.of(i)[0]);
  const double mean = sum / instance.count;
  return 4 * mean * mean * instance.count;
}

double area_of(const Instance& instance) {
  const bool flat =
      instance.dimension == 2 && instance.metric != Metric::geo && instance.metric != Metric::matrix;
  if (!flat) return area_of_spread(instance);
  double low[2] = {instance.coordinates[0], instance.coordinates[1]}, high[2] = {low[0], low[1]};
  for (std::size_t k = 0; k < instance.coordinates.size(); ++k) {
    low[k % 2] = std::min(low[k % 2], instance.coordinates[k]);
    high[k % 2] = std::max(high[k % 2], instance.coordinates[k]);
  }
  const double area = (high[0] - low[0]) * (high[1] - low[1]);
  if (!(area > 0)) return area_of_spread(instance);
  return instance.metric == Metric::att ? area / 10 : area;  // att shrinks distances by sqrt(10)
}

// Distances to the neighbours of i, and log sum_k e^{-(d_k - d_0) / tau}.
struct SoftRow {
  std::vector<double> distances;
  double log_sum(double tau) const {
    double sum = 0;
    for (const double d : distances) sum += std::exp((distances.front() - d) / tau);
    return std::log(sum);
  }
};

SoftRow soft_row(const Instance& instance, const Neighbours& neighbours, City i) {
  SoftRow row;
  for (const City j : neighbours.of(i)) row.distances.push_back(instance.distance(i, j));
  return row;
}

// The rows of one instance and, for each end of the tour's edges, the place of the other end on its row
// (-1: beyond).
struct Ends {
  double scale;
  std::vector<SoftRow> rows;
  std::vector<std::pair<City, int>> hits;
};

Ends ends_of(const SolvedInstance& solved) {
  check_order(*solved.tour, solved.instance->count, "softdist");
  Ends ends{softdist_temperature(*solved.instance), {}, {}};
  const Neighbours neighbours = nearest_neighbours(*solved.instance, 50);
  for (City i = 0; i < solved.instance->count; ++i)
    ends.rows.push_back(soft_row(*solved.instance, neighbours, i));
  const auto add = [&](City from, City to) {
    const auto near = neighbours.of(from);
    const auto found = std::ranges::find(near, to);
    ends.hits.emplace_back(from, found == near.end() ? -1 : static_cast<int>(found - near.begin()));
  };
  for (std::size_t i = 0; i < solved.tour->size(); ++i) {
    const City a = (*solved.tour)[i], b = (*solved.tour)[(i + 1) % solved.tour->size()];
    add(a, b);
    add(b, a);
  }
  return ends;
}

double cross_entropy(const std::vector<Ends>& all, double factor) {
  double sum = 0;
  std::int64_t count = 0;
  for (const Ends& ends : all) {
    const double tau = factor * ends.scale;
    std::vector<double> log_sums;
    for (const SoftRow& row : ends.rows) log_sums.push_back(row.log_sum(tau));
    for (const auto& [city, place] : ends.hits) {
      const SoftRow& row = ends.rows[static_cast<std::size_t>(city)];
      double log_p = std::log(least_entry);
      if (place >= 0)
        log_p =
            std::max(log_p, (row.distances.front() - row.distances[static_cast<std::size_t>(place)]) / tau -
                                log_sums[static_cast<std::size_t>(city)]);
      sum -= log_p;
      ++count;
    }
  }
  return sum / static_cast<double>(count);
}

}  // namespace

double softdist_temperature(const Instance& instance) {
  const double area = area_of(instance);
  if (!(area > 0)) throw InvalidInput("softdist: all cities are at one place; give a temperature");
  if (instance.count == 500) return 0.0066 * std::sqrt(area);
  if (instance.count == 1000) return 0.0051 * std::sqrt(area);
  if (instance.count == 10000) return 0.0018 * std::sqrt(area);
  return 0.16 * std::sqrt(area / instance.count);
}

Heatmap softdist(const Instance& instance, double tau, int reach) {
  if (!(tau > 0) || !std::isfinite(tau))
    throw InvalidInput("softdist: temperature: found {}, expected above 0", tau);
  if (reach < 1 || reach > 50) throw InvalidInput("softdist: {} entries a row, expected 1 to 50", reach);
  const Neighbours neighbours = nearest_neighbours(instance, reach);
  std::vector<std::vector<HeatmapEntry>> rows(static_cast<std::size_t>(instance.count));
  for (City i = 0; i < instance.count; ++i) {
    const SoftRow row = soft_row(instance, neighbours, i);
    const double log_sum = row.log_sum(tau);
    for (std::size_t k = 0; k < row.distances.size(); ++k)
      rows[static_cast<std::size_t>(i)].push_back(
          {neighbours.of(i)[k], std::exp((row.distances.front() - row.distances[k]) / tau - log_sum)});
  }
  return heatmap_of_rows(std::move(rows), "softdist", "softdist");
}

double softdist_factor(std::span<const SolvedInstance> solved) {
  if (solved.empty()) throw InvalidInput("softdist: no solved instance to refine the temperature on");
  std::vector<Ends> all;
  for (const SolvedInstance& one : solved) all.push_back(ends_of(one));
  const double ratio = (std::sqrt(5.0) - 1) / 2;
  double low = -std::log(8.0), high = std::log(8.0);
  double left = high - ratio * (high - low), right = low + ratio * (high - low);
  double at_left = cross_entropy(all, std::exp(left)), at_right = cross_entropy(all, std::exp(right));
  while (high - low > 1e-4) {
    if (at_left <= at_right) {
      high = right, right = left, at_right = at_left;
      left = high - ratio * (high - low);
      at_left = cross_entropy(all, std::exp(left));
    } else {
      low = left, left = right, at_left = at_right;
      right = low + ratio * (high - low);
      at_right = cross_entropy(all, std::exp(right));
    }
  }
  return std::exp((low + high) / 2);
}

}  // namespace lehr::tour
