// Simulated quantum annealing: path-integral Monte Carlo of the transverse-field Ising model, whose
// transverse field is lowered. P Trotter slices s^k of the problem, each at inverse temperature 1 / (P T),
// form a ring with ferromagnetic couplings between the copies of a spin:
//
//   action = sum_k [ B H_problem(s^k) / (P T) - K sum_i s_i^k s_i^{k+1} ],
//   K = J_perp / (P T) = -1/2 ln tanh(Gamma / (P T))
//
// A sweep proposes every spin of every slice (Metropolis), then updates each spin's ring by Swendsen-Wang clusters along
// imaginary time: equal neighbours join with probability 1 - e^{-2 K}, each cluster takes one of its two signs by the
// heat bath of its problem energy. It runs in SIMD lanes (quantum_rings.hpp). The result of a read is the best slice that
// was met; slices are looked at every eighth step and at the end. Averages at fixed controls differ from the quantum ones
// by a share of about (Gamma / (P T))^2; continuous_time_annealing.hpp has no such error.
//
// Source: Martonak, Santoro and Tosatti, "Quantum annealing by the path-integral Monte Carlo method: the
// two-dimensional random Ising model", 2002; Nakamura and Ito, "Cluster algorithm in imaginary time", 2003.
// Cost of a step: reads P sweeps n proposals, twice with clusters; it spends one evaluation per sweep of a
// slice.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/core/state_io.hpp"
#include "lehr/spin/best_states.hpp"
#include "lehr/spin/quantum_rings.hpp"
#include "lehr/spin/read_model.hpp"
#include "lehr/spin/solutions.hpp"
#include "lehr/spin/transverse_field.hpp"

namespace lehr::spin {

struct SimulatedQuantumAnnealingOptions {
  std::int64_t reads = 8;
  std::int64_t slices = 40;
  std::int64_t sweeps = 1;
  bool clusters = true;
  TransverseFieldOptions field = {};

  void describe(OptionTable& table);
};

class SimulatedQuantumAnnealing {
 public:
  struct State {
    QuantumRings rings;
    TransverseField field;  // of the last step
    BestStates best;        // of the steps at which slices were looked at
  };

  // `model` must outlive this and have at least one spin. Throws InvalidInput for options out of range.
  explicit SimulatedQuantumAnnealing(const IsingModel& model, SimulatedQuantumAnnealingOptions options = {});

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  // energy, energy_mean (best of all reads; mean of the reads' best), gamma, temperature, quantum_energy
  void measure(const State& state, Row& row) const;
  // The estimate of <B H_problem - Gamma sum_i sigma_i^x> from one state, mean over reads; its average over
  // steps at fixed controls is the thermal energy, up to the Trotter error.
  double quantum_energy(const State& state) const;
  SolutionPool solutions(const State& state) const { return best(state).pool(); }

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    std::vector<std::int8_t> spins = state.rings.pack();
    visit("spins", spins);
    visit("gamma", state.field.gamma);
    visit("problem", state.field.problem);
    visit("temperature", state.field.temperature);
    state.best.fields(visit, "best");
    if constexpr (!std::is_same_v<Visitor, StateWriter>) {
      check_best(state);
      state.rings.unpack(spins);
    }
  }

 private:
  struct Action {  // per flip: beta times the problem's change of energy, and K
    double beta, coupling;
  };
  Action action(const TransverseField& field) const;
  // The best slices, those of the present state included.
  BestStates best(const State& state) const;
  void look(const QuantumRings& rings, BestStates& best) const;
  void check_best(const State& state) const;

  const IsingModel* model_;
  std::shared_ptr<const ReadModel> lanes_;
  SimulatedQuantumAnnealingOptions options_;
};

}  // namespace lehr::spin
