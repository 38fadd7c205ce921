// Steepest descent: flips the spin that lowers the energy most until no flip lowers it. Ends in a state that
// is stable against single flips.
//
// A descent takes O(n) flips; each is one pass over n costs in a dense model and O(degree) or O(degree log n)
// in a sparse one (best_flip.hpp).
#pragma once

#include <cstdint>
#include <span>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/spin/best_flip.hpp"
#include "lehr/spin/best_states.hpp"
#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

struct Descent {
  double energy = 0;       // of the state reached, offset included
  std::int64_t flips = 0;  // taken
};

// Turns `spins` into the local minimum below it. Of equally steep flips `random` decides.
Descent descend(const IsingModel& model, std::span<std::int8_t> spins, Stream random);
// The same for many states of one model: what they share is built once.
Descent descend(const IsingModel& model, const FlipSearch& search, std::span<std::int8_t> spins,
                Stream random);

struct GreedyOptions {
  std::int64_t reads = 64;

  void describe(OptionTable& table) {
    table.add("reads", reads, "descents from random states in each step").range(1, 1e6);
  }
};

// Descents from random states, `reads` of them a step; each read keeps its lowest.
class Greedy {
 public:
  struct State {
    BestStates best;
  };

  explicit Greedy(const IsingModel& model, GreedyOptions options = {});  // `model` must outlive this

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;  // spends the flips taken
  // energy: the lowest so far; energy_mean: the mean of the reads' lowest
  void measure(const State& state, Row& row) const { state.best.measure(row); }
  SolutionPool solutions(const State& state) const { return state.best.pool(); }
  template <class Visitor>
  void fields(Visitor& visitor, State& state) const {
    state.best.fields(visitor, "best");
  }

 private:
  const IsingModel* model_;
  GreedyOptions options_;
  FlipSearch search_;
};

}  // namespace lehr::spin
