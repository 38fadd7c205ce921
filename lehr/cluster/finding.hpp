// What PPP, or one of its building blocks, finds in some columns of a prepared table.
#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <string>
#include <vector>

#include "lehr/cluster/ppp.hpp"
#include "lehr/cluster/prepared_table.hpp"
#include "lehr/cluster/prototypes.hpp"
#include "lehr/core/drive.hpp"

namespace lehr::cluster {

struct ClusteringOptions {
  std::string method = "ppp";
  std::int64_t clusters = 0;
  std::string scale = "zscore";
  std::int64_t pca = 0;
  bool whiten = false;
  PppOptions ppp = {};
  std::int64_t separable = 0;
  double growth = 0.05;
  std::int64_t reduce_above = 50000;
  PrototypeOptions prototypes = {};

  void describe(OptionTable& table);
};

// The rows of a table, or the prototypes that stand for them where there are more than `reduce_above`.
class TablePoints {
 public:
  // `table` must outlive this.
  TablePoints(const PreparedTable& table, const ClusteringOptions& options);
  const PreparedTable& table() const { return *table_; }
  bool reduced() const { return reduced_; }
  double loss() const { return prototypes_.loss; }
  // In the chosen columns, with the scatter of prototypes in this shape.
  WeightedPoints points(const std::vector<Index>& columns, stats::CovarianceShape shape) const;

 private:
  const PreparedTable* table_;
  bool reduced_;
  Prototypes prototypes_;
};

// What was found in some columns (or their principal components).
struct Finding {
  std::string name;            // "all columns", "separable set", "whitened"
  std::vector<Index> columns;  // of the prepared table
  stats::CovarianceShape shape = stats::CovarianceShape::full;
  Verdict verdict = Verdict::clustered;
  std::vector<TreeNode> tree;
  std::vector<CandidateScore> trace;
  int mergers = 0;
  Partition partition;             // of the points that were worked on: rows, or prototypes
  stats::GaussianMixture mixture;  // in the space of these points
  double log_likelihood = 0, bic = 0, agreement = 1, score = 0;
  double root_bic = 0;
  double least_rows = 0;  // of a cell
  Index worked_on = 0;    // points: rows or prototypes

  int clusters() const { return static_cast<int>(partition.cells()); }
};

// Runs methods on columns of a table.
class Finder {
 public:
  Finder(const ClusteringOptions& options, Seed seed, const Observers& observers)
      : options_(options), seed_(seed), observers_(observers) {}

  // What options.method finds in the columns. With covariances `best` PPP runs with full and with diagonal ones, and the
  // finding with the lower BIC is returned. Throws InvalidInput where it is interrupted, NumericalFailure where a building
  // block's mixture collapses.
  Finding find(const TablePoints& source, const std::vector<Index>& columns, const std::string& name);

  // Drives a method under the observers, with a checkpoint of its own.
  template <class M>
  typename M::State driven(const M& method, const std::string& stage) {
    auto run = drive(method, Budget{}, seed_, observers_of(stage));
    if (run.why == Stop::interrupted)
      throw InvalidInput("interrupted before the clusters were found; --resume goes on from there");
    return std::move(run.state);
  }

  // Of each random start of the method kmeans.
  const std::vector<double>& random_sse() const { return random_sse_; }
  const std::vector<std::string>& notes() const { return notes_; }
  void remove_checkpoints() const;

 private:
  Finding find_with(const std::string& covariance, const TablePoints& source,
                    const std::vector<Index>& columns, const std::string& name);
  void run_ppp(const WeightedPoints& points, const ValidationRules& rules, Finding& found);
  void run_block(const WeightedPoints& points, ValidationRules rules, Finding& found);
  Candidate block_candidate(const WeightedPoints& points, ValidationRules rules);
  void hint_at_diagonal(const WeightedPoints& points, const ValidationRules& rules, const Finding& found);
  Observers observers_of(const std::string& stage);

  const ClusteringOptions& options_;
  Seed seed_;
  const Observers& observers_;
  std::vector<std::filesystem::path> checkpoints_;
  std::vector<double> random_sse_;
  std::vector<std::string> notes_;
};

}  // namespace lehr::cluster
