#include "lehr/spin/simulated_quantum_annealing.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::spin {
namespace {

// tanh(Gamma / (P T)), kept above 0: below, slices are locked to each other for any run's length.
double ring_tanh(double x) { return std::max(std::tanh(x), 1e-30); }

}  // namespace

void SimulatedQuantumAnnealingOptions::describe(OptionTable& table) {
  table.add("reads", reads, "independent runs of the schedule").range(1, 1e6);
  table.add("slices", slices, "Trotter slices").range(1, 100'000);
  table.add("sweeps", sweeps, "sweeps in a step").range(1, 1e6);
  table.add("clusters", clusters, "cluster updates along imaginary time");
  field.describe(table);
}

SimulatedQuantumAnnealing::SimulatedQuantumAnnealing(const IsingModel& model,
                                                     SimulatedQuantumAnnealingOptions options)
    : flips_(model), options_(std::move(options)) {
  // Options that come from code pass the same checks as those from a file.
  const OptionTable table = lehr::describe(options_);
  table.read(table.values(), "simulated quantum annealing");
  if (model.size() < 1) throw InvalidInput("simulated quantum annealing: the model has no spins");
  options_.field = with_defaults(std::move(options_.field), model);
}

SimulatedQuantumAnnealing::State SimulatedQuantumAnnealing::start(const Moment& now) const {
  State state;
  state.field = TransverseField::at(options_.field, now);
  state.best = BestStates(options_.reads, size());
  const Stream random = now.random(lane("start"));
  Spins spins(static_cast<std::size_t>(size()));
  for (std::int64_t k = 0; k < options_.reads * options_.slices; ++k) {
    Stream own = read_stream(random, k);
    randomise(spins, own);
    state.slices.push_back(flips_.configuration(spins));
    state.energies.push_back(flips_.energy(spins));
    state.best.offer(k / options_.slices, spins, state.energies.back());
  }
  return state;
}

SimulatedQuantumAnnealing::Action SimulatedQuantumAnnealing::action(const TransverseField& field) const {
  const double beta = 1 / (static_cast<double>(options_.slices) * field.temperature);
  return {beta * field.problem, -0.5 * std::log(ring_tanh(beta * field.gamma))};
}

void SimulatedQuantumAnnealing::advance(State& state, const Moment& now) const {
  state.field = TransverseField::at(options_.field, now);
  const Action action = this->action(state.field);
  parallel_for(options_.reads, [&](std::int64_t read) {
    Stream local = read_stream(now.random(lane("slices")), read);
    Stream rings = read_stream(now.random(lane("rings")), read);
    for (std::int64_t k = 0; k < options_.sweeps; ++k) {
      sweep_slices(state, read, action, local);
      if (options_.clusters && options_.slices > 1) sweep_rings(state, read, action, rings);
    }
    for (std::int64_t k = 0; k < options_.slices; ++k) {
      const std::size_t at = slice(read, k);
      if (!(state.energies[at] < state.best.energies[static_cast<std::size_t>(read)])) continue;
      const Spins& spins = state.slices[at].spins;
      state.energies[at] = flips_.energy(spins);  // free of the rounding that changes of energy add up
      state.best.offer(read, spins, state.energies[at]);
    }
  });
  now.spend(options_.reads * options_.slices * options_.sweeps);
}

void SimulatedQuantumAnnealing::sweep_slices(State& state, std::int64_t read, const Action& action,
                                             Stream& random) const {
  constexpr Index block = 512;
  std::array<double, block> thresholds;
  // One slice has no neighbours: its ring term is a constant.
  const double coupling = options_.slices > 1 ? 2 * action.coupling : 0;
  for (std::int64_t k = 0; k < options_.slices; ++k) {
    const std::size_t at = slice(read, k);
    IsingFlips::Configuration& here = state.slices[at];
    const std::int8_t* const before = state.slices[slice(read, k - 1)].spins.data();
    const std::int8_t* const after = state.slices[slice(read, k + 1)].spins.data();
    for (Index first = 0; first < size(); first += block) {
      const auto count = static_cast<std::size_t>(std::min(block, size() - first));
      draw_energy_thresholds(Rule::metropolis, 1, random, {thresholds.data(), count});
      for (std::size_t m = 0; m < count; ++m) {
        const Index i = first + static_cast<Index>(m);
        const double change = flips_.flip_cost(here, i);
        const int bonds = here.spins[static_cast<std::size_t>(i)] * (before[i] + after[i]);
        if (!(action.beta * change + coupling * bonds <= thresholds[m])) continue;
        flips_.flip(here, i);
        state.energies[at] += change;
      }
    }
  }
}

void SimulatedQuantumAnnealing::sweep_rings(State& state, std::int64_t read, const Action& action,
                                            Stream& random) const {
  const std::int64_t count = options_.slices;
  const std::span<IsingFlips::Configuration> ring(state.slices.data() + slice(read, 0),
                                                  static_cast<std::size_t>(count));
  const std::span<double> energies(state.energies.data() + slice(read, 0), ring.size());
  std::vector<double> cuts(ring.size()), thresholds(ring.size());
  std::vector<std::int64_t> ends;  // slices after which a cluster ends
  for (Index i = 0; i < size(); ++i) {
    // Exponential numbers exceed 2 K, and so cut a bond, with probability e^{-2 K}.
    draw_energy_thresholds(Rule::metropolis, 1, random, cuts);
    ends.clear();
    const auto at = static_cast<std::size_t>(i);
    for (std::size_t k = 0; k < ring.size(); ++k) {
      const std::int8_t next = ring[k + 1 < ring.size() ? k + 1 : 0].spins[at];
      if (ring[k].spins[at] != next || cuts[k] > 2 * action.coupling)
        ends.push_back(static_cast<std::int64_t>(k));
    }
    if (ends.empty()) ends.push_back(count - 1);
    draw_energy_thresholds(Rule::heat_bath, action.beta, random, {thresholds.data(), ends.size()});
    std::int64_t first = ends.back() + 1 - count;  // negative: the first cluster runs through the ring's seam
    for (std::size_t c = 0; c < ends.size(); ++c) {
      flip_cluster(ring, energies, i, {first, ends[c]}, thresholds[c]);
      first = ends[c] + 1;
    }
  }
}

// Flips spin i in the slices first .. last when that costs at most `threshold`.
void SimulatedQuantumAnnealing::flip_cluster(std::span<IsingFlips::Configuration> ring,
                                             std::span<double> energies, Index i, Range range,
                                             double threshold) const {
  const auto place = [&](std::int64_t k) {
    return static_cast<std::size_t>(k < 0 ? k + static_cast<std::int64_t>(ring.size()) : k);
  };
  double change = 0;
  for (std::int64_t k = range.first; k <= range.last; ++k) change += flips_.flip_cost(ring[place(k)], i);
  if (!(change <= threshold)) return;
  for (std::int64_t k = range.first; k <= range.last; ++k) {
    energies[place(k)] += flips_.flip_cost(ring[place(k)], i);
    flips_.flip(ring[place(k)], i);
  }
}

double SimulatedQuantumAnnealing::quantum_energy(const State& state) const {
  // <sigma^x> per spin and slice is the mean of tanh(Gamma / (P T))^{s s'} over bonds of the ring.
  const double tanh =
      ring_tanh(state.field.gamma / (static_cast<double>(options_.slices) * state.field.temperature));
  double problem = 0, transverse = 0;
  for (std::int64_t read = 0; read < options_.reads; ++read)
    for (std::int64_t k = 0; k < options_.slices; ++k) {
      const Spins &here = state.slices[slice(read, k)].spins, &next = state.slices[slice(read, k + 1)].spins;
      std::int64_t equal = 0;
      for (std::size_t i = 0; i < here.size(); ++i) equal += here[i] == next[i];
      problem += state.energies[slice(read, k)];
      transverse += static_cast<double>(equal) * tanh + static_cast<double>(size() - equal) / tanh;
    }
  const double samples = static_cast<double>(state.slices.size());
  return (state.field.problem * problem - state.field.gamma * transverse) / samples;
}

void SimulatedQuantumAnnealing::measure(const State& state, Row& row) const {
  state.best.measure(row);
  row.add("gamma", state.field.gamma);
  row.add("temperature", state.field.temperature);
  row.add("quantum_energy", quantum_energy(state));
}

std::vector<std::int8_t> SimulatedQuantumAnnealing::pack(const State& state) const {
  std::vector<std::int8_t> packed;
  for (const auto& slice : state.slices) packed.insert(packed.end(), slice.spins.begin(), slice.spins.end());
  return packed;
}

void SimulatedQuantumAnnealing::unpack(State& state, std::span<const std::int8_t> spins) const {
  const auto n = static_cast<std::size_t>(size());
  const auto count = static_cast<std::size_t>(options_.reads * options_.slices);
  const bool fits = spins.size() == count * n && state.energies.size() == count &&
                    state.best.reads() == options_.reads &&
                    state.best.spins.size() == static_cast<std::size_t>(options_.reads) * n;
  if (!fits)
    throw InvalidInput("simulated quantum annealing: the checkpoint is of another model or other options");
  for (std::size_t k = 0; k < count; ++k) state.slices[k] = flips_.configuration(spins.subspan(k * n, n));
}

}  // namespace lehr::spin
