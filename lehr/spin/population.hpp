// The copies that population annealing cools together: configurations of any energy model, one after another, or, of
// an Ising model, reads in SIMD lanes (reads.hpp), which is many times faster. Both offer
//
//   energies()                             of all copies, offset included
//   replace(ancestors)                     copy j becomes one of copy ancestors[j]; ancestors keep their place
//   sweep(beta, rule, sweeps, now, E)      sweeps of every copy; updates the energies E, returns the share accepted
//   spins(j)                               of copy j
//   rounding()                             by how much an energy may differ from the model's
#pragma once

#include <cstdint>
#include <numeric>
#include <span>
#include <type_traits>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/core/moment.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/core/state_io.hpp"
#include "lehr/spin/best_states.hpp"
#include "lehr/spin/flip_model.hpp"
#include "lehr/spin/reads.hpp"

namespace lehr::spin {

template <EnergyModel M>
class ConfigurationPopulation {
 public:
  // `count` copies of `model`, which must outlive this, with independent fair spins.
  ConfigurationPopulation(const M& model, std::int64_t count, const Moment& now) : model_(&model) {
    const Stream random = now.random(lane("start"));
    Spins spins(static_cast<std::size_t>(model.size()));
    for (std::int64_t j = 0; j < count; ++j) {
      Stream own = read_stream(random, j);
      randomise(spins, own);
      copies_.push_back(model.configuration(spins));
    }
  }

  std::vector<double> energies() const {
    std::vector<double> found;
    for (const auto& copy : copies_) found.push_back(model_->energy(copy.spins));
    return found;
  }

  void replace(std::span<const std::int64_t> ancestors) {
    parallel_for(
        static_cast<std::int64_t>(ancestors.size()),
        [&](std::int64_t j) {
          const auto to = static_cast<std::size_t>(j), from = static_cast<std::size_t>(ancestors[to]);
          if (from != to) copies_[to] = copies_[from];
        },
        64);
  }

  double sweep(double beta, Rule rule, std::int64_t sweeps, const Moment& now, std::span<double> energies) {
    const Stream random = now.random(lane("sweep"));
    std::vector<std::int64_t> accepted(copies_.size(), 0);
    parallel_for(
        static_cast<std::int64_t>(copies_.size()),
        [&](std::int64_t j) {
          const auto at = static_cast<std::size_t>(j);
          Stream own = read_stream(random, j);
          for (std::int64_t k = 0; k < sweeps; ++k) {
            const SweepCounts counts = spin::sweep(*model_, copies_[at], beta, own, rule);
            energies[at] += counts.energy_change;
            accepted[at] += counts.accepted;
          }
        },
        std::max<std::int64_t>(1, proposals_per_task / (sweeps * static_cast<std::int64_t>(model_->size()))));
    const auto total = std::accumulate(accepted.begin(), accepted.end(), std::int64_t{0});
    return static_cast<double>(total) / (static_cast<double>(copies_.size()) * static_cast<double>(sweeps) *
                                         static_cast<double>(model_->size()));
  }

  Spins spins(std::size_t j) const { return {copies_[j].spins.begin(), copies_[j].spins.end()}; }
  double rounding() const { return 0; }

  template <class Visitor>
  void fields(Visitor& visit) {
    std::vector<std::int8_t> packed;
    for (const auto& copy : copies_) packed.insert(packed.end(), copy.spins.begin(), copy.spins.end());
    const std::size_t size = packed.size();
    visit("spins", packed);
    if constexpr (!std::is_same_v<Visitor, StateWriter>) {
      const auto n = static_cast<std::size_t>(model_->size());
      if (packed.size() != size)
        throw InvalidInput("checkpoint: {} spins, but the run has {}", packed.size(), size);
      for (std::size_t j = 0; j < copies_.size(); ++j)
        copies_[j] = model_->configuration(std::span<const std::int8_t>(packed).subspan(j * n, n));
    }
  }

 private:
  static constexpr std::int64_t proposals_per_task = 20'000;  // the least work worth a thread's while

  const M* model_;
  std::vector<typename M::Configuration> copies_;
};

class LanePopulation {
 public:
  LanePopulation(const IsingModel& model, std::int64_t count, const Moment& now)
      : reads_(std::make_shared<const ReadModel>(model, count), count, now.seed) {}

  std::vector<double> energies() const { return reads_.energies(); }
  void replace(std::span<const std::int64_t> ancestors) { reads_.replace(ancestors); }
  double sweep(double beta, Rule rule, std::int64_t sweeps, const Moment& now, std::span<double> energies) {
    double accepted = 0;
    for (std::int64_t k = 0; k < sweeps; ++k)
      accepted += reads_.sweep(beta, rule, now.seed, now.step * sweeps + k);
    std::ranges::copy(reads_.energies(), energies.begin());
    return accepted / static_cast<double>(sweeps);
  }
  Spins spins(std::size_t j) const { return reads_.spins(static_cast<std::int64_t>(j)); }
  double rounding() const { return reads_.model().rounding(); }

  template <class Visitor>
  void fields(Visitor& visit) {
    reads_.fields(visit);
  }

 private:
  Reads reads_;
};

// What a model's populations are: lanes for Ising models, configurations for all others.
template <class M>
struct PopulationOf {
  using Type = ConfigurationPopulation<M>;
};
template <>
struct PopulationOf<IsingModel> {
  using Type = LanePopulation;
};

}  // namespace lehr::spin
