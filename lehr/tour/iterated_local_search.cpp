#include "lehr/tour/iterated_local_search.hpp"

#include <utility>

#include "lehr/tour/kicked_descent.hpp"
#include "lehr/tour/or_opt_moves.hpp"

namespace lehr::tour {

IteratedLocalSearch::IteratedLocalSearch(const Instance& instance, const Neighbours& neighbours,
                                         KickOptions options, const Order& initial)
    : graph_(std::make_shared<CandidateGraph>(instance, neighbours)),
      options_(std::move(options)),
      initial_(initial_tour(instance, neighbours, initial)) {
  options_.check("iterated_local_search");
  if (is_exact(instance.count)) initial_ = shortest_of_all(instance);
}

IteratedLocalSearch::State IteratedLocalSearch::start(const Moment&) const {
  State state;
  state.begin(*graph_, initial_);
  return state;
}

void IteratedLocalSearch::advance(State& state, const Moment& now) const {
  with_usual_distance(graph_->instance(), [&](const auto& distance) {
    OrOptMoves moves(*graph_, state, distance);
    kick_step(moves, state, *graph_, distance, options_, now);
  });
}

}  // namespace lehr::tour
