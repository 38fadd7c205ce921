#include "lehr/spin/houdayer.hpp"

#include <algorithm>

namespace lehr::spin {
namespace {

struct OverlapSites {
  int sign = -1;  // of q at the sites
  Index count = 0;
};

OverlapSites rarer_sites(const IsingModel& model, const Spins& a, const Spins& b) {
  Index opposite = 0;
  for (std::size_t i = 0; i < a.size(); ++i) opposite += a[i] != b[i];
  const bool symmetric = std::ranges::all_of(model.fields(), [](double h) { return h == 0; });
  if (symmetric && opposite > model.size() / 2) return {+1, model.size() - opposite};
  return {-1, opposite};
}

}  // namespace

ClusterMove houdayer_move(const IsingFlips& flips, IsingFlips::Configuration& a, IsingFlips::Configuration& b,
                          Stream& random, ClusterScratch& scratch) {
  const IsingModel& model = flips.model();
  const OverlapSites sites = rarer_sites(model, a.spins, b.spins);
  if (sites.count == 0) return {};
  const auto belongs = [&](Index i) {
    const auto at = static_cast<std::size_t>(i);
    return a.spins[at] * b.spins[at] == sites.sign;
  };
  std::int64_t rank = uniform_index(random, sites.count);
  Index start = 0;
  while (!belongs(start) || rank-- > 0) ++start;

  scratch.prepare(model.size());
  scratch.mark(start);
  for (std::size_t next = 0; next < scratch.members.size(); ++next)
    for (const Index j : model.neighbours(scratch.members[next]))
      if (!scratch.is_marked(j) && belongs(j)) scratch.mark(j);

  ClusterMove move;
  for (const Index i : scratch.members) {
    move.energy_change += flips.flip_cost(a, i);
    flips.flip(a, i);
    flips.flip(b, i);
  }
  move.size = static_cast<std::int64_t>(scratch.members.size());
  scratch.unmark();
  return move;
}

}  // namespace lehr::spin
