#include "lehr/spin/memory/elementary_symmetric.hpp"

#include <cstddef>

namespace lehr::spin {

std::vector<double> elementary_symmetric(std::span<const double> values, int order) {
  std::vector<double> e(static_cast<std::size_t>(order) + 1, 0.0);
  e[0] = 1;
  for (const double y : values)
    for (std::size_t k = e.size() - 1; k > 0; --k) e[k] += y * e[k - 1];
  return e;
}

std::vector<double> elementary_from_power_sums(std::span<const double> power_sums) {
  std::vector<double> e(power_sums.size() + 1, 0.0);
  e[0] = 1;
  for (std::size_t k = 1; k < e.size(); ++k) {
    double sum = 0;
    for (std::size_t j = 1; j <= k; ++j) sum += (j % 2 == 1 ? 1 : -1) * e[k - j] * power_sums[j - 1];
    e[k] = sum / static_cast<double>(k);
  }
  return e;
}

}  // namespace lehr::spin
