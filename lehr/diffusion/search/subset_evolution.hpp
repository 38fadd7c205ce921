// Evolution of ordered subsets (Li et al., "AutoDiffusion: training-free optimization of time steps and architectures for automated
// diffusion model acceleration", 2023): which K of the times 0 .. N-1 a sampler visits, and which blocks of the network it leaves out at
// each.
//
//   population   the given list, random lists, mutations of the given list (each time with probability 0.1)
//   generation   merge into the archive, keep the best `select`; children: mutations (each time, with probability m, by an unused one; each
//                skip list likewise), crossovers (gene by gene from two of the best), new random lists up to `population`
//
// No candidate is evaluated twice. With a budget of blocks (`blocks` > 0) stage 1 searches times only; stage 2 opens skipping when the best
// stalls or after generation 5: the share of skipped blocks goes up from max_skip / 5 by as much a generation. Cost: one fitness a
// candidate; the loop itself is free.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"

namespace lehr::diffusion {

struct Subset {
  std::vector<std::int64_t> times;        // falling, distinct
  std::vector<std::uint32_t> skips = {};  // of each time, a bit a block; empty: none
  friend bool operator==(const Subset&, const Subset&) = default;
};

struct SubsetEvolutionOptions {
  std::int64_t population = 50, select = 10, mutation = 25, crossover = 15, evaluations = 500;
  double mutation_rate = 0.25, first_mutation_rate = 0.1, max_skip = 0.1;

  void describe(OptionTable& table);
};

class SubsetEvolution {
 public:
  using Evaluate = std::function<double(const Subset&)>;  // lower is better; infinity: failed

  struct State {
    // The archive, one candidate after another: `length` times and skips each, and its value.
    std::vector<std::int64_t> times;
    std::vector<std::uint32_t> skips;
    std::vector<std::int64_t> lengths;
    std::vector<double> values;
    std::int64_t duplicates = 0, stalled = 0,
                 stage2 = 0;  // generations since the best changed, and since stage 2 began
    std::int64_t generation = 0;
    double best = 0;
  };

  // `count` times of 0 .. `total` - 1. `blocks`: of the network, 0 where nothing is skipped; then `block_budget` evaluations of blocks bound the
  // cost and the number of times is free. Throws InvalidInput where the start or the numbers do not fit.
  SubsetEvolution(const SubsetEvolutionOptions& options, std::int64_t total, Subset initial,
                  Evaluate evaluate, int blocks = 0, std::int64_t block_budget = 0);

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const {
    return static_cast<std::int64_t>(state.values.size()) >= options_.evaluations;
  }
  void measure(const State& state, Row& row) const;
  std::int64_t generations() const { return options_.evaluations; }  // more than can be

  Subset best(const State& state) const;
  Subset member(const State& state, std::size_t index) const;
  std::vector<std::size_t> ranking(const State& state) const;

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    visit("times", state.times);
    visit("skips", state.skips);
    visit("lengths", state.lengths);
    visit("values", state.values);
    visit("duplicates", state.duplicates);
    visit("stalled", state.stalled);
    visit("stage2", state.stage2);
    visit("generation", state.generation);
    visit("best", state.best);
  }

 private:
  void add(State& state, const std::vector<Subset>& candidates, const Moment& now) const;
  Subset random_subset(double skip_share, Stream& random) const;
  Subset mutated(const Subset& parent, double rate, double skip_share, Stream& random) const;
  Subset crossed(const Subset& a, const Subset& b, Stream& random) const;
  bool affordable(const Subset& candidate) const;
  std::uint32_t random_skips(double share, Stream& random) const;
  double skip_share(const State& state) const;

  SubsetEvolutionOptions options_;
  std::int64_t total_;
  Subset initial_;
  Evaluate evaluate_;
  int blocks_;
  std::int64_t block_budget_;
};

}  // namespace lehr::diffusion
