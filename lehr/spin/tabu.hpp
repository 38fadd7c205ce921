// Multistart tabu search (Glover 1989; Palubeckis, "Multistart tabu search strategies for the unconstrained
// binary quadratic optimization problem", Annals of Operations Research 131, 2004).
//
// Every iteration takes the cheapest flip of a spin that is not among the last t flipped, also when it raises the
// energy; a tabu flip is taken when it leads below the read's best energy and no free flip is cheaper
// (aspiration). The length t is drawn anew every 100 iterations, between `tenure` and (1 + `tenure_spread`) times
// that, so that small models do not fall into cycles (as in E. Taillard's robust tabu search, 1991). After
// `iterations` the read restarts, in turn from its best state and from where it stands (or it would stay near one
// local optimum of dense models), of which a random number of spins between 10 and `perturbation` * n are flipped, each the cheapest of `candidates` random ones that were not flipped yet. The
// published lengths of a start, max(500000, Z n), count looks at single spins, n to an iteration.
//
// An iteration costs O(n) in a dense model and O(degree log n) or less in a sparse one (best_flip.hpp). A step
// of the method is `block` iterations of every read; reads run in parallel.
#pragma once

#include <cstdint>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/spin/best_flip.hpp"
#include "lehr/spin/best_states.hpp"
#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

struct TabuOptions {
  std::int64_t reads = 8;
  std::int64_t tenure = 0;
  double tenure_spread = 0.5;
  std::int64_t iterations = 0;
  std::int64_t restart_iterations = 0;
  double perturbation = 0.4;
  std::int64_t candidates = 8;
  std::int64_t block = 0;

  void describe(OptionTable& table) {
    table.add("reads", reads, "independent searches").range(1, 1e6);
    table.add("tenure", tenure, "iterations for which a flipped spin is tabu; 0: min(20, n/4)").range(0, 1e6);
    table.add("tenure_spread", tenure_spread, "the tenure varies up to 1 plus this times `tenure`; 0: not")
        .range(0, 10);
    table
        .add("iterations", iterations,
             "flips of the first start; 0: max(500000 / n, Z), Z = 10000 up to 500 spins and 25000 above")
        .at_least(0);
    table.add("restart_iterations", restart_iterations, "of each later start; 0: a quarter of the first")
        .at_least(0);
    table.add("perturbation", perturbation, "most spins that a restart flips, as a share of all; at least 10")
        .range(0, 1);
    table.add("candidates", candidates, "random spins among which a restart flips the cheapest")
        .range(1, 1e6);
    table.add("block", block, "iterations of a step; 0: restart_iterations, at most 10000").at_least(0);
  }
};

class Tabu {
 public:
  struct State {
    std::vector<std::int8_t> spins;  // reads x n: where each search stands
    std::vector<Index> tabu;         // reads x longest tenure, the oldest first; -1: none
    std::vector<std::int64_t> done;  // iterations of each read's present start
    std::vector<std::int64_t> starts;
    BestStates best;
  };

  // `model` must outlive this. Throws InvalidInput for options out of range.
  explicit Tabu(const IsingModel& model, TabuOptions options = {});
  const TabuOptions& options() const { return options_; }  // with the defaults that depend on n filled in

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;  // spends one evaluation an iteration
  // energy: the lowest so far; energy_mean: the mean of the reads' lowest; restarts: of all reads
  void measure(const State& state, Row& row) const;
  SolutionPool solutions(const State& state) const { return state.best.pool(); }

  template <class Visitor>
  void fields(Visitor& visitor, State& state) const {
    visitor("spins", state.spins);
    visitor("tabu", state.tabu);
    visitor("done", state.done);
    visitor("starts", state.starts);
    state.best.fields(visitor, "best");
  }

 private:
  void advance_read(State& state, std::int64_t read, const Moment& now) const;
  void perturb(State& state, std::int64_t read, Stream random) const;
  std::span<std::int8_t> spins_of(State& state, std::int64_t read) const;
  std::span<Index> tabu_of(State& state, std::int64_t read) const;
  std::int64_t longest_tenure() const;

  const IsingModel* model_;
  TabuOptions options_;
  FlipSearch search_;
};

}  // namespace lehr::spin
