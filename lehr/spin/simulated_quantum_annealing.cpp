#include "lehr/spin/simulated_quantum_annealing.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::spin {
namespace {

constexpr std::int64_t look_period = 8;  // steps from one look at the slices' energies to the next

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
    : model_(&model), options_(std::move(options)) {
  // Options that come from code pass the same checks as those from a file.
  const OptionTable table = lehr::describe(options_);
  table.read(table.values(), "simulated quantum annealing");
  if (model.size() < 1) throw InvalidInput("simulated quantum annealing: the model has no spins");
  options_.field = with_defaults(std::move(options_.field), model);
  lanes_ = std::make_shared<const ReadModel>(ReadModel::in_64_lanes(model));
}

SimulatedQuantumAnnealing::State SimulatedQuantumAnnealing::start(const Moment& now) const {
  State state{.rings = QuantumRings(lanes_, options_.reads, options_.slices, now.seed),
              .field = TransverseField::at(options_.field, now),
              .best = BestStates(options_.reads, model_->size())};
  look(state.rings, state.best);
  return state;
}

SimulatedQuantumAnnealing::Action SimulatedQuantumAnnealing::action(const TransverseField& field) const {
  const double beta = 1 / (static_cast<double>(options_.slices) * field.temperature);
  return {beta * field.problem, -0.5 * std::log(ring_tanh(beta * field.gamma))};
}

void SimulatedQuantumAnnealing::advance(State& state, const Moment& now) const {
  state.field = TransverseField::at(options_.field, now);
  const Action action = this->action(state.field);
  for (std::int64_t k = 0; k < options_.sweeps; ++k) {
    const std::int64_t sweep = now.step * options_.sweeps + k;
    state.rings.sweep_flips(action.beta, action.coupling, now.seed, sweep);
    if (options_.clusters) state.rings.sweep_clusters(action.beta, action.coupling, now.seed, sweep);
  }
  if ((now.step + 1) % look_period == 0) look(state.rings, state.best);
  now.spend(options_.reads * options_.slices * options_.sweeps);
}

void SimulatedQuantumAnnealing::look(const QuantumRings& rings, BestStates& best) const {
  const std::vector<double> energies = rings.energies();
  parallel_for(options_.reads, [&](std::int64_t read) {
    const auto first = energies.begin() + static_cast<std::ptrdiff_t>(read * options_.slices);
    const auto lowest = std::min_element(first, first + static_cast<std::ptrdiff_t>(options_.slices));
    if (!(*lowest < best.energies[static_cast<std::size_t>(read)])) return;
    const Spins spins = rings.spins(read, lowest - first);
    best.offer(read, spins, model_->energy(spins));
  });
}

BestStates SimulatedQuantumAnnealing::best(const State& state) const {
  BestStates best = state.best;
  look(state.rings, best);
  return best;
}

double SimulatedQuantumAnnealing::quantum_energy(const State& state) const {
  // <sigma^x> per spin and slice is the mean of tanh(Gamma / (P T))^{s s'} over bonds of the ring.
  const double tanh =
      ring_tanh(state.field.gamma / (static_cast<double>(options_.slices) * state.field.temperature));
  double problem = 0;
  for (const double energy : state.rings.energies()) problem += energy;
  const auto samples = static_cast<double>(options_.reads * options_.slices);
  const auto equal = static_cast<double>(state.rings.equal_neighbours());
  const double transverse = equal * tanh + (samples * model_->size() - equal) / tanh;
  return (state.field.problem * problem - state.field.gamma * transverse) / samples;
}

void SimulatedQuantumAnnealing::measure(const State& state, Row& row) const {
  best(state).measure(row);
  row.add("gamma", state.field.gamma);
  row.add("temperature", state.field.temperature);
  row.add("quantum_energy", quantum_energy(state));
}

void SimulatedQuantumAnnealing::check_best(const State& state) const {
  const bool fits = state.best.reads() == options_.reads &&
                    state.best.spins.size() ==
                        static_cast<std::size_t>(options_.reads) * static_cast<std::size_t>(model_->size());
  if (!fits)
    throw InvalidInput("simulated quantum annealing: the checkpoint is of another model or other options");
}

}  // namespace lehr::spin
