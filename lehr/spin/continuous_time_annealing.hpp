// Quantum annealing by path-integral Monte Carlo in continuous imaginary time: the transverse-field Ising model
// without the Trotter error of simulated_quantum_annealing.hpp.
//
// Each spin has a worldline s_i(t), t in [0, 1) in units of 1 / T, periodic, given by s_i(0) and the times of its
// kinks. An update of a worldline puts further cuts on it, a Poisson process of rate Gamma / T, and gives each
// segment between cuts and kinks a new sign by the heat bath of its problem energy,
//
//   P(s) ~ exp(-s (B / T) int_segment (h_i + sum_j J_ij s_j(t)) dt);
//
// cuts between equal signs are dropped. At fixed controls <sum_i sigma_i^x> = T <kinks> / Gamma. The result of a
// read is the best slice met at t = 0.
//
// Source: Rieger and Kawashima, "Application of a continuous time cluster algorithm to the two-dimensional random
// quantum Ising ferromagnet", 1999. Cost of a step: reads sweeps times the sum over couplings of both ends' kinks,
// about 2 Gamma / T and less; it spends one evaluation per sweep of a read.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/core/state_io.hpp"
#include "lehr/spin/best_states.hpp"
#include "lehr/spin/ising_model.hpp"
#include "lehr/spin/solutions.hpp"
#include "lehr/spin/transverse_field.hpp"

namespace lehr::spin {

struct ContinuousTimeAnnealingOptions {
  std::int64_t reads = 8;
  std::int64_t sweeps = 1;
  TransverseFieldOptions field = {};

  void describe(OptionTable& table);
};

// The worldlines of one read.
struct Worldlines {
  Spins start;                             // s_i(0)
  std::vector<std::vector<double>> kinks;  // of each spin: ascending times in [0, 1), an even number
};

class ContinuousTimeAnnealing {
 public:
  struct State {
    std::vector<Worldlines> reads;
    TransverseField field;  // of the last step
    BestStates best;
  };

  // `model` must outlive this and have at least one spin. Throws InvalidInput for options out of range.
  explicit ContinuousTimeAnnealing(const IsingModel& model, ContinuousTimeAnnealingOptions options = {});

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  // energy, energy_mean (best of all reads; mean of the reads' best), gamma, temperature, kinks (per spin)
  void measure(const State& state, Row& row) const;
  // The estimate of <B H_problem - Gamma sum_i sigma_i^x> from one state, mean over reads; O(couplings times
  // kinks). Its average over steps at fixed controls is the thermal energy.
  double quantum_energy(const State& state) const;
  SolutionPool solutions(const State& state) const { return state.best.pool(); }

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    Packed packed = pack(state);
    visit("start", packed.start);
    visit("kink_counts", packed.counts);
    visit("kink_times", packed.times);
    visit("gamma", state.field.gamma);
    visit("problem", state.field.problem);
    visit("temperature", state.field.temperature);
    state.best.fields(visit, "best");
    if constexpr (!std::is_same_v<Visitor, StateWriter>) unpack(state, packed);
  }

 private:
  struct Packed {
    std::vector<std::int8_t> start;
    std::vector<std::int64_t> counts;
    std::vector<double> times;
  };
  struct Scratch {
    std::vector<double> cuts, fields;
  };
  void update_worldline(Worldlines& lines, Index i, const TransverseField& field, Stream& random,
                        Scratch& scratch) const;
  void integrate_fields(const Worldlines& lines, Index i, Scratch& scratch) const;
  double problem_energy(const Worldlines& lines) const;
  Packed pack(const State& state) const;
  void unpack(State& state, const Packed& packed) const;

  const IsingModel* model_;
  ContinuousTimeAnnealingOptions options_;
};

}  // namespace lehr::spin
