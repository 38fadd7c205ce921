#include "lehr/tour/iterated_local_search.hpp"

#include <utility>

#include "lehr/tour/kicked_descent.hpp"
#include "lehr/tour/or_opt_moves.hpp"

namespace lehr::tour {

IteratedLocalSearch::IteratedLocalSearch(const Instance& instance, const Neighbours& neighbours,
                                         KickOptions options, const Order& initial)
    : KickedSearch("iterated_local_search", instance, neighbours, std::move(options), initial) {}

void IteratedLocalSearch::advance(State& state, const Moment& now) const {
  with_usual_distance(graph_->instance(), [&](const auto& distance) {
    OrOptMoves moves(*graph_, state, distance);
    kick_step(moves, state, *graph_, distance, options_, now);
  });
}

}  // namespace lehr::tour
