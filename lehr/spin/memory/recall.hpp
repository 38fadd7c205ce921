// Recall: the dynamics of an associative memory as a method under `drive`. Every read starts from a cue (a pattern,
// a query) with a share of its spins flipped at random and follows single-spin dynamics at the scheduled temperature:
//
//   metropolis  accepts min(1, e^(-dE/T)), in the order of the sites
//   heat_bath   accepts 1 / (1 + e^(dE/T))
//   descent     flips while the energy falls; a read ends at its fixed point, whatever the temperature
//
// One step is one sweep of every read; reads run in parallel with random numbers of their own, so results do not depend
// on threads. `Memory` is a FlipModel with `overlaps`, `energy` and `refresh`.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/core/row.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/spin/flip_model.hpp"
#include "lehr/spin/solutions.hpp"

namespace lehr::spin {

struct RecallOptions {
  Schedule temperature = 0.05;
  std::string dynamics = "metropolis";
  double flips = 0;

  void describe(OptionTable& table) {
    table.add("temperature", temperature, "temperature of each sweep, in units of the couplings; at least 0");
    table.add("dynamics", dynamics, "single-spin dynamics").choices({"metropolis", "heat-bath", "descent"});
    table.add("flips", flips, "share of the cue's spins that are flipped before the start").range(0, 1);
  }
};

template <class Memory>
requires FlipModel<Memory>
class Recall {
 public:
  struct Read {
    typename Memory::Configuration configuration;
    double energy = 0;
    std::int64_t accepted = 0, proposed = 0;  // in the last sweep
    std::int64_t settled = -1;                // the sweep at which descent found nothing to flip
  };
  struct State {
    std::vector<Read> reads;
    double temperature = 0;
    std::int64_t sweeps = 0;
  };

  // Read r starts from cues[r]; `targets[r]` is the pattern whose overlap is measured. `memory` must outlive this.
  Recall(const Memory& memory, RecallOptions options, std::vector<Spins> cues,
         std::vector<std::int64_t> targets)
      : memory_(&memory), options_(std::move(options)), cues_(std::move(cues)), targets_(std::move(targets)) {
    if (cues_.empty() || cues_.size() != targets_.size())
      throw InvalidInput("recall: expected at least one cue and a target for each, found {} and {}",
                         cues_.size(), targets_.size());
  }

  State start(const Moment& now) const {
    State state;
    state.reads.resize(cues_.size());
    const Stream random = now.random(lane("recall.cue"));
    parallel_for(reads(), [&](std::int64_t r) {
      Read& read = state.reads[at(r)];
      read.configuration =
          memory_->configuration(flipped(cues_[at(r)], random.at_block(at(r) * cue_blocks())));
      read.energy = memory_->energy(read.configuration);
    });
    return state;
  }

  void advance(State& state, const Moment& now) const {
    state.temperature = options_.temperature(now);
    if (!(state.temperature >= 0))
      throw InvalidInput("temperature: expected at least 0, found {} at step {}", state.temperature,
                         now.step);
    const Stream random = now.random(lane("recall"));
    parallel_for(reads(), [&](std::int64_t r) {
      sweep_read(state.reads[at(r)], state, random.at_block(at(r) * sweep_blocks()));
    });
    ++state.sweeps;
    now.spend(reads() * memory_->size());
  }

  // Every read of a descent is at its fixed point.
  bool finished(const State& state) const {
    return options_.dynamics == "descent" &&
           std::ranges::all_of(state.reads, [](const Read& read) { return read.settled >= 0; });
  }

  // temperature, energy (per spin, mean over reads), best (lowest), m (mean overlap with the targets), m_error (its
  // standard error), others (mean over reads of the largest overlap in magnitude with another pattern), acceptance
  void measure(const State& state, Row& row) const;

  // Overlap of a read with its target.
  double overlap(const State& state, std::size_t read) const {
    return memory_->overlaps(state.reads[read].configuration)[static_cast<std::size_t>(targets_[read])];
  }
  SolutionPool solutions(const State& state) const {
    SolutionPool pool;
    for (const Read& read : state.reads) pool.add(read.configuration.spins, read.energy);
    return pool;
  }
  std::int64_t reads() const { return static_cast<std::int64_t>(cues_.size()); }

  template <class Visitor, class AnyState>
  void fields(Visitor& visit, AnyState& state) const {
    visit("temperature", state.temperature);
    visit("sweeps", state.sweeps);
    for (std::size_t r = 0; r < state.reads.size(); ++r) {
      const std::string prefix = "read" + std::to_string(r) + ".";
      auto& read = state.reads[r];
      read.configuration.fields(visit, prefix);
      visit(prefix + "energy", read.energy);
      visit(prefix + "accepted", read.accepted);
      visit(prefix + "proposed", read.proposed);
      visit(prefix + "settled", read.settled);
    }
  }

 private:
  static constexpr std::int64_t refresh_every = 1000;  // sweeps
  static std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }
  // A stream's blocks hold four words; a sweep takes at most one word a spin, a cue two.
  std::uint64_t sweep_blocks() const { return static_cast<std::uint64_t>(memory_->size()) / 4 + 1; }
  std::uint64_t cue_blocks() const { return static_cast<std::uint64_t>(memory_->size()) + 1; }

  // `cue` with round(flips N) spins flipped, chosen without replacement (Fisher and Yates).
  Spins flipped(Spins cue, Stream random) const {
    const auto count =
        static_cast<std::size_t>(std::llround(options_.flips * static_cast<double>(cue.size())));
    std::vector<std::size_t> sites(cue.size());
    for (std::size_t i = 0; i < sites.size(); ++i) sites[i] = i;
    for (std::size_t k = 0; k < count; ++k) {
      const auto left = static_cast<std::int64_t>(sites.size() - k);
      std::swap(sites[k], sites[k + at(uniform_index(random, left))]);
      cue[sites[k]] = static_cast<std::int8_t>(-cue[sites[k]]);
    }
    return cue;
  }

  void sweep_read(Read& read, const State& state, Stream random) const {
    if (read.settled >= 0) return;
    if ((state.sweeps + 1) % refresh_every == 0) {
      memory_->refresh(read.configuration);
      read.energy = memory_->energy(read.configuration);
    }
    if (options_.dynamics == "descent") return descend(read, state.sweeps);
    const double beta =
        state.temperature > 0 ? 1 / state.temperature : std::numeric_limits<double>::infinity();
    const Rule rule = options_.dynamics == "heat-bath" ? Rule::heat_bath : Rule::metropolis;
    const SweepCounts counts = sweep(*memory_, read.configuration, beta, random, rule);
    read.energy += counts.energy_change;
    read.accepted = counts.accepted;
    read.proposed = counts.proposed;
  }

  void descend(Read& read, std::int64_t sweep_index) const {
    read.accepted = 0;
    read.proposed = memory_->size();
    for (Index i = 0; i < memory_->size(); ++i) {
      const double change = memory_->flip_cost(read.configuration, i);
      if (change >= 0) continue;
      memory_->flip(read.configuration, i);
      read.energy += change;
      ++read.accepted;
    }
    if (read.accepted == 0) read.settled = sweep_index;
  }

  const Memory* memory_;
  RecallOptions options_;
  std::vector<Spins> cues_;
  std::vector<std::int64_t> targets_;
};

// What one read of a recall looks like.
struct RecallSummary {
  double m = 0, others = 0;
};
RecallSummary summarize_overlaps(const std::vector<double>& overlaps, std::int64_t target);
void add_recall_row(Row& row, double temperature, const std::vector<double>& energies,
                    const std::vector<RecallSummary>& summaries, double acceptance);

template <class Memory>
requires FlipModel<Memory>
void Recall<Memory>::measure(const State& state, Row& row) const {
  std::vector<double> energies;
  std::vector<RecallSummary> summaries(state.reads.size());
  std::int64_t accepted = 0, proposed = 0;
  for (const Read& read : state.reads) {
    energies.push_back(read.energy / memory_->size());
    accepted += read.accepted, proposed += read.proposed;
  }
  parallel_for(reads(), [&](std::int64_t r) {
    summaries[at(r)] =
        summarize_overlaps(memory_->overlaps(state.reads[at(r)].configuration), targets_[at(r)]);
  });
  const double acceptance = proposed > 0 ? static_cast<double>(accepted) / static_cast<double>(proposed) : 0;
  add_recall_row(row, state.temperature, energies, summaries, acceptance);
}

}  // namespace lehr::spin
