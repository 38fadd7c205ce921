// The exact ground state by whichever exact method is cheapest for the model:
//
//   variable elimination   where the width of the order found is at most 25 (and the cost below enumeration's)
//   enumeration            up to 36 spins
//   branch and bound       else: what reductions leave of each connected part, if that is at most 64 spins
//
// The first two also count the ground states.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lehr/core/options.hpp"
#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

struct ExactOptions {
  std::string route = "auto";
  std::int64_t max_nodes = 500'000'000;

  void describe(OptionTable& table) {
    table.add("route", route, "exact method; auto: the cheapest")
        .choices({"auto", "elimination", "enumeration", "branch_and_bound"});
    table.add("max_nodes", max_nodes, "branch and bound gives up after as many nodes, in each connected part")
        .at_least(1);
  }
};

struct ExactResult {
  Spins spins;
  double energy = 0;
  double degeneracy = 0;   // number of ground states; 0: not counted (branch and bound)
  std::string route;       // what was done: elimination, enumeration, branch_and_bound
  Index width = 0;         // of the order found, where elimination was considered
  std::int64_t nodes = 0;  // of branch and bound
};

// Throws InvalidInput when no exact method can do it: the message names n and the width.
ExactResult solve_exactly(const IsingModel& model, const ExactOptions& options = {});

}  // namespace lehr::spin
