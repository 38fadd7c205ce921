// Probabilistic partitive partitioning (PPP): finds the clusters of a set of points and their number, without a random
// number.
//
//   split   A node (at first: all points) is tried for 1 to qmax clusters (validation.hpp). Where more than one is chosen,
//           its k-means cells become nodes that are tried in turn; otherwise it is a leaf.
//   polish  The leaves together: Lloyd's iteration from their means, a mixture fitted from its labels, its BIC.
//   merge   Pairs of near clusters (mergers.hpp) are merged, polished and judged; the merger with the lowest BIC is taken
//           where that is lower than before, and so on. Where several mergers apart from each other lower the BIC and
//           all of them together lower it most, all are taken.
//
// Where k-means and the final mixture agree on less than `agree` of the rows, the answer is one cluster. Source: the idea
// (k-means partitions, Gaussian mixtures validate, the most separable set of columns) is of "Probabilistic Partitive
// Partitioning (PPP)", arXiv:2003.04372, 2020, whose abstract leaves the steps open; these are the steps taken here.
//
// One step tries one node or does one round of mergers. Cost O(n d q sweeps) for k-means and O(n d^2 q steps) for full
// mixtures per node; the tree is about log K deep.
#pragma once

#include <Eigen/Core>
#include <string>
#include <vector>

#include "lehr/cluster/validation.hpp"
#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::cluster {

struct PppOptions {
  std::string covariance = "full";
  std::int64_t qmax = 6;
  double agree = 0.85;
  std::int64_t minn = 0;
  std::int64_t runs = 0;
  std::int64_t em_steps = 200;
  double em_tolerance = 1e-6;
  Schedule exponent = 1;
  Schedule widening = 0;
  std::int64_t annealed_steps = 0;

  void describe(OptionTable& table);
};

// The covariances that `covariance` means for `rows` rows of d columns: auto is full for d <= 8 and rows >= 50 d, else
// diagonal; best, which compares both (clustering.hpp), is as auto where one shape is wanted.
stats::CovarianceShape covariance_shape(const std::string& covariance, Index dimension, double rows);
// 2 d + 2 rows for full covariances, else max(8, d / 2).
double default_minn(stats::CovarianceShape shape, Index dimension);

// What the options mean for `rows` rows of d = floor.size() columns.
ValidationRules validation_rules(const PppOptions& options, double rows, const Eigen::VectorXd& floor);

enum class Verdict {
  clustered,        // more than one cluster
  one_cluster,      // no partition of all points was better than one cluster
  not_clusterable,  // partitions were, but in the end k-means and mixture disagree
};
const char* name(Verdict verdict);

// One row of the trace: a candidate of a node.
struct CandidateScore {
  int node = 0;
  int q = 1;
  double sse = 0, log_likelihood = 0, bic = 0, agreement = 1;
  int em_steps = 0;
  bool admitted = true;
};

// A node of the split tree; its candidates are those of the trace with its number.
struct TreeNode {
  int parent = -1;  // -1: the root
  double rows = 0;
  int chosen = 1;  // clusters that it was split into
};

class Ppp {
 public:
  enum Phase : int { splitting, polishing, merging, done };

  struct State {
    int phase = splitting;
    std::vector<int> labels;  // of each point: while splitting the node that holds it, then its cluster
    int clusters = 1;
    int tried = 0;  // nodes
    std::vector<int> parents, chosen;
    std::vector<double> rows;  // of the nodes
    Eigen::MatrixXd scores;    // 8 numbers of each candidate, a column each
    stats::GaussianMixture mixture;
    double log_likelihood = 0, bic = 0, agreement = 1, sse = 0;
    double root_bic = 0;  // of one cluster
    int mergers = 0;
    int verdict = static_cast<int>(Verdict::clustered);
  };

  // `points` must outlive this. Throws InvalidInput for no points or rules that do not fit them.
  Ppp(const WeightedPoints& points, ValidationRules rules);

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.phase == done; }
  // node, q, sse, log_likelihood, bic, agreement, em_steps of the node tried last (of all while merging), clusters, open
  void measure(const State& state, Row& row) const;

  std::vector<TreeNode> tree(const State& state) const;
  std::vector<CandidateScore> trace(const State& state) const;
  // Of a finished state: the clusters' centres, masses and SSE.
  Partition partition(const State& state) const;
  // (BIC of one cluster - BIC of the clusters found) / (2 rows), in nats per row; 0 for one cluster.
  double separability(const State& state) const;
  const ValidationRules& rules() const { return rules_; }

  template <class Visitor>
  void fields(Visitor& visitor, State& state) const {
    visitor("phase", state.phase), visitor("labels", state.labels), visitor("clusters", state.clusters);
    visitor("tried", state.tried), visitor("parents", state.parents), visitor("chosen", state.chosen);
    visitor("rows", state.rows), visitor("scores", state.scores);
    int shape = static_cast<int>(state.mixture.shape);
    visitor("shape", shape);
    state.mixture.shape = static_cast<stats::CovarianceShape>(shape);
    visitor("mixture.weights", state.mixture.weights), visitor("mixture.means", state.mixture.means);
    visitor("mixture.covariances", state.mixture.covariances);
    visitor("log_likelihood", state.log_likelihood), visitor("bic", state.bic);
    visitor("agreement", state.agreement), visitor("sse", state.sse), visitor("root_bic", state.root_bic);
    visitor("mergers", state.mergers), visitor("verdict", state.verdict);
  }

 private:
  void try_next_node(State& state, const Moment& now) const;
  void record(State& state, int node, const Candidate& candidate) const;
  void split(State& state, int node, const std::vector<Index>& members, const Partition& cells) const;
  void polish(State& state) const;
  void merge(State& state) const;
  void conclude(State& state) const;
  void take(State& state, Candidate candidate) const;

  const WeightedPoints* points_;
  ValidationRules rules_;
};

}  // namespace lehr::cluster
