#include "lehr/spin/exact.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/spin/branch_and_bound.hpp"
#include "lehr/spin/elimination_order.hpp"
#include "lehr/spin/exact_enumeration.hpp"
#include "lehr/spin/reduction.hpp"
#include "lehr/spin/variable_elimination.hpp"

namespace lehr::spin {

namespace {

// A table entry of variable elimination costs about as much as this many states of an enumeration.
constexpr double entry_cost = 50;
// Wider parts of reduced models go to branch and bound, if they are small enough.
constexpr Index narrow = 20;

ExactResult by_enumeration(const IsingModel& model) {
  GroundStates ground = exact_enumeration(model);
  return {.spins = std::move(ground.states.front()),
          .energy = ground.energy,
          .degeneracy = ground.degeneracy,
          .route = "enumeration"};
}

ExactResult by_elimination(const IsingModel& model, const EliminationOrder& order) {
  EliminatedGround ground = eliminate_for_ground(model, order);
  return {.spins = std::move(ground.spins),
          .energy = ground.energy,
          .degeneracy = ground.degeneracy,
          .route = "elimination",
          .width = order.width};
}

// The ground state of a connected part of a reduced model.
Spins solve_part(const IsingModel& part, const ExactOptions& options, std::int64_t& nodes) {
  if (part.size() <= 24) return by_enumeration(part).spins;
  if (options.route == "auto") {
    const EliminationOrder order = elimination_order(part, narrow);
    if (order.complete) return by_elimination(part, order).spins;
  }
  BranchAndBoundResult found = branch_and_bound(part, options.max_nodes);
  nodes += found.nodes;
  return std::move(found.spins);
}

ExactResult by_parts(const IsingModel& model, const ExactOptions& options, const EliminationOrder& order) {
  const Reduction reduction = reduce(model);
  const std::vector<Component> parts = components(reduction.model);
  for (const Component& part : parts)
    if (part.model.size() > largest_branch_and_bound &&
        (options.route != "auto" || !elimination_order(part.model, narrow).complete))
      throw InvalidInput(
          "exact: {} spins are too many: enumeration takes {}, variable elimination a width of {} (found "
          "{}), "
          "branch and bound {} spins in each part that reductions leave (found {})",
          model.size(), largest_enumeration, largest_width, order.width, largest_branch_and_bound,
          part.model.size());
  ExactResult result;
  result.route = "branch_and_bound", result.width = order.width;
  Spins reduced(static_cast<std::size_t>(reduction.model.size()), 1);
  for (const Component& part : parts) {
    const Spins spins = solve_part(part.model, options, result.nodes);
    for (std::size_t k = 0; k < spins.size(); ++k)
      reduced[static_cast<std::size_t>(part.spins[k])] = spins[k];
  }
  result.spins = reduction.restore(reduced);
  result.energy = model.energy(result.spins);
  return result;
}

}  // namespace

ExactResult solve_exactly(const IsingModel& model, const ExactOptions& options) {
  if (options.route == "enumeration") return by_enumeration(model);
  const EliminationOrder order = elimination_order(model, largest_width);
  if (options.route == "elimination") return by_elimination(model, order);
  if (options.route == "auto") {
    const bool small = model.size() <= largest_enumeration;
    if (order.complete && !(small && std::exp2(model.size()) < entry_cost * order.cost))
      return by_elimination(model, order);
    if (small) return by_enumeration(model);
  }
  return by_parts(model, options, order);
}

}  // namespace lehr::spin
