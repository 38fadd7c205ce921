#include "lehr/stats/multiple_testing.hpp"

#include <algorithm>
#include <numeric>

#include "lehr/core/errors.hpp"

namespace lehr::stats {
namespace {

// The indexes of `p` from the smallest value to the largest.
std::vector<std::size_t> ascending(std::span<const double> p) {
  for (std::size_t i = 0; i < p.size(); ++i)
    if (!(p[i] >= 0 && p[i] <= 1))
      throw InvalidInput("p-value {} of {} must be in [0, 1], found {}", i + 1, p.size(), p[i]);
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  return order;
}

}  // namespace

std::vector<double> holm(std::span<const double> p) {
  const std::vector<std::size_t> order = ascending(p);
  std::vector<double> adjusted(p.size());
  double largest = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const double factor = static_cast<double>(order.size() - i);
    largest = std::max(largest, std::min(1.0, factor * p[order[i]]));
    adjusted[order[i]] = largest;
  }
  return adjusted;
}

std::vector<double> benjamini_hochberg(std::span<const double> p) {
  const std::vector<std::size_t> order = ascending(p);
  std::vector<double> adjusted(p.size());
  double smallest = 1;
  for (std::size_t i = order.size(); i-- > 0;) {
    const double factor = static_cast<double>(order.size()) / static_cast<double>(i + 1);
    smallest = std::min(smallest, factor * p[order[i]]);
    adjusted[order[i]] = smallest;
  }
  return adjusted;
}

}  // namespace lehr::stats
