#include "lehr/report/label_placement.hpp"

#include <algorithm>
#include <numeric>

namespace lehr::report {

namespace {

struct Pool {
  double sum = 0;
  std::size_t count = 0;
  double mean() const { return sum / static_cast<double>(count); }
};

// The non-decreasing sequence nearest to `values`.
std::vector<double> isotonic(const std::vector<double>& values) {
  std::vector<Pool> pools;
  for (const double value : values) {
    pools.push_back({value, 1});
    while (pools.size() > 1 && pools[pools.size() - 2].mean() > pools.back().mean()) {
      const Pool last = pools.back();
      pools.pop_back();
      pools.back().sum += last.sum;
      pools.back().count += last.count;
    }
  }
  std::vector<double> fitted;
  for (const Pool& pool : pools) fitted.insert(fitted.end(), pool.count, pool.mean());
  return fitted;
}

}  // namespace

std::vector<double> spread(const std::vector<double>& wanted, double gap, double low, double high) {
  const std::size_t count = wanted.size();
  if (count == 0) return {};
  if (count > 1) gap = std::min(gap, (high - low) / static_cast<double>(count - 1));
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return wanted[a] < wanted[b]; });
  std::vector<double> shifted(count);
  for (std::size_t i = 0; i < count; ++i) shifted[i] = wanted[order[i]] - static_cast<double>(i) * gap;
  const std::vector<double> fitted = isotonic(shifted);
  const double last_start = high - static_cast<double>(count - 1) * gap;
  std::vector<double> placed(count);
  for (std::size_t i = 0; i < count; ++i)
    placed[order[i]] = std::clamp(fitted[i], low, std::max(low, last_start)) + static_cast<double>(i) * gap;
  return placed;
}

}  // namespace lehr::report
