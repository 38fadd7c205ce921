// Where a local search stands: its tour, what it has yet to look at, and the best tour that it has seen, which is brought up to date
// by copying the positions written since: O(changes), not O(n), for each improvement.
#pragma once

#include <optional>
#include <string>

#include "lehr/core/row.hpp"
#include "lehr/tour/array_tour.hpp"
#include "lehr/tour/candidate_graph.hpp"
#include "lehr/tour/city_queue.hpp"

namespace lehr::tour {

struct TourWalk {
  Order best;              // in the numbers of the user's cities
  double best_length = 0;  // == length(instance, best)
  ArrayTour tour;          // in the numbers of the graph
  double length = 0;       // of `tour`
  CityQueue queue;
  std::int64_t moves = 0, kicks = 0, accepted = 0;
  double temperature = 0;

  // Of moves that may have to be undone: t_1 ... t_2k one after the other, and the k of each.
  std::vector<City> journal;
  std::vector<std::int8_t> sizes;
  std::vector<Stretch> written;     // since `best` was up to date
  std::int64_t written_cities = 0;  // their sum; from n on, everything counts as written

  // Begins at the tour, in the user's numbers; every city is to be looked at.
  void begin(const CandidateGraph& graph, const Order& initial);
  // Makes an exchange of edges that shortens the tour by `gain`, and has its cities looked at.
  void exchange(std::span<const City> t, double gain) {
    note(tour.exchange(t));
    length -= gain;
    ++moves;
    journal.insert(journal.end(), t.begin(), t.end());
    sizes.push_back(static_cast<std::int8_t>(t.size()));
    for (const City c : t) queue.push(c);
  }
  void note(Stretch stretch) {
    written.push_back(stretch);
    written_cities += stretch.size;
  }
  // What had been written at some time, to go back to once the writing has been undone.
  struct Mark {
    std::size_t stretches;
    std::int64_t cities;
  };
  Mark mark() const { return {written.size(), written_cities}; }
  void back_to(Mark mark) { written.resize(mark.stretches), written_cities = mark.cities; }
  void forget() { journal.clear(), sizes.clear(); }
  // Takes back the moves in the journal, the last first.
  void undo();
  // The tour is the best one so far.
  void keep(const CandidateGraph& graph);
  // Both lengths anew from the tours, so that rounding does not add up.
  void settle(const CandidateGraph& graph);
  // length: of the best tour; moves: exchanges made
  void measure(Row& row) const;
  // The same; kicks; acceptance: share of the kicks that were kept; temperature, in units of length
  void measure_kicks(Row& row) const;

  // Everything that another process needs to go on.
  template <class Visitor>
  void fields(Visitor& visit) {
    Order order = tour.order();
    std::vector<City> waiting = queue.list();
    visit("best", best);
    visit("best_length", best_length);
    visit("tour", order);
    visit("length", length);
    visit("queue", waiting);
    visit("moves", moves);
    visit("kicks", kicks);
    visit("accepted", accepted);
    visit("temperature", temperature);
    restore(std::move(order), waiting);
  }

 private:
  void restore(Order order, const std::vector<City>& waiting);
};

// Problems so small that a search of kicks tries all tours, at most 360.
inline bool is_exact(City cities) { return cities < 8; }
Order shortest_of_all(const Instance& instance);

// The initial tour of a search: the one given, checked, or by greedy edges.
Order initial_tour(const Instance& instance, const Neighbours& neighbours, const Order& given);

}  // namespace lehr::tour
