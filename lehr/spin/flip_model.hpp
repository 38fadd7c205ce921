// One sweep kernel over "a model with a flip cost": whatever can say what flipping one spin costs can be
// annealed, sampled and tempered. IsingModel, k-local polynomials and the associative memories of this room
// are flip models.
//
// This is the general scalar path, O(1) a proposal plus the model's cost of an accepted flip; lane_sweep.hpp
// holds the fast path for many reads of one Ising model.
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <span>
#include <vector>

#include "lehr/core/random.hpp"
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

enum class Rule { metropolis, heat_bath };
enum class Order { sequential, random };

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

// size() proposals at inverse temperature beta (0 <= beta <= infinity), one number of `random` each where the
// answer is open (two with Order::random). At beta = infinity Metropolis accepts what does not raise the
// energy.
template <FlipModel M>
SweepCounts sweep(const M& model, typename M::Configuration& configuration, double beta, Stream& random,
                  Rule rule = Rule::metropolis, Order order = Order::sequential) {
  SweepCounts counts;
  const Index n = static_cast<Index>(model.size());
  for (Index k = 0; k < n; ++k) {
    const Index i = order == Order::random ? static_cast<Index>(uniform_index(random, n)) : k;
    const double change = model.flip_cost(configuration, i);
    const double cost = change == 0 ? 0 : beta * change;  // infinity times 0 is 0 here
    const bool open = rule == Rule::heat_bath || cost > 0;
    if (cost > 44.36) continue;  // accepted less often than once in 2^64
    if (open && uniform(random) >= acceptance(rule, cost)) continue;
    model.flip(configuration, i);
    ++counts.accepted;
    counts.energy_change += change;
  }
  counts.proposed = n;
  return counts;
}

// An Ising model with cached local fields: flip_cost O(1), flip O(degree). The fields drift by rounding when
// weights are not integers: `refresh` recomputes them; do so every 10^4 sweeps or so.
class IsingFlips {
 public:
  struct Configuration {
    Spins spins;
    std::vector<double> fields;  // h_i + sum_j J_ij s_j
  };

  explicit IsingFlips(const IsingModel& model) : model_(&model) {}  // `model` must outlive this
  Index size() const { return model_->size(); }
  Configuration configuration(std::span<const std::int8_t> spins) const {
    Configuration made{Spins(spins.begin(), spins.end()), {}};
    refresh(made);
    return made;
  }
  void refresh(Configuration& c) const {
    c.fields.resize(c.spins.size());
    for (Index i = 0; i < size(); ++i)
      c.fields[static_cast<std::size_t>(i)] = model_->local_field(c.spins, i);
  }
  double flip_cost(const Configuration& c, Index i) const {
    const auto at = static_cast<std::size_t>(i);
    return -2.0 * c.spins[at] * c.fields[at];
  }
  void flip(Configuration& c, Index i) const {
    const auto at = static_cast<std::size_t>(i);
    const double twice = -2.0 * c.spins[at];
    const auto neighbours = model_->neighbours(i);
    const auto weights = model_->weights(i);
    for (std::size_t k = 0; k < neighbours.size(); ++k)
      c.fields[static_cast<std::size_t>(neighbours[k])] += twice * weights[k];
    c.spins[at] = static_cast<std::int8_t>(-c.spins[at]);
  }

 private:
  const IsingModel* model_;
};

}  // namespace lehr::spin
