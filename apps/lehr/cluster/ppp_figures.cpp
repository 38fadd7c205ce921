// The figures of `lehr cluster ppp`.
#include <algorithm>
#include <cmath>

#include "apps/lehr/cluster/ppp.hpp"
#include "apps/lehr/figures.hpp"
#include "lehr/cluster/scores.hpp"

namespace lehr::command {

using namespace cluster;
using Eigen::VectorXd;

namespace {

constexpr Index drawn_rows = 4000;
constexpr int drawn_clusters = 24;
constexpr std::size_t drawn_nodes = 8;

// Share of each coordinate's variance that lies between the clusters.
VectorXd variance_between(const Clustering& result, const std::vector<int>& labels) {
  const WeightedPoints rows{result.table.rows, {}, {}};
  const Partition cells = partition_of(rows, labels, result.clusters());
  VectorXd within = VectorXd::Zero(result.table.dimension());
  for (Index i = 0; i < result.table.size(); ++i)
    within += (result.table.rows.col(i) - cells.centres.col(labels[static_cast<std::size_t>(i)])).cwiseAbs2();
  const VectorXd all = static_cast<double>(result.table.size()) * result.table.variances();
  return (all - within).cwiseQuotient(all.cwiseMax(1e-300));
}

// The two coordinates in which the clusters differ most.
std::pair<Index, Index> telling_coordinates(const Clustering& result, const std::vector<int>& labels) {
  if (result.table.dimension() < 2) return {0, 0};
  const VectorXd between =
      result.clusters() > 1 ? variance_between(result, labels) : result.table.variances();
  Index first = 0, second = 1;
  between.maxCoeff(&first);
  second = first == 0 ? 1 : 0;
  for (Index j = 0; j < between.size(); ++j)
    if (j != first && between[j] > between[second]) second = j;
  return {std::min(first, second), std::max(first, second)};
}

double in_units(const PreparedTable& table, Index coordinate, double value) {
  return table.mapped() ? value : table.shift[coordinate] + table.scale[coordinate] * value;
}

Figure clusters_figure(const PointTable& table, const Clustering& result) {
  const PreparedTable& prepared = result.table;
  std::vector<int> labels;  // in canonical order
  for (const Index row : prepared.original)
    labels.push_back(result.rows.labels[static_cast<std::size_t>(row)]);
  const auto [x, y] = telling_coordinates(result, labels);
  const bool one = x == y;
  Figure figure =
      empty_figure("clusters", "Clusters", "", coordinate_name(table, prepared, static_cast<std::size_t>(x)),
                   one ? "confidence" : coordinate_name(table, prepared, static_cast<std::size_t>(y)));
  const Index stride = (prepared.size() + drawn_rows - 1) / drawn_rows;
  figure.caption = one ? "Every row with the posterior of its most probable cluster."
                       : "The two coordinates in which the clusters differ most.";
  if (stride > 1) figure.caption += fmt::format(" One row in {} is drawn.", stride);
  const int shown = std::min(result.clusters(), drawn_clusters);
  if (shown < result.clusters()) figure.caption += fmt::format(" The {} largest clusters are drawn.", shown);
  for (int c = 0; c < shown; ++c) {
    Series cloud = empty_series(fmt::format("{}", c + 1), Series::Style::points, c);
    for (Index i = 0; i < prepared.size(); i += stride) {
      if (labels[static_cast<std::size_t>(i)] != c) continue;
      cloud.x.push_back(in_units(prepared, x, prepared.rows(x, i)));
      cloud.y.push_back(one ? result.rows.confidence[prepared.original[static_cast<std::size_t>(i)]]
                            : in_units(prepared, y, prepared.rows(y, i)));
    }
    figure.series.push_back(std::move(cloud));
  }
  return figure;
}

// BIC per row, less that of one cluster, for each node that was tried for more than one.
Figure bic_figure(const Clustering& result) {
  Figure figure =
      empty_figure("bic", "BIC by number of clusters",
                   "Per row of the node and less that of one cluster; lower is better. Hollow nodes of the "
                   "tree, where one cluster was best, stay above 0 or disagree with k-means.",
                   "clusters tried", "change of BIC per row");
  figure.caption =
      "Per row, less that of one cluster: lower is better. A point is drawn where k-means and mixture agree "
      "well enough.";
  int color = 0;
  for (std::size_t node = 0; node < result.chosen.tree.size() && figure.series.size() < 2 * drawn_nodes;
       ++node) {
    Series line =
        empty_series(node == 0 ? "all rows" : fmt::format("node {}", node), Series::Style::line, color);
    Series admitted = empty_series("", Series::Style::points, color);
    double one = 0;
    for (const CandidateScore& score : result.chosen.trace) {
      if (score.node != static_cast<int>(node)) continue;
      if (score.q == 1) one = score.bic;
      const double change = (score.bic - one) / result.chosen.tree[node].rows;
      line.x.push_back(score.q), line.y.push_back(change);
      if (score.admitted) admitted.x.push_back(score.q), admitted.y.push_back(change);
    }
    if (line.x.size() < 2) continue;
    figure.series.push_back(std::move(line)), figure.series.push_back(std::move(admitted));
    ++color;
  }
  return figure;
}

Figure confidence_figure(const Clustering& result) {
  Figure figure = empty_figure("confidence", "How sure the clusters are",
                               "Rows by the posterior of their most probable cluster.", "posterior", "rows");
  constexpr int bins = 25;
  const double low = 1.0 / std::max(1, result.clusters()), width = (1 - low) / bins;
  std::vector<double> counts(bins, 0);
  for (const double p : result.rows.confidence)
    counts[static_cast<std::size_t>(std::clamp(static_cast<int>((p - low) / width), 0, bins - 1))] += 1;
  Series bars = empty_series("", Series::Style::bars, 0);
  for (int b = 0; b < bins; ++b)
    bars.x.push_back(low + (b + 0.5) * width), bars.y.push_back(counts[static_cast<std::size_t>(b)]);
  figure.y.low = 0.0;
  figure.series.push_back(std::move(bars));
  return figure;
}

Figure path_figure(const PointTable& table, const Clustering& result) {
  Figure figure = empty_figure("path", "The most separable columns", "", "columns", "score, nats per row");
  Series line = empty_series("separable set", Series::Style::line, 0),
         points = empty_series("", Series::Style::points, 0);
  std::string names;
  for (const SetScore& set : result.path) {
    line.x.push_back(static_cast<double>(set.columns.size())), line.y.push_back(set.score);
    const SetScore added{.columns = names.empty() ? set.columns : std::vector<Index>{set.columns.back()}};
    names += (names.empty() ? "" : ", then ") + set_name(table, result, added);
  }
  points.x = line.x, points.y = line.y;
  figure.caption = fmt::format("The gain of clusters over one cluster as columns are added: {}.", names);
  figure.y.low = 0.0;
  figure.series = {line, std::move(points)};
  if (result.all.clusters() > 1) {
    Series all = empty_series("all columns", Series::Style::dashed, 7);
    all.x = {line.x.front(), line.x.back()};
    all.y = {result.all.score, result.all.score};
    if (all.x[0] < all.x[1]) figure.series.push_back(std::move(all));
  }
  return figure;
}

}  // namespace

std::vector<Figure> ppp_figures(const PointTable& table, const Clustering& result) {
  std::vector<Figure> figures;
  if (result.table.dimension() == 0) return figures;
  figures.push_back(clusters_figure(table, result));
  if (Figure bic = bic_figure(result); !bic.series.empty()) figures.push_back(std::move(bic));
  if (result.clusters() > 1) figures.push_back(confidence_figure(result));
  if (!result.path.empty()) figures.push_back(path_figure(table, result));
  return figures;
}

}  // namespace lehr::command
