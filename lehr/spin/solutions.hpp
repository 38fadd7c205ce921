// The states that a run of any method found, best first.
#pragma once

#include <cstdint>
#include <vector>

#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

struct Solution {
  Spins spins;
  double energy = 0;
  std::int64_t occurrences = 1;  // reads that ended in this state
};

// The `keep` lowest distinct states among many reads, and the energy of every read.
class SolutionPool {
 public:
  explicit SolutionPool(std::size_t keep = 1000) : keep_(keep) {}
  void add(Spins spins, double energy, std::int64_t occurrences = 1);
  // Lowest energy first; equal energies by spins, so the order does not depend on the order of adding.
  std::vector<Solution> best() const;
  const std::vector<double>& energies() const { return energies_; }  // one per read, in the order of adding

 private:
  std::size_t keep_;
  std::vector<Solution> pool_;
  std::vector<double> energies_;
};

}  // namespace lehr::spin
