// What the searches that kick one tour again and again have in common: the candidates, the rules of the kicks, and how they start.
#pragma once

#include <memory>
#include <string_view>

#include "lehr/core/moment.hpp"
#include "lehr/tour/kick_options.hpp"
#include "lehr/tour/tour_walk.hpp"

namespace lehr::tour {

class KickedSearch {
 public:
  using State = TourWalk;

  State start(const Moment& now) const;
  bool finished(const State& state) const { return is_exact(state.tour.cities()); }
  // length: of the best tour; moves, kicks; acceptance: share of the kicks that were kept; temperature, in units of length
  void measure(const State& state, Row& row) const { state.measure_kicks(row); }
  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    state.fields(visit);
  }

 protected:
  // From `initial`, as OrOpt does. Throws InvalidInput, naming the method, for options out of range.
  KickedSearch(std::string_view method, const Instance& instance, const Neighbours& neighbours,
               KickOptions options, const Order& initial);

  std::shared_ptr<const CandidateGraph> graph_;
  KickOptions options_;

 private:
  Order initial_;
};

}  // namespace lehr::tour
