// One sweep kernel over "a model with a flip cost": whatever can say what flipping one spin costs can be
// annealed, sampled and tempered. IsingModel, k-local polynomials and the associative memories of this room
// are flip models.
//
// This is the general scalar path, O(1) a proposal plus the model's cost of an accepted flip; reads.hpp
// holds the fast path for many reads of one Ising model.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/spin/energy_thresholds.hpp"
#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

// `Configuration` holds the spins and whatever the model caches to answer flip_cost in O(1) or near it.
//   configuration(spins)   the configuration of given spins
//   flip_cost(c, i)        the change of energy if spin i were flipped
//   flip(c, i)             flips spin i and updates what is cached
//   c.spins                the spins
template <class M>
concept FlipModel = requires(const M& model, typename M::Configuration& configuration,
                             std::span<const std::int8_t> spins, Index i) {
  { model.size() } -> std::convertible_to<Index>;
  { model.configuration(spins) } -> std::same_as<typename M::Configuration>;
  { model.flip_cost(configuration, i) } -> std::convertible_to<double>;
  {model.flip(configuration, i)};
  { configuration.spins } -> std::convertible_to<std::span<const std::int8_t>>;
};

// A model whose energy is known too: what can be tempered.
//   energy(spins)          H of the spins, all of it
// Resumed runs equal uninterrupted ones bit for bit where configuration(c.spins) equals c for every c that
// flips can reach; IsingFlips and PolynomialModel hold to that.
template <class M>
concept EnergyModel = FlipModel<M> && requires(const M& model, std::span<const std::int8_t> spins) {
  { model.energy(spins) } -> std::convertible_to<double>;
};

enum class Order { sequential, random };

// Fills `sites` with independent uniform draws from [0, n).
void draw_sites(Index n, Stream& random, std::span<Index> sites);

// The probability that a flip of cost `cost` (energy change times beta) is accepted.
// Metropolis min(1, e^-cost); heat bath 1 / (1 + e^cost).
inline double acceptance(Rule rule, double cost) {
  if (rule == Rule::heat_bath) return 1 / (1 + std::exp(cost));
  return cost <= 0 ? 1 : std::exp(-cost);
}

struct SweepCounts {
  std::int64_t proposed = 0, accepted = 0;
  double energy_change = 0;
};

// size() proposals at inverse temperature beta (0 <= beta <= infinity), accepted by thresholds drawn in
// blocks (energy_thresholds.hpp). At beta = infinity Metropolis accepts what does not raise the energy. At
// beta = 0 sequential Metropolis flips every spin: use the heat bath there, which makes each spin a fair
// coin.
template <FlipModel M>
SweepCounts sweep(const M& model, typename M::Configuration& configuration, double beta, Stream& random,
                  Rule rule = Rule::metropolis, Order order = Order::sequential) {
  constexpr Index block = 512;
  std::array<double, block> thresholds;
  std::array<Index, block> sites;
  SweepCounts counts;
  const Index n = static_cast<Index>(model.size());
  for (Index first = 0; first < n; first += block) {
    const auto count = static_cast<std::size_t>(std::min(block, n - first));
    draw_energy_thresholds(rule, beta, random, {thresholds.data(), count});
    if (order == Order::random) draw_sites(n, random, {sites.data(), count});
    for (std::size_t k = 0; k < count; ++k) {
      const Index i = order == Order::random ? sites[k] : first + static_cast<Index>(k);
      const double change = model.flip_cost(configuration, i);
      if (!(change <= thresholds[k])) continue;
      model.flip(configuration, i);
      ++counts.accepted;
      counts.energy_change += change;
    }
  }
  counts.proposed = n;
  return counts;
}

// An Ising model with cached local fields: flip_cost O(1), flip O(degree).
//
// Weights are rounded to multiples of a quantum, 2^-52 of the largest local field that a spin can feel or
// less, so that every sum of them is exact: the cached fields never drift, and a configuration made from its
// spins equals one that was reached by flips, bit for bit. Weights of few digits (integers, 0.25, ...) stay
// what they are.
class IsingFlips {
 public:
  struct Configuration {
    Spins spins;
    std::vector<double> fields;  // h_i + sum_j J_ij s_j
  };

  // `model` must outlive this. Throws InvalidInput when local fields overflow.
  explicit IsingFlips(const IsingModel& model);
  Index size() const { return model_->size(); }
  const IsingModel& model() const { return *model_; }
  // H of the spins, offset included.
  double energy(std::span<const std::int8_t> spins) const { return model_->energy(spins); }
  Configuration configuration(std::span<const std::int8_t> spins) const;
  // Recomputes the fields from the spins; O(couplings).
  void refresh(Configuration& c) const;
  double flip_cost(const Configuration& c, Index i) const {
    const auto at = static_cast<std::size_t>(i);
    return -2.0 * c.spins[at] * c.fields[at];
  }
  void flip(Configuration& c, Index i) const {
    const auto at = static_cast<std::size_t>(i);
    const double twice = -2.0 * c.spins[at];
    const auto neighbours = model_->neighbours(i);
    const double* const weights = this->weights(i);
    double* const fields = c.fields.data();
    if (neighbours.size() + 1 == c.spins.size()) {  // all others: no need to look up which
      add(fields, weights, twice, at);
      add(fields + at + 1, weights + at, twice, c.spins.size() - at - 1);
    } else {
      for (std::size_t k = 0; k < neighbours.size(); ++k)
        fields[static_cast<std::size_t>(neighbours[k])] += twice * weights[k];
    }
    c.spins[at] = static_cast<std::int8_t>(-c.spins[at]);
  }

 private:
  struct Exact {  // the rounded numbers, in the model's order
    std::vector<double> fields, weights;
  };
  static void add(double* fields, const double* weights, double factor, std::size_t count) {
    const auto size = static_cast<Eigen::Index>(count);
    Eigen::Map<Eigen::ArrayXd>(fields, size) += factor * Eigen::Map<const Eigen::ArrayXd>(weights, size);
  }
  const double* weights(Index i) const {
    const double* const of_model = model_->weights(i).data();
    return exact_ == nullptr ? of_model : exact_->weights.data() + (of_model - model_->weights(0).data());
  }

  const IsingModel* model_;
  std::shared_ptr<const Exact> exact_;  // null: the model's own numbers are exact
};

}  // namespace lehr::spin
