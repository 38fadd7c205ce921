// From a table of numbers to its clusters: scaling, reduction, PPP, the separable set, and what every row gets.
//
// Results depend on the rows alone: not on their order, on the seed or on the number of threads. (With `runs` > 0, which
// draws random starts, they depend on the seed too.)
#pragma once

#include <Eigen/Core>
#include <string>
#include <vector>

#include "lehr/cluster/finding.hpp"
#include "lehr/cluster/separable_set.hpp"
#include "lehr/core/observer.hpp"

namespace lehr::cluster {

// What each row of the given table gets, in its order.
struct RowResults {
  std::vector<int> labels;         // cluster, the largest first
  std::vector<int> most_probable;  // component with the highest posterior
  Eigen::VectorXd confidence;      // that posterior
  Eigen::VectorXd silhouette;      // simplified, in the scaled columns
  Eigen::VectorXd distance;        // to the centre, in the scaled columns
};

struct Clustering {
  PreparedTable table;  // as it was clustered: the columns of the finding
  Finding all, chosen;  // in all columns, and what the rows' results are of
  // Columns of these two are numbers of the given table's columns, or of principal components.
  std::vector<SetScore> path;       // to the separable set
  std::vector<SetScore> user_sets;  // in falling order of score
  std::vector<double> random_sse;   // method kmeans: the SSE of each random start
  double loss = 0;                  // of the reduction
  bool reduced = false;
  bool set_of_axes = false;  // sets are of principal components
  Eigen::VectorXd floor;     // variances added, of the finding's columns
  RowResults rows;
  double sse = 0;                            // of the rows, in the scaled columns
  double agreement = 1;                      // share of rows whose two labels are equal
  double clarity = 0;                        // 1 - mean posterior entropy / log K
  Eigen::VectorXd sizes;                     // rows of each cluster
  Eigen::VectorXd confidences, silhouettes;  // each cluster's mean
  double silhouette = 0;                     // mean over the rows
  std::vector<std::string> notes;

  int clusters() const { return chosen.clusters(); }
};

// Clusters the rows (d x n: a row of the table per column). `names` are the columns' names, for messages; `sets` are
// column sets to rank by s(A), as numbers of the given table's columns. Checkpoints go to observers.checkpoints.path with
// the stage's name added. Throws InvalidInput for tables and options that cannot be clustered, and where it is interrupted.
Clustering cluster_rows(const Eigen::MatrixXd& rows, const ClusteringOptions& options, Seed seed,
                        const Observers& observers = {}, const std::vector<std::string>& names = {},
                        const std::vector<std::vector<Index>>& sets = {});

}  // namespace lehr::cluster
