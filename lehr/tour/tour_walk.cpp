#include "lehr/tour/tour_walk.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "lehr/tour/constructions.hpp"

namespace lehr::tour {

void TourWalk::begin(const CandidateGraph& graph, const Order& initial) {
  best = initial;
  tour = ArrayTour(graph.renumbered(initial));
  best_length = length = tour::length(graph.instance(), tour.order());
  queue = CityQueue(graph.cities());
  for (const City c : tour.order()) queue.push(c);
}

void TourWalk::undo() {
  std::array<City, 2 * ArrayTour::most_edges> t{};
  while (!sizes.empty()) {
    const auto size = static_cast<std::size_t>(sizes.back());
    std::copy(journal.end() - sizes.back(), journal.end(), t.begin());
    std::rotate(t.begin(), t.begin() + 1, t.begin() + sizes.back());
    note(tour.exchange({t.data(), size}));
    journal.resize(journal.size() - size);
    sizes.pop_back();
  }
}

void TourWalk::keep(const CandidateGraph& graph) {
  const auto n = static_cast<std::size_t>(tour.cities());
  if (static_cast<std::size_t>(written_cities) >= n) written.assign(1, {0, tour.cities()});
  for (const Stretch stretch : written)
    for (std::int32_t i = 0, p = stretch.first; i < stretch.size; ++i, p = p + 1 == tour.cities() ? 0 : p + 1)
      best[static_cast<std::size_t>(p)] = graph.original(tour.at(p));
  written.clear();
  written_cities = 0;
  best_length = length;
}

void TourWalk::settle(const CandidateGraph& graph) {
  length = tour::length(graph.instance(), tour.order());
  best_length = written_cities == 0 ? length : tour::length(graph.instance(), graph.renumbered(best));
}

void TourWalk::measure(Row& row) const {
  row.add("length", best_length);
  row.add("moves", static_cast<double>(moves));
}

void TourWalk::measure_kicks(Row& row) const {
  measure(row);
  row.add("kicks", static_cast<double>(kicks));
  row.add("acceptance", kicks > 0 ? static_cast<double>(accepted) / static_cast<double>(kicks) : 0);
  row.add("temperature", temperature);
}

void TourWalk::restore(Order order, const std::vector<City>& waiting) {
  tour = ArrayTour(std::move(order));
  queue = CityQueue(tour.cities());
  for (const City c : waiting) queue.push(c);
  written.clear();
  written_cities = tour.cities();  // what `best` lacks is not known
  forget();
}

Order shortest_of_all(const Instance& instance) {
  Order order(static_cast<std::size_t>(instance.count));
  std::iota(order.begin(), order.end(), City{0});
  Order best = order;
  double best_length = length(instance, order);
  while (std::next_permutation(order.begin() + 1, order.end())) {
    if (order[1] > order.back()) continue;  // the same tour the other way round
    const double candidate = length(instance, order);
    if (candidate < best_length) best = order, best_length = candidate;
  }
  return best;
}

Order initial_tour(const Instance& instance, const Neighbours& neighbours, const Order& given) {
  if (given.empty()) return greedy_edge(instance, neighbours);
  check_order(given, instance.count, "initial");
  return given;
}

}  // namespace lehr::tour
