// Multilevel splitting over decision trees, with the labels of the leaves counted instead of drawn.
//
// A particle is a split structure S. At the limit K on errors its weight is the share w_K(S) of its labelings with at most K
// errors (leaf_labels.hpp), so that the ratio is the prior's mean of w_K. The limit falls, n = K_0 > K_1 > ... > K_m: each
// level takes the lowest K_j whose mean incremental weight
//
//   r_j = mean_i w_(K_j)(S_i) / w_(K_(j-1))(S_i)
//
// is at least the quantile of that level, resamples the structures by these weights and moves them by Metropolis steps that
// leave prior times w_(K_j) invariant. The ratio is prod_j r_j. Proposals are reversible under the prior: a node's split drawn
// anew or its threshold moved, two nodes exchanged, two subtrees of one level exchanged, a subtree drawn anew; another
// change follows with probability `step`. Independent populations give the standard error.
// Cost per move O(n D + leaves x K).
//
// Sources: as multilevel_splitting.hpp; summing the labels out is Rao and Blackwell's conditioning inside a sequential
// Monte Carlo sampler (P. Del Moral, A. Doucet and A. Jasra, "Sequential Monte Carlo samplers", 2006).
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/row.hpp"
#include "lehr/schedule/control.hpp"
#include "lehr/stats/rashomon/leaf_labels.hpp"
#include "lehr/stats/rashomon/multilevel_splitting.hpp"
#include "lehr/stats/rashomon/rashomon_set.hpp"
#include "lehr/stats/rashomon/tree_class.hpp"

namespace lehr::stats {

class TreeSplitting {
 public:
  struct State {
    std::int64_t level = 0;
    // nodes x (populations particles), population by population: what each node draws from the prior.
    Eigen::Matrix<std::int32_t, Eigen::Dynamic, Eigen::Dynamic> features;
    Eigen::MatrixXd thresholds, stops;
    std::vector<std::int64_t> limits, stalled;  // of each population
    std::vector<double> log_ratios;             // natural logarithm, of each population
    std::vector<std::uint8_t> finished;  // 1: the limit is reached, 2: no structure allows fewer errors
    Knob step;
    double acceptance = 0;
    std::int64_t best_errors = 0;
  };

  // Estimates P(errors <= limit) at a depth. `records` must outlive the method. Throws InvalidInput for options out of range.
  TreeSplitting(const TreeRecords& records, const TreePrior& prior, int depth, std::int64_t limit,
                SplittingOptions options);

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;  // one level
  bool finished(const State& state) const;
  // level, threshold (mean loss allowed), acceptance, log10_ratio and log10_error so far, best_loss
  void measure(const State& state, Row& row) const;

  // The ratio at `errors` <= limit; populations that did not reach the limit count as 0.
  RatioEstimate ratio(const State& state, std::int64_t errors) const;
  // `count` trees of the set from the populations that reached it.
  std::vector<DecisionTree> members(const State& state, std::int64_t count) const;

  template <class Visitor, class AnyState>
  void fields(Visitor& visit, AnyState& state) const {
    visit("level", state.level);
    visit("features", state.features);
    visit("thresholds", state.thresholds);
    visit("stops", state.stops);
    visit("limits", state.limits);
    visit("stalled", state.stalled);
    visit("log_ratios", state.log_ratios);
    visit("finished", state.finished);
    state.step.fields(visit);
    visit("acceptance", state.acceptance);
    visit("best_errors", state.best_errors);
  }

 private:
  // What the nodes of one structure drew from the prior.
  struct Draws {
    std::vector<std::int32_t> features;
    std::vector<double> thresholds, stops;
  };
  // Scratch for one population.
  struct Workspace;
  // A population at its last limit: structures, their least errors and shares, and the mean weight of each lower limit.
  struct Weighed {
    std::vector<Draws> particles;
    std::vector<std::int64_t> least;
    std::vector<std::vector<double>> shares;  // of each particle, from its least errors on
    std::vector<double> means;
  };
  struct Moved {
    double acceptance = 0;
    std::int64_t best_errors = 0;
  };

  std::size_t nodes() const { return (std::size_t{1} << depth_) - 1; }
  void draw_node(Draws& draws, std::size_t node, Stream& random) const;
  void change(Draws& draws, double step, Stream& random) const;
  void change_once(Draws& draws, Stream& random) const;
  void exchange_subtrees(Draws& draws, std::size_t a, std::size_t b) const;
  void build(const Draws& draws, SplitStructure& structure) const;
  Draws load(const State& state, std::int64_t particle) const;
  void store(State& state, std::int64_t particle, const Draws& draws) const;
  Weighed weigh(const State& state, std::int64_t population, Workspace& work) const;
  Moved run_level(State& state, std::int64_t population, double quantile, double step,
                  const Moment& now) const;
  Moved move(Draws& here, double share, std::int64_t limit, double step, Workspace& work,
             Stream& random) const;
  std::int64_t next_limit(const std::vector<double>& means, std::int64_t last, double quantile) const;

  const TreeRecords& records_;
  TreePrior prior_;
  int depth_;
  std::int64_t limit_;
  SplittingOptions options_;
};

}  // namespace lehr::stats
