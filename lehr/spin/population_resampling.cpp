#include "lehr/spin/population_resampling.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace lehr::spin {

std::vector<std::int64_t> systematic_copies(std::span<const double> weights, double u) {
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  const double count = static_cast<double>(weights.size());
  std::vector<std::int64_t> copies(weights.size());
  double sum = 0;
  std::int64_t before = 0;  // numbers u + k below the cumulative share
  for (std::size_t i = 0; i < weights.size(); ++i) {
    sum += weights[i];
    const double edge = i + 1 == weights.size() ? count : count * (sum / total);
    const auto below = static_cast<std::int64_t>(std::ceil(std::clamp(edge - u, 0.0, count)));
    copies[i] = std::max<std::int64_t>(0, below - before);
    before = std::max(before, below);
  }
  return copies;
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

FamilyStatistics family_statistics(std::span<const std::int64_t> family) {
  std::vector<std::int64_t> members(family.size(), 0);
  for (const std::int64_t f : family) ++members[static_cast<std::size_t>(f)];
  const double count = static_cast<double>(family.size());
  FamilyStatistics result;
  for (const std::int64_t size : members) {
    if (size == 0) continue;
    const double share = static_cast<double>(size) / count;
    ++result.families;
    result.entropy -= share * std::log(share);
    result.rho += count * share * share;
  }
  return result;
}

double family_error(std::span<const double> values, std::span<const std::int64_t> family) {
  const double count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  std::vector<double> deviation(values.size(), 0.0);
  for (std::size_t j = 0; j < values.size(); ++j)
    deviation[static_cast<std::size_t>(family[j])] += values[j] - mean;
  double squares = 0;
  for (const double sum : deviation) squares += sum * sum;
  return std::sqrt(squares) / count;
}

}  // namespace lehr::spin
