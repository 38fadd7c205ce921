// Simulated annealing of a tour (Kirkpatrick, Gelatt and Vecchi 1983; with neighbour lists Johnson and McGeoch 1997, "The travelling salesman
// problem: a case study in local optimization", section 4).
//
// A proposal takes a city a, one of its candidates c, and makes them neighbours in the tour, half of the time by turning round the path between
// them (2-opt), else by moving a segment of one to three cities that ends in a beside c (Or-opt). It is accepted with probability
// min(1, e^(-change / T)), with T a schedule in units of the mean distance to the nearest neighbour. A proposal costs O(1); one that is accepted
// what its exchange writes, up to n / 2 positions.
#pragma once

#include "lehr/core/moment.hpp"
#include "lehr/core/row.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/tour/array_tour.hpp"
#include "lehr/tour/neighbours.hpp"

namespace lehr::tour {

struct AnnealTourOptions {
  Schedule temperature = Schedule::parse("geometric(from=0.3, to=0.01)");
  std::int64_t proposals = 20000;  // a step

  void describe(OptionTable& table);
};

class AnnealTour {
 public:
  struct State {
    ArrayTour tour;
    Order best;  // of the tours at the ends of steps
    double best_length = 0, length = 0, temperature = 0;
    std::int64_t proposed = 0, accepted = 0;
  };

  // Starts from `initial`, or from the greedy tour. Throws InvalidInput for fewer than 5 cities and options out of range.
  AnnealTour(const Instance& instance, const Neighbours& neighbours, AnnealTourOptions options = {},
             Order initial = {});

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;  // spends an evaluation a proposal
  void measure(const State& state, Row& row) const;
  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    Order order = state.tour.order();
    visit("order", order);
    if (order != state.tour.order()) state.tour = ArrayTour(order);
    visit("best", state.best);
    visit("best_length", state.best_length);
    visit("length", state.length);
    visit("temperature", state.temperature);
    visit("proposed", state.proposed);
    visit("accepted", state.accepted);
  }

 private:
  const Instance* instance_;
  Neighbours neighbours_;
  AnnealTourOptions options_;
  Order initial_;
  double unit_ = 0;  // mean distance to the nearest neighbour
};

}  // namespace lehr::tour
