#include "lehr/spin/wolff.hpp"

#include <array>

namespace lehr::spin {
namespace {

// Decides whether bonds join the cluster: one of energy -e < 0 does when an exponential number of mean 1 / (2 beta)
// is below e, hence with probability 1 - e^(-2 beta e).
class Bonds {
 public:
  Bonds(double beta, Stream& random) : twice_beta_(2 * beta), random_(random) {}
  bool join(double energy) {
    if (!(energy < 0)) return false;
    if (next_ == numbers_.size()) {
      draw_energy_thresholds(Rule::metropolis, twice_beta_, random_, numbers_);
      next_ = 0;
    }
    return numbers_[next_++] < -energy;
  }

 private:
  double twice_beta_;
  Stream& random_;
  std::array<double, 64> numbers_;
  std::size_t next_ = 64;
};

}  // namespace

ClusterMove wolff_move(const IsingFlips& flips, IsingFlips::Configuration& configuration, double beta,
                       Stream& random, ClusterScratch& scratch) {
  const IsingModel& model = flips.model();
  const auto spin = [&](Index i) { return configuration.spins[static_cast<std::size_t>(i)]; };
  scratch.prepare(model.size());
  scratch.mark(static_cast<Index>(uniform_index(random, model.size())));
  Bonds bonds(beta, random);
  bool reaches_ghost = false;
  for (std::size_t next = 0; next < scratch.members.size() && !reaches_ghost; ++next) {
    const Index i = scratch.members[next];
    const auto neighbours = model.neighbours(i);
    const auto weights = model.weights(i);
    reaches_ghost = bonds.join(model.field(i) * spin(i));
    for (std::size_t k = 0; k < neighbours.size(); ++k) {
      const Index j = neighbours[k];
      if (!scratch.is_marked(j) && bonds.join(weights[k] * spin(i) * spin(j))) scratch.mark(j);
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
