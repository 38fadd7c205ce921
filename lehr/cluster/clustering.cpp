#include "lehr/cluster/clustering.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lehr/cluster/principal_axis.hpp"
#include "lehr/cluster/scores.hpp"
#include "lehr/core/errors.hpp"

namespace lehr::cluster {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

std::vector<Index> all_columns(const PreparedTable& table) {
  std::vector<Index> columns(static_cast<std::size_t>(table.dimension()));
  std::iota(columns.begin(), columns.end(), Index{0});
  return columns;
}

// Covariance within clusters, pooled over them (p x p).
MatrixXd pooled_covariance(const MatrixXd& rows, const std::vector<int>& labels, Index clusters) {
  WeightedPoints points{rows, {}, {}};
  const Partition cells = partition_of(points, labels, clusters);
  for (Index i = 0; i < rows.cols(); ++i)
    points.points.col(i) -= cells.centres.col(labels[static_cast<std::size_t>(i)]);
  return weighted_covariance(points, VectorXd::Zero(rows.rows()));
}

class ClusterRun {
 public:
  ClusterRun(const ClusteringOptions& options, Seed seed, const Observers& observers)
      : options_(options), seed_(seed), finder_(options, seed, observers) {}

  Clustering run(const MatrixXd& rows, const std::vector<std::string>& names,
                 const std::vector<std::vector<Index>>& sets) {
    PreparedTable table = prepare(rows, options_.scale, names);
    if (table.dimension() == 0) return all_rows_equal(std::move(table));
    if (options_.pca > 0) table = mapped(table, principal_components(table, options_.pca));
    result_.set_of_axes = table.mapped();
    const TablePoints source(table, options_);
    result_.reduced = source.reduced(), result_.loss = source.loss();
    note_loss();
    result_.all = finder_.find(source, all_columns(table), "all columns");
    result_.chosen = result_.all;
    result_.table = table;
    const ColumnPoints columns{
        .points = [&](const auto& chosen, auto shape) { return source.points(chosen, shape); },
        .floor = table.floor(),
        .rows = static_cast<double>(table.size())};
    rank_user_sets(columns, table, sets);
    if (options_.separable > 0) take_separable_set(source, columns);
    if (options_.whiten) take_whitened();
    describe_rows();
    result_.random_sse = finder_.random_sse();
    result_.notes.insert(result_.notes.end(), finder_.notes().begin(), finder_.notes().end());
    finder_.remove_checkpoints();
    return std::move(result_);
  }

 private:
  Clustering all_rows_equal(PreparedTable table) {
    result_.table = std::move(table);
    const auto n = static_cast<std::size_t>(result_.table.size());
    result_.chosen.verdict = Verdict::one_cluster;
    result_.chosen.partition = {.labels = std::vector<int>(n, 0),
                                .centres = MatrixXd(0, 1),
                                .masses = VectorXd::Constant(1, static_cast<double>(n)),
                                .sse = VectorXd::Zero(1)};
    result_.chosen.name = "all columns";
    result_.chosen.tree = {{.parent = -1, .rows = static_cast<double>(n), .chosen = 1}};
    result_.all = result_.chosen;
    result_.chosen.worked_on = result_.table.size();
    result_.sizes = result_.chosen.partition.masses;
    result_.confidences = VectorXd::Ones(1), result_.silhouettes = VectorXd::Zero(1);
    const VectorXd zero = VectorXd::Zero(result_.table.size());
    result_.rows = {.labels = result_.chosen.partition.labels,
                    .most_probable = result_.chosen.partition.labels,
                    .confidence = VectorXd::Ones(result_.table.size()),
                    .silhouette = zero,
                    .distance = zero};
    result_.notes.push_back("All rows are equal.");
    return std::move(result_);
  }

  void note_loss() {
    if (!result_.reduced || result_.loss <= options_.prototypes.loss_max) return;
    result_.notes.push_back(fmt::format(
        "The prototypes lose {:.3g} of the sum of squares, more than loss_max = {:.3g}: rows of so "
        "many columns do not lie close enough. Means and covariances are exact all the same; --pca "
        "or a larger --max-prototypes lose less.",
        result_.loss, options_.prototypes.loss_max));
  }

  void rank_user_sets(const ColumnPoints& source, const PreparedTable& table,
                      const std::vector<std::vector<Index>>& sets) {
    if (!sets.empty() && table.mapped())
      throw InvalidInput("sets: principal components have taken the columns' place; leave out --pca");
    for (const std::vector<Index>& given : sets) {
      std::vector<Index> columns;
      for (const Index column : given) {
        const auto at = std::ranges::find(table.columns, column);
        if (at != table.columns.end()) columns.push_back(at - table.columns.begin());
      }
      if (!columns.empty()) result_.user_sets.push_back(score_of(source, columns, options_.ppp, seed_));
    }
    for (SetScore& set : result_.user_sets) in_given_columns(table, set);
    std::ranges::stable_sort(result_.user_sets,
                             [](const SetScore& a, const SetScore& b) { return a.score > b.score; });
  }

  void take_separable_set(const TablePoints& source, const ColumnPoints& points) {
    const SeparableSet method(points, options_.ppp, {.most = options_.separable, .growth = options_.growth});
    result_.path = method.path(finder_.driven(method, "separable set"));
    if (result_.path.empty()) {
      result_.notes.push_back("No column, and no pair of columns, falls apart into clusters.");
      return;
    }
    const std::vector<Index> columns = result_.path.back().columns;
    result_.chosen = finder_.find(source, columns, "chosen columns");
    result_.table = restricted(source.table(), columns);
    for (SetScore& set : result_.path) in_given_columns(source.table(), set);
  }

  static void in_given_columns(const PreparedTable& table, SetScore& set) {
    if (table.mapped()) return;
    for (Index& column : set.columns) column = table.columns[static_cast<std::size_t>(column)];
  }

  // Once more, in the space in which the clusters found are round.
  void take_whitened() {
    if (result_.clusters() < 2) {
      result_.notes.push_back("Nothing was whitened, as there is one cluster.");
      return;
    }
    const std::vector<int> labels = nearest_centres(result_.table.rows, result_.chosen.partition.centres);
    const MatrixXd pooled = pooled_covariance(result_.table.rows, labels, result_.clusters());
    PreparedTable white = mapped(result_.table, whitening(pooled));
    const TablePoints source(white, options_);
    Finding found = finder_.find(source, all_columns(white), "whitened");
    if (found.clusters() < 2) {
      result_.notes.push_back(
          "In whitened columns there is one cluster; the result is that before whitening.");
      return;
    }
    result_.chosen = std::move(found);
    result_.loss = std::max(result_.loss, source.loss());
    result_.table = std::move(white);
  }

  // The cluster of each row, in canonical order.
  std::vector<int> row_labels(const WeightedPoints& rows, const stats::MixtureDensity& density) const {
    const Partition& found = result_.chosen.partition;
    if (!result_.reduced) return found.labels;
    if (options_.method == "gmm") return density.most_probable(rows);
    return nearest_centres(rows.points, found.centres);
  }

  // All sums run in canonical order.
  void describe_rows() {
    const PreparedTable& table = result_.table;
    const WeightedPoints rows{table.rows, {}, {}};
    const stats::MixtureDensity density(result_.chosen.mixture);
    const std::vector<int> labels = row_labels(rows, density), components = density.most_probable(rows);
    const MatrixXd& centres = result_.chosen.partition.centres;
    const MatrixXd posteriors = density.posteriors(rows);
    const VectorXd silhouette = simplified_silhouette(table.rows, centres, labels);
    const Partition exact = partition_of(rows, labels, centres.cols());
    result_.sse = exact.total_sse(), result_.sizes = exact.masses;
    result_.agreement = agreement(labels, components);
    result_.clarity = posterior_clarity(posteriors);
    result_.floor = table.floor();
    result_.silhouette = silhouette.mean();
    result_.confidences = result_.silhouettes = VectorXd::Zero(centres.cols());
    make_room_for_rows(table.size());
    for (Index i = 0; i < table.size(); ++i) {
      const int label = labels[static_cast<std::size_t>(i)];
      const double confidence = posteriors.col(i).maxCoeff();
      result_.confidences[label] += confidence / result_.sizes[label];
      result_.silhouettes[label] += silhouette[i] / result_.sizes[label];
      const Index row = table.original[static_cast<std::size_t>(i)];
      result_.rows.labels[static_cast<std::size_t>(row)] = label;
      result_.rows.most_probable[static_cast<std::size_t>(row)] = components[static_cast<std::size_t>(i)];
      result_.rows.confidence[row] = confidence;
      result_.rows.silhouette[row] = silhouette[i];
      result_.rows.distance[row] = (table.rows.col(i) - centres.col(label)).norm();
    }
  }

  void make_room_for_rows(Index count) {
    RowResults& rows = result_.rows;
    rows.labels.resize(static_cast<std::size_t>(count)), rows.most_probable = rows.labels;
    rows.confidence.resize(count), rows.silhouette.resize(count), rows.distance.resize(count);
  }

  const ClusteringOptions& options_;
  Seed seed_;
  Finder finder_;
  Clustering result_;
};

}  // namespace

Clustering cluster_rows(const MatrixXd& rows, const ClusteringOptions& options, Seed seed,
                        const Observers& observers, const std::vector<std::string>& names,
                        const std::vector<std::vector<Index>>& sets) {
  ClusteringOptions checked = options;
  lehr::describe(checked).read(lehr::describe(checked).values(), "clustering");
  if (checked.clusters == 0 && (checked.method == "kmeans" || checked.method == "bisect"))
    throw InvalidInput("clusters: {} needs their number, at least 1", checked.method);
  if (checked.method != "ppp" && (checked.separable > 0 || checked.whiten))
    throw InvalidInput("method {}: separable and whiten go with ppp", checked.method);
  return ClusterRun(checked, seed, observers).run(rows, names, sets);
}

}  // namespace lehr::cluster
