#include "lehr/spin/memory/dense_hopfield.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/spin/memory/krawtchouk.hpp"
#include "lehr/spin/memory/memory_kernels.hpp"

namespace lehr::spin {

DenseHopfield::DenseHopfield(SignPatterns patterns, int order)
    : patterns_(std::move(patterns)), order_(order) {
  if (order < 2 || order > patterns_.sites())
    throw InvalidInput("order: the interaction order must be in [2, {}] (the number of spins), found {}",
                       patterns_.sites(), order);
  if (patterns_.patterns() < 1) throw InvalidInput("patterns: a network needs at least one pattern");
  scale_ = std::pow(static_cast<double>(size()), 1 - order);
  polynomial_ = krawtchouk_table(order, size());
  fill_tables();
}

double DenseHopfield::load() const { return static_cast<double>(patterns_.patterns()) * scale_; }

void DenseHopfield::fill_tables() {
  const auto n = static_cast<std::size_t>(size());
  double largest = 0;
  for (std::size_t d = 0; d <= n; ++d) {
    // No flip leads beyond 0 or N, so the missing neighbour may be any number.
    const double before = polynomial_[d > 0 ? d - 1 : 1], after = polynomial_[d < n ? d + 1 : n - 1];
    odd_.push_back(0.5 * (after - before));
    even_.push_back(0.5 * (after + before) - polynomial_[d]);
    largest = std::max({largest, std::abs(odd_.back()), std::abs(even_.back())});
  }
  if (largest >= 0x1.0p27) return;
  exact_odd_.assign(odd_.begin(), odd_.end());
  exact_even_.assign(even_.begin(), even_.end());
  largest_ = static_cast<std::int32_t>(largest);
}

DenseHopfield::Configuration DenseHopfield::configuration(std::span<const std::int8_t> spins) const {
  if (spins.size() != static_cast<std::size_t>(size()))
    throw InvalidInput("a configuration of this network has {} spins, found {}", size(), spins.size());
  Configuration made;
  made.spins.assign(spins.begin(), spins.end());
  made.disagreements = patterns_.disagreements(spins);
  recount(made);
  return made;
}

void DenseHopfield::recount(Configuration& c) const {
  if (exact_odd_.empty()) {
    c.wide_odd.resize(c.disagreements.size());
    c.wide_even_sum = 0;
    for (std::size_t mu = 0; mu < c.disagreements.size(); ++mu) {
      const auto d = static_cast<std::size_t>(c.disagreements[mu]);
      c.wide_odd[mu] = odd_[d];
      c.wide_even_sum += even_[d];
    }
    return;
  }
  c.odd.clear();
  c.odd_sum = c.even_sum = 0;
  for (const std::int32_t d : c.disagreements) {
    c.odd.push_back(exact_odd_[static_cast<std::size_t>(d)]);
    c.odd_sum += c.odd.back();
    c.even_sum += exact_even_[static_cast<std::size_t>(d)];
  }
}

double DenseHopfield::flip_cost(const Configuration& c, Index site) const {
  const std::span<const std::uint64_t> bits = patterns_.plane(site);
  const double spin = c.spins[static_cast<std::size_t>(site)];
  if (!exact_odd_.empty()) {
    const std::int64_t signed_sum = 2 * memory::sum_where_set(bits, c.odd, largest_) - c.odd_sum;
    return -scale_ * (static_cast<double>(c.even_sum) + spin * static_cast<double>(signed_sum));
  }
  double signed_sum = 0;
  for (std::size_t mu = 0; mu < c.wide_odd.size(); ++mu)
    signed_sum += ((bits[mu / 64] >> (mu % 64)) & 1U) != 0 ? c.wide_odd[mu] : -c.wide_odd[mu];
  return -scale_ * (c.wide_even_sum + spin * signed_sum);
}

void DenseHopfield::flip(Configuration& c, Index site) const {
  const std::span<const std::uint64_t> bits = patterns_.plane(site);
  std::int8_t& spin = c.spins[static_cast<std::size_t>(site)];
  if (!exact_odd_.empty()) {
    const memory::TableSums sums = memory::shift_counts({.order = order_,
                                                         .step = spin,
                                                         .bits = bits,
                                                         .counts = c.disagreements,
                                                         .weights = c.odd,
                                                         .odd = exact_odd_,
                                                         .even = exact_even_},
                                                        largest_);
    c.odd_sum = sums.odd;
    c.even_sum = sums.even;
  } else {
    for (std::size_t mu = 0; mu < c.disagreements.size(); ++mu)
      c.disagreements[mu] += ((bits[mu / 64] >> (mu % 64)) & 1U) != 0 ? spin : -spin;
    recount(c);
  }
  spin = static_cast<std::int8_t>(-spin);
}

double DenseHopfield::energy(const Configuration& c) const {
  double sum = 0;
  for (const std::int32_t d : c.disagreements) sum += polynomial_[static_cast<std::size_t>(d)];
  return -scale_ * sum;
}

std::vector<double> DenseHopfield::overlaps(const Configuration& c) const {
  std::vector<double> overlaps;
  overlaps.reserve(c.disagreements.size());
  for (const std::int32_t d : c.disagreements) overlaps.push_back(1 - 2.0 * d / size());
  return overlaps;
}

}  // namespace lehr::spin
