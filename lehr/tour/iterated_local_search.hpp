// Iterated local search (Martin, Otto and Felten 1991; Johnson and McGeoch 1997): the descent of or_opt.hpp, then kick after kick.
//
// A kick is a double bridge among edges near each other; the descent that follows looks only at the eight cities it touched, and
// where the tour has become longer the moves and the kick are taken back, the last first. So a kick costs microseconds at any
// number of cities. With a temperature a longer tour is accepted with probability e^(-d / T): a large-step Markov chain, whose
// temperature may follow a schedule. The best tour is kept apart.
//
// Fewer than 8 cities: all tours are tried.
#pragma once

#include <memory>

#include "lehr/core/moment.hpp"
#include "lehr/tour/kick_options.hpp"
#include "lehr/tour/tour_walk.hpp"

namespace lehr::tour {

class IteratedLocalSearch {
 public:
  using State = TourWalk;

  // As OrOpt. Throws InvalidInput for options out of range.
  IteratedLocalSearch(const Instance& instance, const Neighbours& neighbours, KickOptions options = {},
                      const Order& initial = {});

  State start(const Moment& now) const;
  // Up to 2000 cities of the first descent, then options.kicks kicks, each of which spends one evaluation.
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return is_exact(state.tour.cities()); }
  // length: of the best tour; moves, kicks; acceptance: share of the kicks that were kept; temperature, in units of length
  void measure(const State& state, Row& row) const { state.measure_kicks(row); }
  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    state.fields(visit);
  }

 private:
  std::shared_ptr<const CandidateGraph> graph_;
  KickOptions options_;
  Order initial_;
};

}  // namespace lehr::tour
