// Heatmap-guided Monte Carlo tree search for tours (Fu, Qiu and Zha 2021; settings of Pan et al., "Beyond
// the Heatmap", 2024).
//
// With W = 100 P, Q = 0, M = 0 it repeats episodes until the budget is spent:
//   1. a tour from city 0 on: next an unvisited j with probability in proportion to e^{W_ij};
//   2. 2-opt over the candidates, first improvement, until none. Every evaluation counts M += 1 and Q += 1 on both new edges; a move
//      of gain D on a tour of length L adds beta (e^{D / L} - 1) to W of both new edges;
//   3. actions. Cut (a_1, b_1 = succ a_1) of a random city; then again and again choose a_{i+1} among the candidates of b_i, not a_1 and
//      not the next on the path, with potential Z >= 1 and in proportion to Z (edge_memory.hpp), Q += 1; b_{i+1} is the city before
//      a_{i+1} on the path, and the path b_i ... b_{i+1} is reversed. The closed gain is what was removed less what was added
//      less d(b_{i+1}, a_1). An action ends with the first closed gain above 0, after D_max exchanges, or without candidates; M += 1. An
//      improving one is executed and adds beta (e^{D / L} - 1) to W of its edges. H n actions in a row without improvement end the episode.
// W, Q and M stay from episode to episode. Actions are tried two at a time from the same tour
// (action_walk.hpp); where the first improves, the second is void: it counts neither in M nor in
// the pool, though what it visited under alpha > 0 stays in Q.
//
// Beyond the paper, by settings: `positive_gain` chooses only among candidates with d(b_i, a_{i+1}) below
// the gain so far (the criterion of Lin and Kernighan); `or_opt` descends by 2-opt and Or-opt over a queue
// of touched cities; `fresh` below 1 lets the other episodes be kicks: a double bridge inside 50
// consecutive cities, a descent of the touched cities, H actions per touched city that start there, and
// everything taken back by the log if the tour became longer (with `temperature` above 0: unless chance
// keeps it). All knobs are schedules.
//
// One advance is a bounded amount of work, about a few ms (the construction of a tour: about 0.5 us a
// city). Cost of one exchange: the candidates of one city and a reversal of at most n / 2 places.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/row.hpp"
#include "lehr/tour/heatmap/cut_tour.hpp"
#include "lehr/tour/heatmap/edge_memory.hpp"
#include "lehr/tour/heatmap/mcts_settings.hpp"

namespace lehr::tour {

// What a run keeps. `tour` has the length `length` up to rounding; `best_length` is length(instance, best)
// exactly.
struct MctsState {
  Order best;
  double best_length = 0;

  CutTour tour;
  double length = 0;
  EdgeMemory memory;
  enum class Phase : std::int64_t { build, descend, act, kick };
  Phase phase = Phase::build;
  bool improved = false;    // since the descent's last pass began
  City cursor = 0;          // of the descent's pass
  std::int64_t failed = 0;  // actions in a row that did not improve
  std::vector<City> queue;  // of the descent with Or-opt
  std::int64_t simulations = 0, exchanges = 0, improvements = 0, restarts = 0, kicks = 0, kept = 0;

  std::array<CutTour, 2> trials =
      {};                            // copies of the tour that actions try themselves on; made anew by fields
  std::vector<char> is_queued = {};  // of queue
};

class HeatmapMcts {
 public:
  using State = MctsState;

  // `instance` must outlive this. Throws InvalidInput for a heatmap of another size or one that gives no
  // candidates, and for too many candidates.
  HeatmapMcts(const Instance& instance, const Heatmap& heatmap, MctsSettings settings);

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;  // spends one evaluation an action
  // length: the best so far; simulations: actions; exchanges: edges exchanged by them; acceptance: share of
  // actions that improved; restarts; kicks
  void measure(const State& state, Row& row) const;

  template <class Visitor>
  void fields(Visitor& visitor, State& state) const {
    Order order = state.tour.order();
    auto phase = static_cast<std::int64_t>(state.phase);
    visitor("best", state.best);
    visitor("best_length", state.best_length);
    visitor("order", order);
    visitor("length", state.length);
    visitor("phase", phase);
    visitor("improved", state.improved);
    visitor("cursor", state.cursor);
    visitor("failed", state.failed);
    visitor("queue", state.queue);
    visitor("simulations", state.simulations);
    visitor("exchanges", state.exchanges);
    visitor("improvements", state.improvements);
    visitor("restarts", state.restarts);
    visitor("kicks", state.kicks);
    visitor("kept", state.kept);
    state.memory.fields(visitor);
    restore(state, std::move(order), phase);
  }

  const CandidateRows& candidates() const { return *rows_; }
  const MctsSettings& settings() const { return settings_; }

 private:
  void restore(State& state, Order order,
               std::int64_t phase) const;  // throws InvalidInput for what is no tour

  const Instance* instance_;
  MctsSettings settings_;
  Heatmap heatmap_;
  std::shared_ptr<const CandidateRows> rows_;
};

}  // namespace lehr::tour
