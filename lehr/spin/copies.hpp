// Copies of a model that are swept together, at one temperature (population annealing) or each at its own (parallel
// tempering): configurations of any energy model, one after another, or, of an Ising model, reads in SIMD lanes
// (reads.hpp), which is many times faster. Both offer
//
//   energies()                                        of all copies, offset included
//   replace(ancestors)                                copy j becomes one of copy ancestors[j]; ancestors keep their place
//   spread(sources)                                   as many copies as sources, copy j one of copy sources[j]
//   sweep(beta, rule, sweeps, now, E)                 sweeps of every copy; updates the energies E, returns the share of
//                                                     proposals that was accepted
//   sweep_each(betas, rule, sweeps, now, E, accepted) the same, copy j at betas[j]; accepted flips of each copy
//   spins(j)                                          of copy j
//   rounding()                                        by how much an energy may differ from the model's
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

enum class Temperatures { one, each };

template <EnergyModel M>
class ConfigurationCopies {
 public:
  // `count` copies of `model`, which must outlive this, with independent fair spins, to be swept at one temperature or
  // each at its own.
  ConfigurationCopies(const M& model, std::int64_t count, Temperatures, const Moment& now) : model_(&model) {
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

  const typename M::Configuration& operator[](std::size_t j) const { return copies_[j]; }
  typename M::Configuration& operator[](std::size_t j) { return copies_[j]; }
  std::size_t size() const { return copies_.size(); }

  void spread(std::span<const std::int64_t> sources) {
    std::vector<typename M::Configuration> spread;
    for (const std::int64_t source : sources) spread.push_back(copies_[static_cast<std::size_t>(source)]);
    copies_ = std::move(spread);
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
    std::vector<std::int64_t> accepted(copies_.size());
    sweep_each(std::vector<double>(copies_.size(), beta), rule, sweeps, now, energies, accepted);
    const auto total = std::accumulate(accepted.begin(), accepted.end(), std::int64_t{0});
    return static_cast<double>(total) / (static_cast<double>(copies_.size()) * static_cast<double>(sweeps) *
                                         static_cast<double>(model_->size()));
  }

  void sweep_each(std::span<const double> betas, Rule rule, std::int64_t sweeps, const Moment& now,
                  std::span<double> energies, std::span<std::int64_t> accepted) {
    const Stream random = now.random(lane("sweep"));
    parallel_for(
        static_cast<std::int64_t>(copies_.size()),
        [&](std::int64_t j) {
          const auto at = static_cast<std::size_t>(j);
          Stream own = read_stream(random, j);
          // Sequential Metropolis at beta = 0 would flip every spin.
          const Rule own_rule = betas[at] == 0 ? Rule::heat_bath : rule;
          accepted[at] = 0;
          for (std::int64_t k = 0; k < sweeps; ++k) {
            const SweepCounts counts = spin::sweep(*model_, copies_[at], betas[at], own, own_rule);
            energies[at] += counts.energy_change;
            accepted[at] += counts.accepted;
          }
        },
        std::max<std::int64_t>(1, proposals_per_task / (sweeps * static_cast<std::int64_t>(model_->size()))));
  }

  Spins spins(std::size_t j) const { return {copies_[j].spins.begin(), copies_[j].spins.end()}; }
  double rounding() const { return 0; }

  // `count`: the copies that a checkpoint holds.
  template <class Visitor>
  void fields(Visitor& visit, std::size_t count) {
    std::vector<std::int8_t> packed;
    for (const auto& copy : copies_) packed.insert(packed.end(), copy.spins.begin(), copy.spins.end());
    visit("spins", packed);
    if constexpr (!std::is_same_v<Visitor, StateWriter>) {
      const auto n = static_cast<std::size_t>(model_->size());
      if (packed.size() != count * n)
        throw InvalidInput("checkpoint: {} spins, but the run has {}", packed.size(), count * n);
      copies_.clear();
      for (std::size_t j = 0; j < count; ++j)
        copies_.push_back(model_->configuration(std::span<const std::int8_t>(packed).subspan(j * n, n)));
    }
  }

 private:
  static constexpr std::int64_t proposals_per_task = 20'000;  // the least work worth a thread's while

  const M* model_;
  std::vector<typename M::Configuration> copies_;
};

class LaneCopies {
 public:
  LaneCopies(const IsingModel& model, std::int64_t count, Temperatures temperatures, const Moment& now)
      : temperatures_(temperatures), reads_(read_model(model, count), count, now.seed) {}

  std::vector<double> energies() const { return reads_.energies(); }
  void replace(std::span<const std::int64_t> ancestors) { reads_.replace(ancestors); }
  void spread(std::span<const std::int64_t> sources) {
    Reads spread = of_count(sources.size());
    for (std::size_t j = 0; j < sources.size(); ++j)
      spread.set(static_cast<std::int64_t>(j), reads_.spins(sources[j]));
    reads_ = std::move(spread);
  }
  double sweep(double beta, Rule rule, std::int64_t sweeps, const Moment& now, std::span<double> energies) {
    double accepted = 0;
    for (std::int64_t k = 0; k < sweeps; ++k)
      accepted += reads_.sweep(beta, rule, now.seed, now.step * sweeps + k);
    std::ranges::copy(reads_.energies(), energies.begin());
    return accepted / static_cast<double>(sweeps);
  }
  void sweep_each(std::span<const double> betas, Rule rule, std::int64_t sweeps, const Moment& now,
                  std::span<double> energies, std::span<std::int64_t> accepted) {
    std::vector<std::int64_t> once(betas.size());
    std::ranges::fill(accepted, 0);
    for (std::int64_t k = 0; k < sweeps; ++k) {
      reads_.sweep(betas, rule, now.seed, now.step * sweeps + k, once);
      for (std::size_t j = 0; j < once.size(); ++j) accepted[j] += once[j];
    }
    if (rule == Rule::metropolis) toss_free_copies(betas, now);
    std::ranges::copy(reads_.energies(), energies.begin());
  }
  Spins spins(std::size_t j) const { return reads_.spins(static_cast<std::int64_t>(j)); }
  double rounding() const { return reads_.model().rounding(); }

  // `count`: the copies that a checkpoint holds.
  template <class Visitor>
  void fields(Visitor& visit, std::size_t count) {
    if (count != static_cast<std::size_t>(reads_.count())) reads_ = of_count(count);
    reads_.fields(visit);
  }

 private:
  std::shared_ptr<const ReadModel> read_model(const IsingModel& model, std::int64_t count) const {
    return std::make_shared<const ReadModel>(
        temperatures_ == Temperatures::each ? ReadModel::for_ladder(model, count) : ReadModel(model, count));
  }
  Reads of_count(std::size_t count) const {
    const auto reads = static_cast<std::int64_t>(count);
    return {read_model(reads_.model().model(), reads), reads, Seed{0}};
  }
  // Copies at beta = 0, of which Metropolis has flipped every spin, become coins.
  void toss_free_copies(std::span<const double> betas, const Moment& now) {
    const Stream random = now.random(lane("spin.copies.coins"));
    Spins coins(static_cast<std::size_t>(reads_.model().model().size()));
    for (std::size_t j = 0; j < betas.size(); ++j) {
      if (betas[j] != 0) continue;
      Stream own = read_stream(random, static_cast<std::int64_t>(j));
      randomise(coins, own);
      reads_.set(static_cast<std::int64_t>(j), coins);
    }
  }

  Temperatures temperatures_;
  Reads reads_;
};

// What a model's copies are: lanes for Ising models, configurations for all others.
template <class M>
struct CopiesOf {
  using Type = ConfigurationCopies<M>;
};
template <>
struct CopiesOf<IsingModel> {
  using Type = LaneCopies;
};

}  // namespace lehr::spin
