// 2-opt and Or-opt together (Lin 1965; Or 1976; Bentley 1992) until no move of either kind shortens the tour: with candidate
// lists, both directions of the tour, and a queue of the cities at which a move may have become possible (don't-look bits).
//
// 2-opt replaces the edges (a, b), (c, d) by (a, c), (b, d); Or-opt moves a segment of one to three cities, either way round,
// between two neighbours elsewhere. c is among a's candidates and nearer to a than a's neighbour in the tour (the gain
// criterion). First improvement. The queue is a heuristic: a move that only the other of its two edges would show can be left, so a
// second descent from the result may find more. From greedy edges 3 to 6 % above the shortest tour on random uniform cities.
#pragma once

#include <memory>

#include "lehr/core/moment.hpp"
#include "lehr/tour/tour_walk.hpp"

namespace lehr::tour {

class OrOpt {
 public:
  using State = TourWalk;

  // `initial` is the tour to begin with; empty: greedy edges. Throws InvalidInput unless it visits every city once. The neighbours
  // are the candidates, 8 to 10 for each city as a rule. Both are copied.
  OrOpt(const Instance& instance, const Neighbours& neighbours, const Order& initial = {});

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;  // looks at up to 2000 cities
  bool finished(const State& state) const { return state.queue.empty(); }
  void measure(const State& state, Row& row) const { state.measure(row); }
  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    state.fields(visit);
  }

 private:
  std::shared_ptr<const CandidateGraph> graph_;
  Order initial_;
};

}  // namespace lehr::tour
