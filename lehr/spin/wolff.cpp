#include "lehr/spin/wolff.hpp"

#include <cmath>

namespace lehr::spin {
namespace {

// True when a bond of energy `energy` (negative: satisfied) joins the cluster.
bool joins(double energy, double beta, Stream& random) {
  return energy < 0 && uniform(random) < -std::expm1(2 * beta * energy);
}

}  // namespace

ClusterMove wolff_move(const IsingFlips& flips, IsingFlips::Configuration& configuration, double beta,
                       Stream& random, ClusterScratch& scratch) {
  const IsingModel& model = flips.model();
  const auto spin = [&](Index i) { return configuration.spins[static_cast<std::size_t>(i)]; };
  scratch.prepare(model.size());
  scratch.mark(static_cast<Index>(uniform_index(random, model.size())));
  bool reaches_ghost = false;
  for (std::size_t next = 0; next < scratch.members.size() && !reaches_ghost; ++next) {
    const Index i = scratch.members[next];
    const auto neighbours = model.neighbours(i);
    const auto weights = model.weights(i);
    reaches_ghost = joins(model.field(i) * spin(i), beta, random);
    for (std::size_t k = 0; k < neighbours.size(); ++k) {
      const Index j = neighbours[k];
      if (!scratch.is_marked(j) && joins(weights[k] * spin(i) * spin(j), beta, random)) scratch.mark(j);
    }
  }
  ClusterMove move;
  if (!reaches_ghost) {
    for (const Index i : scratch.members) {
      move.energy_change += flips.flip_cost(configuration, i);
      flips.flip(configuration, i);
    }
    move.size = static_cast<std::int64_t>(scratch.members.size());
  }
  scratch.unmark();
  return move;
}

}  // namespace lehr::spin
