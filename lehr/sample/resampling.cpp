#include "lehr/sample/resampling.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "lehr/core/errors.hpp"

namespace lehr::sample {
namespace {

// The sum of the weights.
double checked_total(std::span<const double> weights, std::int64_t count) {
  double total = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!(weights[i] >= 0 && std::isfinite(weights[i])))
      throw InvalidInput("resampling: weight {} must be finite and at least 0, found {}", i, weights[i]);
    total += weights[i];
  }
  if (!(total > 0)) throw InvalidInput("resampling: all {} weights are 0", weights.size());
  if (count < 1) throw InvalidInput("resampling: the number of copies must be at least 1, found {}", count);
  return total;
}

// Copies by points of [0, 1) in ascending order: member i gets those that lie below its cumulative share and not below the last.
// A point that rounding leaves beyond the last share belongs to the last member of weight above 0.
template <class NextPoint>
std::vector<std::int64_t> copies_by_points(std::span<const double> weights, double total, std::int64_t count,
                                           NextPoint next_point) {
  std::vector<std::int64_t> copies(weights.size());
  std::size_t last = weights.size() - 1;
  while (weights[last] == 0) --last;
  std::size_t member = 0;
  double sum = weights[0];
  for (std::int64_t k = 0; k < count; ++k) {
    const double point = next_point(k) * total;
    while (member < last && !(point < sum)) sum += weights[++member];
    ++copies[member];
  }
  return copies;
}

// The order statistics of `count` uniform numbers are the partial sums of count + 1 exponentials over their total.
std::vector<std::int64_t> multinomial_copies(std::span<const double> weights, double total,
                                             std::int64_t count, Stream& random) {
  std::vector<double> points(static_cast<std::size_t>(count));
  double sum = 0;
  for (double& point : points) point = sum += exponential(random);
  sum += exponential(random);
  return copies_by_points(weights, total, count,
                          [&](std::int64_t k) { return points[static_cast<std::size_t>(k)] / sum; });
}

std::vector<std::int64_t> residual_copies(std::span<const double> weights, double total, std::int64_t count,
                                          Stream& random) {
  std::vector<std::int64_t> copies(weights.size());
  std::vector<double> rest(weights.size());
  std::int64_t left = count;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double expected = static_cast<double>(count) * (weights[i] / total);
    copies[i] = static_cast<std::int64_t>(expected);
    rest[i] = expected - static_cast<double>(copies[i]);
    left -= copies[i];
  }
  const double rest_total = std::accumulate(rest.begin(), rest.end(), 0.0);
  if (left <= 0 || !(rest_total > 0)) {
    // Rounding alone stands between the floors and `count`: the heaviest member pays or gains it.
    *std::ranges::max_element(copies) += left;
    return copies;
  }
  const auto more = multinomial_copies(rest, rest_total, left, random);
  for (std::size_t i = 0; i < copies.size(); ++i) copies[i] += more[i];
  return copies;
}

}  // namespace

const std::vector<std::string>& resampling_schemes() {
  static const std::vector<std::string> names{"systematic", "stratified", "residual", "multinomial"};
  return names;
}

Resampling resampling_named(std::string_view name) {
  const auto& names = resampling_schemes();
  const auto found = std::ranges::find(names, name);
  if (found == names.end())
    throw InvalidInput("resampling: no scheme is called {}{}", quote(name), hint(name, names));
  return static_cast<Resampling>(found - names.begin());
}

std::vector<std::int64_t> systematic_copies(std::span<const double> weights, std::int64_t count, double u) {
  const double total = checked_total(weights, count), places = static_cast<double>(count);
  std::size_t last = weights.size() - 1;
  while (weights[last] == 0) --last;
  std::vector<std::int64_t> copies(weights.size());
  double sum = 0;
  std::int64_t before = 0;  // numbers k + u below the cumulative share
  for (std::size_t i = 0; i <= last; ++i) {
    sum += weights[i];
    const double edge = i == last ? places : places * (sum / total);
    const auto below = std::clamp(static_cast<std::int64_t>(std::ceil(edge - u)), before, count);
    copies[i] = below - before;
    before = below;
  }
  return copies;
}

std::vector<std::int64_t> resampled_copies(Resampling scheme, std::span<const double> weights,
                                           std::int64_t count, Stream& random) {
  if (scheme == Resampling::systematic) return systematic_copies(weights, count, uniform(random));
  const double total = checked_total(weights, count);
  if (scheme == Resampling::residual) return residual_copies(weights, total, count, random);
  if (scheme == Resampling::multinomial) return multinomial_copies(weights, total, count, random);
  return copies_by_points(weights, total, count, [&](std::int64_t k) {
    return (static_cast<double>(k) + uniform(random)) / static_cast<double>(count);
  });
}

std::vector<std::int64_t> ancestors_in_order(std::span<const std::int64_t> copies) {
  std::vector<std::int64_t> ancestors;
  ancestors.reserve(static_cast<std::size_t>(std::accumulate(copies.begin(), copies.end(), std::int64_t{0})));
  for (std::size_t i = 0; i < copies.size(); ++i)
    ancestors.insert(ancestors.end(), static_cast<std::size_t>(copies[i]), static_cast<std::int64_t>(i));
  return ancestors;
}

std::vector<std::int64_t> ancestors_in_place(std::span<const std::int64_t> copies) {
  std::vector<std::int64_t> ancestors(copies.size());
  std::iota(ancestors.begin(), ancestors.end(), std::int64_t{0});
  std::size_t empty = 0;
  for (std::size_t i = 0; i < copies.size(); ++i)
    for (std::int64_t k = 1; k < copies[i]; ++k) {
      while (copies[empty] != 0) ++empty;
      ancestors[empty++] = static_cast<std::int64_t>(i);
    }
  return ancestors;
}

void shuffle(std::span<std::int64_t> values, Stream& random) {
  for (std::size_t k = values.size(); k > 1; --k)
    std::swap(values[k - 1],
              values[static_cast<std::size_t>(uniform_index(random, static_cast<std::int64_t>(k)))]);
}

}  // namespace lehr::sample
