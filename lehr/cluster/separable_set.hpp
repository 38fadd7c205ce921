// The most separable set of columns: the one in which a table that may look like one cloud falls apart.
//
//   s(A) = (BIC of one cluster - BIC of the K clusters that PPP finds in the columns A) / (2 n), 0 where K = 1
//
// is the gain of the clusters in nats per row. Forward selection starts with the best single column and adds the column
// that makes s largest (the lower number where two are equal) while s grows by more than `growth`, up to `most` columns.
// Where no single column falls apart, pairs are tried (up to `pair_columns` columns), because groups may differ in two
// columns together only. One step of the method tries a batch of sets, in parallel. Cost: a PPP run for each column and
// each round.
#pragma once

#include <Eigen/Core>
#include <functional>
#include <vector>

#include "lehr/cluster/ppp.hpp"

namespace lehr::cluster {

// What PPP finds in a set of columns.
struct SetScore {
  std::vector<Index> columns;
  int clusters = 1;
  double score = 0;    // s(A)
  double clarity = 0;  // of the posteriors, 1 - H / log K
};

// The table's points in some of its columns, which may be prototypes; and the floor of all columns' variances.
struct ColumnPoints {
  std::function<WeightedPoints(const std::vector<Index>& columns, stats::CovarianceShape shape)> points;
  Eigen::VectorXd floor;
  double rows = 0;
};

SetScore score_of(const ColumnPoints& source, const std::vector<Index>& columns, const PppOptions& options,
                  Seed seed);

struct SeparableSetOptions {
  std::int64_t most = 5;
  double growth = 0.05;
  std::int64_t pair_columns = 30;
};

class SeparableSet {
 public:
  struct State {
    std::vector<int> chosen;        // columns, in the order in which they were added
    std::vector<double> scores;     // s after each addition; of a first pair for both of its columns
    std::vector<int> clusters;      // K after each addition
    std::vector<double> clarities;  // after each addition
    Eigen::MatrixXd tested;         // of this round, a column each: clusters, score, clarity
    bool pairs = false;             // this round tries pairs
    bool from_pair = false;         // the first two columns were found as a pair
    bool over = false;
  };

  // `source` must outlive this.
  SeparableSet(const ColumnPoints& source, PppOptions ppp, SeparableSetOptions options = {});

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;  // spends one evaluation for each set
  bool finished(const State& state) const { return state.over; }
  void measure(const State& state,
               Row& row) const;  // columns chosen, clusters, score; sets tried of this round

  // The sets along the path, each with its score; the first has two columns where no single one fell apart.
  std::vector<SetScore> path(const State& state) const;

  template <class Visitor>
  void fields(Visitor& visitor, State& state) const {
    visitor("chosen", state.chosen), visitor("scores", state.scores), visitor("clusters", state.clusters);
    visitor("clarities", state.clarities), visitor("tested", state.tested);
    visitor("pairs", state.pairs), visitor("from_pair", state.from_pair), visitor("over", state.over);
  }

 private:
  // The sets that this round tries: what is chosen and one column more, or all pairs.
  std::vector<std::vector<Index>> sets_of_round(const State& state) const;
  void end_round(State& state, const std::vector<std::vector<Index>>& sets) const;

  const ColumnPoints* source_;
  PppOptions ppp_;
  SeparableSetOptions options_;
};

}  // namespace lehr::cluster
