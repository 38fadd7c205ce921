#include "lehr/spin/solutions.hpp"

#include <algorithm>
#include <utility>

namespace lehr::spin {
namespace {

bool better(const Solution& a, const Solution& b) {
  return a.energy != b.energy ? a.energy < b.energy : a.spins < b.spins;
}

}  // namespace

void SolutionPool::add(Spins spins, double energy, std::int64_t occurrences) {
  energies_.insert(energies_.end(), static_cast<std::size_t>(occurrences), energy);
  if (keep_ == 0 || (pool_.size() == keep_ && energy > pool_.back().energy)) return;
  Solution found{std::move(spins), energy, occurrences};
  const auto at = std::lower_bound(pool_.begin(), pool_.end(), found, better);
  if (at != pool_.end() && at->energy == energy && at->spins == found.spins) {
    at->occurrences += occurrences;
    return;
  }
  // The worst of a full pool leaves for good: the pool only gets better, so it would not come back.
  pool_.insert(at, std::move(found));
  if (pool_.size() > keep_) pool_.pop_back();
}

std::vector<Solution> SolutionPool::best() const { return pool_; }

}  // namespace lehr::spin
