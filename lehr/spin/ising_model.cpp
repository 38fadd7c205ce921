#include "lehr/spin/ising_model.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lehr/core/errors.hpp"

namespace lehr::spin {

namespace {

void check(const Coupling& coupling, std::int64_t number, Index size) {
  const auto [i, j, weight] = coupling;
  if (i < 0 || j < 0 || i >= size || j >= size)
    throw InvalidInput("coupling {}: spins {} and {}, but the model has spins 0 to {}", number, i, j,
                       size - 1);
  if (i == j) throw InvalidInput("coupling {}: couples spin {} to itself", number, i);
  if (!std::isfinite(weight))
    throw InvalidInput("coupling {} of spins {} and {}: weight {} is not finite", number, i, j, weight);
}

bool is_small_integer(double value) { return value == std::round(value) && std::abs(value) < 0x1p31; }

}  // namespace

IsingModel::IsingModel(std::vector<double> fields, std::span<const Coupling> couplings, double offset)
    : fields_(std::move(fields)), offset_(offset) {
  const Index n = size();
  for (Index i = 0; i < n; ++i)
    if (!std::isfinite(field(i))) throw InvalidInput("field of spin {}: {} is not finite", i, field(i));
  if (!std::isfinite(offset)) throw InvalidInput("offset {} is not finite", offset);

  // Counting sort by the first spin of each directed coupling, then each row by its second spin.
  starts_.assign(static_cast<std::size_t>(n) + 1, 0);
  std::int64_t number = 0;
  for (const Coupling& coupling : couplings) {
    check(coupling, number++, n);
    ++starts_[static_cast<std::size_t>(coupling.i) + 1];
    ++starts_[static_cast<std::size_t>(coupling.j) + 1];
  }
  for (std::size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
  neighbours_.resize(2 * couplings.size());
  weights_.resize(2 * couplings.size());
  std::vector<std::int64_t> next(starts_.begin(), starts_.end() - 1);
  const auto place = [&](Index i, Index j, double weight) {
    const auto at = static_cast<std::size_t>(next[static_cast<std::size_t>(i)]++);
    neighbours_[at] = j, weights_[at] = weight;
  };
  for (const auto& [i, j, weight] : couplings) place(i, j, weight), place(j, i, weight);

  std::vector<std::pair<Index, double>> sorted;
  std::size_t kept = 0;
  std::int64_t begin = 0;
  for (Index i = 0; i < n; ++i) {
    const std::int64_t end = starts_[static_cast<std::size_t>(i) + 1];
    sorted.clear();
    for (auto k = static_cast<std::size_t>(begin); k < static_cast<std::size_t>(end); ++k)
      sorted.emplace_back(neighbours_[k], weights_[k]);
    // Equal neighbours keep the order of the input, so both rows of a pair sum its weights alike.
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t k = 0; k < sorted.size();) {
      const Index j = sorted[k].first;
      double weight = 0;
      for (; k < sorted.size() && sorted[k].first == j; ++k) weight += sorted[k].second;
      if (weight != 0) neighbours_[kept] = j, weights_[kept] = weight, ++kept;
    }
    begin = end;
    starts_[static_cast<std::size_t>(i) + 1] = static_cast<std::int64_t>(kept);
  }
  neighbours_.resize(kept);
  weights_.resize(kept);
}

Index IsingModel::max_degree() const {
  Index most = 0;
  for (Index i = 0; i < size(); ++i) most = std::max(most, degree(i));
  return most;
}

double IsingModel::local_field(std::span<const std::int8_t> spins, Index i) const {
  const auto others = neighbours(i);
  const auto weight = weights(i);
  double sum = field(i);
  for (std::size_t k = 0; k < others.size(); ++k)
    sum += weight[k] * spins[static_cast<std::size_t>(others[k])];
  return sum;
}

double IsingModel::energy(std::span<const std::int8_t> spins) const {
  // H = offset + sum_i s_i (h_i + field felt by i) / 2: each coupling is met twice.
  double sum = 0;
  for (Index i = 0; i < size(); ++i)
    sum += spins[static_cast<std::size_t>(i)] * (field(i) + local_field(spins, i));
  return offset_ + 0.5 * sum;
}

double IsingModel::reach(Index i) const {
  double sum = std::abs(field(i));
  for (const double weight : weights(i)) sum += std::abs(weight);
  return sum;
}

double IsingModel::largest_reach() const {
  double most = 0;
  for (Index i = 0; i < size(); ++i) most = std::max(most, reach(i));
  return most;
}

double IsingModel::sum_of_weights() const {
  double sum = 0;
  for (Index i = 0; i < size(); ++i) sum += 0.5 * (reach(i) + std::abs(field(i)));
  return sum;
}

bool IsingModel::integral() const {
  return std::ranges::all_of(fields_, is_small_integer) && std::ranges::all_of(weights_, is_small_integer);
}

}  // namespace lehr::spin
