// What or_opt, iterated_local_search and chained_lin_kernighan share: a descent that looks at the cities in a queue, and kicks that
// are followed by one and taken back when the tour has become too long. `Moves` is what improves the tour at a city:
// bool improve(City), as in or_opt_moves.hpp and sequential_moves.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/core/moment.hpp"
#include "lehr/tour/segment_kick.hpp"
#include "lehr/tour/tour_walk.hpp"

namespace lehr::tour {

// Looks at cities until the queue is empty or `most` have been looked at. True when it is empty.
template <class Moves>
bool descend(Moves& moves, TourWalk& walk, std::int64_t most = std::numeric_limits<std::int64_t>::max()) {
  for (; most > 0 && !walk.queue.empty(); --most) {
    const City city = walk.queue.pop();
    while (moves.improve(city)) {
    }
  }
  return walk.queue.empty();
}

// A step of the first descent: a bounded number of cities; the tour so far is the best.
template <class Moves>
void descend_step(Moves& moves, TourWalk& walk, const CandidateGraph& graph) {
  descend(moves, walk, 2000);
  walk.forget();
  walk.keep(graph);
  walk.settle(graph);
}

// Kicks, each followed by a descent, and taken back unless the tour is not longer or `temperature` lets it pass.
template <class Moves, class Distance>
void kick_and_descend(Moves& moves, TourWalk& walk, const CandidateGraph& graph, const Distance& distance,
                      const KickOptions& options, QuickStream& random) {
  SegmentKick kick(options);
  const City n = walk.tour.cities();
  const double least = graph.least_gain();
  for (std::int64_t i = 0; i < options.kicks; ++i) {
    const double before = walk.length;
    const TourWalk::Mark mark = walk.mark();
    const double allowed = walk.temperature > 0 ? -walk.temperature * std::log1p(-uniform(random)) : 0;
    kick.make(walk, graph, distance, random);
    descend(moves, walk);
    ++walk.kicks;
    if (walk.length <= before + std::max(allowed, least)) {
      ++walk.accepted;
      walk.forget();
      if (walk.length < walk.best_length - least) walk.keep(graph);
      if (walk.written_cities >= n) walk.written.clear();
    } else {
      walk.undo();
      kick.undo(walk);
      walk.length = before;
      walk.back_to(mark);
    }
  }
}

// A step of iterated_local_search and chained_lin_kernighan.
template <class Moves, class Distance>
void kick_step(Moves& moves, TourWalk& walk, const CandidateGraph& graph, const Distance& distance,
               const KickOptions& options, const Moment& now) {
  if (!walk.queue.empty()) return descend_step(moves, walk, graph);
  if (is_exact(graph.cities())) return;
  const double temperature = options.temperature(now);
  if (!(temperature >= 0)) throw InvalidInput("temperature: {} is not at least 0", temperature);
  walk.temperature = temperature * graph.mean_nearest();
  Stream stream = now.random(lane("tour.kicks"));
  QuickStream random(stream);
  kick_and_descend(moves, walk, graph, distance, options, random);
  walk.settle(graph);
  now.spend(options.kicks);
}

}  // namespace lehr::tour
