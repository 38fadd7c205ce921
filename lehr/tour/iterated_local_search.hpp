// Iterated local search (Martin, Otto and Felten 1991; Johnson and McGeoch 1997): the descent of or_opt.hpp, then kick after kick.
//
// A kick is a double bridge among edges near each other; the descent that follows looks only at the eight cities it touched, and
// where the tour has become longer the moves and the kick are taken back, the last first. So a kick costs microseconds at any
// number of cities. With a temperature a longer tour is accepted with probability e^(-d / T): a large-step Markov chain, whose
// temperature may follow a schedule. The best tour is kept apart.
//
// Fewer than 8 cities: all tours are tried.
#pragma once

#include "lehr/tour/kicked_search.hpp"

namespace lehr::tour {

class IteratedLocalSearch : public KickedSearch {
 public:
  // As OrOpt. Throws InvalidInput for options out of range.
  IteratedLocalSearch(const Instance& instance, const Neighbours& neighbours, KickOptions options = {},
                      const Order& initial = {});

  // Up to 2000 cities of the first descent, then options.kicks kicks, each of which spends one evaluation.
  void advance(State& state, const Moment& now) const;
};

}  // namespace lehr::tour
