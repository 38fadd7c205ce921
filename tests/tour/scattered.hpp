// Instances for tests: uniform cities under every rule, and tables.
#pragma once

#include <random>
#include <vector>

#include "lehr/tour/instance.hpp"

namespace lehr::tour {

inline std::vector<double> scattered(int cities, int dimension, unsigned seed, double width = 1000) {
  std::mt19937_64 random(seed);
  std::vector<double> x(static_cast<std::size_t>(cities * dimension));
  for (double& value : x) value = static_cast<double>(random() >> 11) * 0x1.0p-53 * width;
  return x;
}

// One instance under each rule, and a table whose entries obey no triangle inequality.
inline std::vector<Instance> one_of_each(int cities, unsigned seed) {
  std::vector<Instance> all;
  for (const Metric metric :
       {Metric::euclidean, Metric::euc_2d, Metric::ceil_2d, Metric::att, Metric::man_2d, Metric::max_2d})
    all.push_back(with_positions(scattered(cities, 2, seed), 2, metric));
  all.push_back(with_positions(scattered(cities, 2, seed, 80), 2, Metric::geo));
  for (const Metric metric : {Metric::euclidean, Metric::euc_3d, Metric::man_3d, Metric::max_3d})
    all.push_back(with_positions(scattered(cities, 3, seed), 3, metric));
  const std::vector<double> numbers = scattered(cities, cities, seed);
  std::vector<double> table(numbers.size());
  const auto n = static_cast<std::size_t>(cities);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < i; ++j) table[i * n + j] = table[j * n + i] = numbers[i * n + j];
  all.push_back(with_table(table, cities));
  return all;
}

}  // namespace lehr::tour
