// Exact reductions: a smaller Ising model with the same ground-state energy, and the way back from its states.
//
// A spin with at most two couplings is minimised out: with h its field and J_a, J_b its couplings,
//
//   min_s s (h + J_a s_a + J_b s_b) = -|h + J_a s_a + J_b s_b| = A + B_a s_a + B_b s_b + C s_a s_b
//
// for all four values of (s_a, s_b), so its neighbours get new fields and a coupling, the offset gets A. What
// is left has at least three couplings a spin. Then roof duality (persistency.hpp) fixes spins, and so on until
// nothing changes. O((n + couplings) log) for the first, a maximum flow for the second.
//
// H(restore(t)) = reduced H(t) for every state t of the reduced model: removed spins are given their best
// values.
#pragma once

#include <span>
#include <vector>

#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

struct ReductionOptions {
  bool low_degree = true;
  bool persistency = true;
};

// A spin that was removed: its best value is -sign(field + sum of weights times these spins); +1 for 0.
struct RemovedSpin {
  Index spin = 0;
  double field = 0;
  Index first = -1, second = -1;  // -1: none
  double first_weight = 0, second_weight = 0;
};

struct Reduction {
  IsingModel model;
  std::vector<Index> kept;           // the reduced model's spin i is spin kept[i]
  std::vector<RemovedSpin> removed;  // in the order of removal
  Index persistent = 0;              // how many of them roof duality fixed

  // The state of the full model for a state of the reduced one.
  Spins restore(std::span<const std::int8_t> reduced) const;
};

Reduction reduce(const IsingModel& model, ReductionOptions options = {});

// The connected parts of a model, each with the spins it is made of, ascending. Offsets are 0. Parts come in
// the order of their first spins.
struct Component {
  IsingModel model;
  std::vector<Index> spins;
};
std::vector<Component> components(const IsingModel& model);

}  // namespace lehr::spin
