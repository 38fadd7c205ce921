// A certified lower bound on the length of every tour (Held and Karp 1970, 1971).
//
// A 1-tree is a spanning tree of all cities but one, and two edges at that one. Every tour is a 1-tree; with a penalty pi_i on each city every
// tour grows by 2 sum pi, so for every pi
//
//   B(pi) = min over 1-trees T of sum_{ij in T} (d_ij + pi_i + pi_j) - 2 sum_i pi_i
//
// is at most the length of the shortest tour. B is concave with subgradient deg_T - 2; the ascent is
//
//   pi_i += t_k (0.7 (deg_k(i) - 2) + 0.3 (deg_{k-1}(i) - 2))
//
// (Volgenant and Jonker 1982; Helsgaun 2000), with t_k a schedule in units of the mean edge of the first 1-tree. The city left out is the leaf whose
// second nearest edge is the longest, which makes the bound larger at no cost. Steps take the 1-tree from a candidate graph; what is reported comes
// from trees of the complete graph, whose edges that the candidates lack join them.
#pragma once

#include "lehr/core/moment.hpp"
#include "lehr/core/row.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/tour/neighbours.hpp"
#include "lehr/tour/order.hpp"
#include "lehr/tour/penalty_tree.hpp"

namespace lehr::tour {

struct OneTreeBound {
  const Instance* instance = nullptr;
  const Neighbours* neighbours = nullptr;  // the candidate graph at the start, 5 to 10 a city
  Schedule step = Schedule::parse("geometric(from=0.5, to=0.0005)");
  std::int64_t iterations = 300;   // steps of the ascent
  std::int64_t exact_every = 100;  // steps between trees of the complete graph

  struct State {
    std::vector<double> penalties, best_penalties;
    std::vector<std::int32_t> degrees;  // of the 1-tree before
    std::vector<City> edges;            // candidates, two ends each
    std::int64_t iteration = 0;
    double unit = 0;  // mean edge of the first 1-tree
    double candidate_best =
        0;             // the largest value on the candidate graph since the last tree of the complete one
    double bound = 0;  // the best of the complete graph: certified
    double candidate_bound = 0;  // of the last step, on the candidate graph: not a bound yet
  };

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.iteration >= iterations; }
  void measure(const State& state, Row& row) const;
  template <class Visitor>
  void fields(Visitor& visitor, State& state) const {
    visitor("penalties", state.penalties);
    visitor("best_penalties", state.best_penalties);
    visitor("degrees", state.degrees);
    visitor("edges", state.edges);
    visitor("iteration", state.iteration);
    visitor("unit", state.unit);
    visitor("candidate_best", state.candidate_best);
    visitor("bound", state.bound);
    visitor("candidate_bound", state.candidate_bound);
  }
};

// B(pi), from the complete graph. Rounding of the sum is taken off (n d 2^-50 of its terms), so that it stays below the true value; under rules of whole
// numbers it is rounded up to the next one.
double one_tree_value(const Instance& instance, std::span<const double> penalties,
                      std::span<const Edge> likely = {});

}  // namespace lehr::tour
