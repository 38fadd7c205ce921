#include "lehr/tour/kicked_search.hpp"

#include <utility>

namespace lehr::tour {

KickedSearch::KickedSearch(std::string_view method, const Instance& instance, const Neighbours& neighbours,
                           KickOptions options, const Order& initial)
    : graph_(std::make_shared<CandidateGraph>(instance, neighbours)),
      options_(std::move(options)),
      initial_(initial_tour(instance, neighbours, initial)) {
  options_.check(method);
  if (is_exact(instance.count)) initial_ = shortest_of_all(instance);
}

KickedSearch::State KickedSearch::start(const Moment&) const {
  State state;
  state.begin(*graph_, initial_);
  return state;
}

}  // namespace lehr::tour
