// Replica exchange: copies of a system on a ladder of inverse temperatures swap places, and the ladder is
// tuned so that they travel. Knows energies alone, not what they are the energies of.
//
// Neighbours t and t + 1 swap with probability p = min(1, e^((beta_{t+1} - beta_t)(E_{t+1} - E_t))), the even
// pairs in one step, the odd ones in the next. Rates are means of p, which vary less than counts of swaps.
//
// Tuning by rates: were energies normal, p would average to erfc(x), x proportional to the gap in beta. The
// inner temperatures move to where sum of x, interpolated over beta, rises by equal shares; so rates become
// equal, also from gaps so wide that hardly a swap happens. Tuning by feedback (Katzgraber, Trebst, Huse and
// Troyer, "Feedback-optimized parallel tempering Monte Carlo", 2006): shares of sqrt(f_t - f_{t+1}), with f_t
// the share of copies at t that visited the hot end last, which minimises round-trip times.
// The first and the last temperature stay.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lehr/core/random.hpp"

namespace lehr::sample {

// `sets` independent ladders over the same temperatures; set s holds the replicas [s R, (s + 1) R).
class ReplicaLadder {
 public:
  ReplicaLadder() = default;
  // `betas` ascending, at least one, finite; otherwise InvalidInput.
  ReplicaLadder(std::vector<double> betas, std::int64_t sets);

  std::int64_t temperatures() const { return static_cast<std::int64_t>(betas_.size()); }
  std::int64_t sets() const { return static_cast<std::int64_t>(replica_at_.size()) / temperatures(); }
  const std::vector<double>& betas() const { return betas_; }
  double beta(std::int64_t temperature) const { return betas_[static_cast<std::size_t>(temperature)]; }
  // The replica of set `set` that is at this temperature now.
  std::int64_t replica(std::int64_t set, std::int64_t temperature) const {
    return replica_at_[static_cast<std::size_t>(set * temperatures() + temperature)];
  }

  // Proposes the swaps of this step's parity; energies[r] is that of replica r. The number of draws does not
  // depend on the energies.
  void exchange(std::span<const double> energies, std::int64_t step, Stream& random);

  // Mean swap probability of each pair t, t + 1 since `reset_counts`; nan where none was proposed.
  std::vector<double> swap_rates() const;
  // f_t: of the copies seen at t that visited an end, the share whose last end was the hot one; nan if none.
  std::vector<double> hot_shares() const;
  // Ways from the hot end to the cold one and back, of all copies, and the mean number of steps they took.
  std::int64_t round_trips() const { return round_trips_; }
  double round_trip_time() const;  // nan without round trips
  // Forgets rates, shares and round trips; copies keep their directions.
  void reset_counts();
  // Replaces the temperatures. With as many as before every copy keeps its place; otherwise copies are
  // numbered along the ladder, and forget which ends they visited.
  void set_betas(std::vector<double> betas);

  // False where a checkpoint's numbers do not fit each other.
  bool consistent() const;

  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    visit(name + ".betas", betas_);
    visit(name + ".replica_at", replica_at_);
    visit(name + ".last_end", last_end_);
    visit(name + ".departed", departed_);
    visit(name + ".proposed", proposed_);
    visit(name + ".accepted", accepted_);
    visit(name + ".from_hot", from_hot_);
    visit(name + ".from_cold", from_cold_);
    visit(name + ".round_trips", round_trips_);
    visit(name + ".round_trip_steps", round_trip_steps_);
  }

 private:
  void number_along_ladder(std::int64_t sets);
  void note_places(std::int64_t step);

  std::vector<double> betas_;
  std::vector<std::int64_t> replica_at_;  // set * R + t
  std::vector<std::int8_t> last_end_;     // of each replica: +1 hot, -1 cold, 0 neither yet
  std::vector<std::int64_t> departed_;    // the step of its last visit to the hot end, -1: none
  std::vector<double> proposed_, accepted_;
  std::vector<std::int64_t> from_hot_, from_cold_;  // visits of each temperature by copies' last end
  std::int64_t round_trips_ = 0, round_trip_steps_ = 0;
};

// `count` values from betas.front() to betas.back() between which the sum of `weights`, one for each gap and
// spread evenly over it, rises by equal shares. Weights are positive, count >= 2.
std::vector<double> respaced(std::span<const double> betas, std::span<const double> weights,
                             std::size_t count);

// The ladder that equalises swap rates. When `count` temperatures leave rates below `least_rate`, as many
// more as are needed, up to `most`.
std::vector<double> tuned_by_rates(std::span<const double> betas, std::span<const double> swap_rates,
                                   double least_rate, std::size_t most);

// The ladder of least round-trip time, by the shares f_t; unchanged when copies did not travel from either
// end.
std::vector<double> tuned_by_feedback(std::span<const double> betas, std::span<const double> hot_shares);

}  // namespace lehr::sample
