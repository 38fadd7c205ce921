#include "lehr/tour/or_opt.hpp"

#include "lehr/tour/kicked_descent.hpp"
#include "lehr/tour/or_opt_moves.hpp"

namespace lehr::tour {

OrOpt::OrOpt(const Instance& instance, const Neighbours& neighbours, const Order& initial)
    : graph_(std::make_shared<CandidateGraph>(instance, neighbours)),
      initial_(initial_tour(instance, neighbours, initial)) {}

OrOpt::State OrOpt::start(const Moment&) const {
  State state;
  state.begin(*graph_, initial_);
  return state;
}

void OrOpt::advance(State& state, const Moment&) const {
  with_usual_distance(graph_->instance(), [&](const auto& distance) {
    OrOptMoves moves(*graph_, state, distance);
    descend_step(moves, state, *graph_);
  });
}

}  // namespace lehr::tour
