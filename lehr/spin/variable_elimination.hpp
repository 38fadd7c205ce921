// Exact ground state, number of ground states, ln Z and exact samples by variable (bucket) elimination:
// spins are summed or minimised out one after another in a greedy order; the spin's term becomes a table over
// the spins it is coupled to.
//
//   minimum    m(u) = min_s  (h s + sum_j J_j s u_j + tables(s, u)), with the number of states that attain it
//   sum        m(u) = ln sum_s e^(-beta h s - beta sum_j J_j s u_j + tables(s, u))
//
// Going back through the order gives a ground state, or a state drawn from the Boltzmann distribution. Cost
// O(sum over spins of 2^(width + 1)), so feasible where the graph's tree-width is at most about 25: chains, trees,
// ladders, planar and Chimera-like patches, whatever the number of spins. Source: R. Dechter, "Bucket
// elimination: a unifying framework for reasoning", Artificial Intelligence 113 (1999).
#pragma once

#include <cstdint>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/spin/elimination_order.hpp"
#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

inline constexpr Index largest_width = 25;

struct EliminatedGround {
  Spins spins;
  double energy = 0;
  double degeneracy = 0;  // states within 1e-10 of sum |weights|; exact up to 2^53, then rounded
};

// Throws InvalidInput where the width of the order found exceeds 25 or the tables would exceed 4 GiB; the
// message names n and the width.
EliminatedGround eliminate_for_ground(const IsingModel& model);
// The same with an order made before; `order.complete` must hold.
EliminatedGround eliminate_for_ground(const IsingModel& model, const EliminationOrder& order);

// The Boltzmann distribution at inverse temperature beta, ready for exact and independent samples.
class ExactSampler {
 public:
  // beta finite and not negative. Holds all tables: throws InvalidInput as above.
  ExactSampler(const IsingModel& model, double beta);
  double ln_z() const { return ln_z_; }  // offset included
  // A state drawn from e^(-beta H) / Z; n random numbers.
  Spins sample(Stream& random) const;

 private:
  EliminationOrder order_;
  Index size_ = 0;
  double ln_z_ = 0;
  std::vector<std::vector<float>>
      log_odds_;  // of order[k]: ln p(+1) / p(-1) for each state of its neighbours
};

}  // namespace lehr::spin
