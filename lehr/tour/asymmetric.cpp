#include "lehr/tour/asymmetric.hpp"

#include <algorithm>

#include "lehr/core/errors.hpp"

namespace lehr::tour {

SymmetricForm symmetric_form(const std::vector<double>& costs, City cities, std::string name) {
  if (cities < 2) throw InvalidInput("tour: {} cities; a directed tour needs at least 2", cities);
  const auto n = static_cast<std::size_t>(cities);
  if (costs.size() != n * n)
    throw InvalidInput("tour: {} entries are not a table of {} x {}", costs.size(), cities, cities);
  double largest = 0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      if (i == j) continue;
      const double c = costs[i * n + j];
      if (!(c >= 0) || !std::isfinite(c))
        throw InvalidInput("tour: the cost from city {} to city {} is {}", i + 1, j + 1, c);
      largest = std::max(largest, c);
    }
  // No change of the n arcs can pay for one more of them.
  const double m = static_cast<double>(n) * (largest + 1), never = 4 * static_cast<double>(n) * m;
  std::vector<double> table(4 * n * n, never);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      const double d = i == j ? 0 : costs[i * n + j] + m;
      table[i * 2 * n + n + j] = table[(n + j) * 2 * n + i] = d;
    }
  return {with_table(std::move(table), 2 * cities, std::move(name)), static_cast<double>(n) * m};
}

Order directed_order(const Order& symmetric) {
  const auto n = static_cast<City>(symmetric.size() / 2);
  const std::size_t size = symmetric.size();
  // Start at the exit of city 0 and walk away from its entrance.
  const auto start =
      static_cast<std::size_t>(std::find(symmetric.begin(), symmetric.end(), City{0}) - symmetric.begin());
  const bool forward = symmetric[(start + size - 1) % size] == n;
  Order order = {0};
  for (std::size_t k = 1; k < size; k += 2) {
    const auto at = [&](std::size_t step) {
      return symmetric[forward ? (start + step) % size : (start + size - step) % size];
    };
    const City entrance = at(k), exit = k + 1 < size ? at(k + 1) : 0;
    if (entrance != exit + n)
      throw NumericalFailure("tour: the entrance of city {} is not beside its exit", exit + 1);
    if (exit != 0) order.push_back(exit);
  }
  return order;
}

double directed_length(const std::vector<double>& costs, City cities, const Order& order) {
  double sum = 0;
  for (std::size_t i = 0; i < order.size(); ++i)
    sum += costs[static_cast<std::size_t>(order[i]) * static_cast<std::size_t>(cities) +
                 static_cast<std::size_t>(order[(i + 1) % order.size()])];
  return sum;
}

}  // namespace lehr::tour
