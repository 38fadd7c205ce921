#include "lehr/spin/memory/krawtchouk.hpp"

#include "lehr/core/errors.hpp"

namespace lehr::spin {

std::vector<double> krawtchouk_table(int order, int size) {
  if (size < 1 || size > 10'000'000) throw InvalidInput("size: must be in [1, 10000000], found {}", size);
  if (order < 1 || order > size)
    throw InvalidInput("order: the interaction order must be in [1, {}] (the number of spins), found {}",
                       size, order);
  std::vector<double> table;
  table.reserve(static_cast<std::size_t>(size) + 1);
  for (int d = 0; d <= size; ++d) {
    const long double sum = size - 2.0L * d;
    long double before = 1, value = sum;
    for (int k = 1; k < order; ++k) {
      const long double next = (sum * value - (size - k + 1.0L) * before) / (k + 1);
      before = value, value = next;
    }
    table.push_back(static_cast<double>(value));
  }
  return table;
}

}  // namespace lehr::spin
