// What `lehr cluster ppp` shows: metrics, clusters, the split tree, the known groups, and what every row gets.
#include <algorithm>
#include <cmath>

#include "apps/lehr/cluster/ppp.hpp"
#include "lehr/cluster/scores.hpp"
#include "lehr/core/csv.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::command {

using namespace cluster;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Index artifact_rows = 200000;  // larger tables are written where `save` says only
constexpr Index shown_columns = 8, shown_clusters = 40, shown_nodes = 30;

std::vector<std::string> names_of(const PointTable& table, const Clustering& result) {
  std::vector<std::string> names;
  for (const Index column : result.table.columns)
    names.push_back(table.names[static_cast<std::size_t>(column)]);
  return names;
}

double share_worse(const std::vector<double>& sse) {
  const double best = *std::ranges::min_element(sse);
  return static_cast<double>(std::ranges::count_if(sse, [&](double s) { return s > 1.01 * best; })) /
         static_cast<double>(sse.size());
}

void add_metrics(const ClusterPppOptions& options, const PointTable& table, const Clustering& result,
                 Report& report) {
  report.metric("clusters", result.clusters());
  if (!table.labels.empty()) report.metric("ari", adjusted_rand_index(result.rows.labels, table.labels));
  if (!table.labels.empty())
    report.metric("right_number", result.clusters() == static_cast<int>(table.groups.size()) ? 1 : 0);
  report.metric("sse", result.sse);
  report.metric("agreement", result.chosen.verdict == Verdict::not_clusterable ? result.chosen.agreement
                                                                               : result.agreement);
  if (std::isfinite(result.chosen.bic)) report.metric("bic", result.chosen.bic);
  if (std::isfinite(result.chosen.log_likelihood))
    report.metric("log_likelihood", result.chosen.log_likelihood);
  report.metric("score", result.chosen.score);
  report.metric("clarity", result.clarity);
  report.metric("silhouette", result.silhouette);
  report.metric("rows", static_cast<double>(result.table.size()));
  report.metric("worked_on", static_cast<double>(result.chosen.worked_on));
  report.metric("loss", result.loss);
  report.metric("nodes", static_cast<double>(result.chosen.tree.size()));
  report.metric("mergers", result.chosen.mergers);
  if (options.clustering.separable > 0) {
    report.metric("all_clusters", result.all.clusters());
    report.metric("all_score", result.all.score);
    report.metric("set_size",
                  result.path.empty() ? 0 : static_cast<double>(result.path.back().columns.size()));
    const std::vector<std::string> selected = names_of(table, result);
    for (const std::string& name : table.names)
      report.metric("selected_" + name,
                    std::ranges::count(selected, name) > 0 && !result.path.empty() ? 1 : 0);
  }
  if (!result.random_sse.empty()) {
    report.metric("sse_mean", stats::mean(result.random_sse));
    report.metric("share_worse", share_worse(result.random_sse));
  }
}

Table result_table(const PointTable& table, const Clustering& result, const ClusterPppOptions& options) {
  Table shown{.title = "Result", .columns = {"quantity", "value"}, .rows = {}, .formats = {"", ".6g"}};
  const auto row = [&](std::string name, Json value) {
    shown.rows.push_back({std::move(name), std::move(value)});
  };
  row("clusters", result.clusters());
  if (options.clustering.method == "ppp") row("verdict", std::string(name(result.chosen.verdict)));
  row("rows", result.table.size());
  if (result.reduced)
    row("prototypes", result.chosen.worked_on), row("loss by prototypes", json_number(result.loss));
  row("columns clustered", static_cast<std::int64_t>(result.table.dimension()));
  row("covariances", std::string(stats::name(result.chosen.shape)));
  row("agreement of k-means and mixture",
      json_number(result.chosen.verdict == Verdict::not_clusterable ? result.chosen.agreement
                                                                    : result.agreement));
  row("BIC", json_number(result.chosen.bic));
  if (result.clusters() > 1) {
    row("BIC of one cluster", json_number(result.chosen.root_bic));
    row("gain over one cluster, nats per row", json_number(result.chosen.score));
    row("clarity of the posteriors", json_number(result.clarity));
    row("mean silhouette", json_number(result.silhouette));
  }
  row("SSE, scaled columns", json_number(result.sse));
  if (!result.random_sse.empty()) {
    row("random starts", static_cast<std::int64_t>(result.random_sse.size()));
    row("starts more than 1 % above the best SSE",
        fmt::format("{:.3g} %", 100 * share_worse(result.random_sse)));
  }
  if (!table.labels.empty())
    row("adjusted Rand index", json_number(adjusted_rand_index(result.rows.labels, table.labels)));
  return shown;
}

Table clusters_table(const PointTable& table, const Clustering& result) {
  Table shown{.title = "Clusters",
              .columns = {"cluster", "rows", "confidence", "silhouette"},
              .rows = {},
              .formats = {"", "", ".3f", ".3f"}};
  const std::vector<std::string> names = names_of(table, result);
  const MatrixXd centres = means_in_table_units(result.table, result.chosen.partition.centres);
  const Index columns = std::min(shown_columns, centres.rows());
  for (Index j = 0; j < columns; ++j)
    shown.columns.push_back("centre " + names[static_cast<std::size_t>(j)]), shown.formats.push_back(".4g");
  for (Index c = 0; c < std::min<Index>(shown_clusters, result.clusters()); ++c) {
    std::vector<Json> row = {c + 1, static_cast<std::int64_t>(result.sizes[c]),
                             json_number(result.confidences[c]), json_number(result.silhouettes[c])};
    for (Index j = 0; j < columns; ++j) row.push_back(json_number(centres(j, c)));
    shown.rows.push_back(std::move(row));
  }
  return shown;
}

Table tree_table(const Clustering& result) {
  Table shown{.title = "Split tree",
              .columns = {"node", "parent", "rows", "split into", "BIC of 1", "BIC chosen", "lowest BIC at",
                          "agreement there"},
              .rows = {},
              .formats = {"", "", "", "", ".6g", ".6g", "", ".3f"}};
  const auto& tree = result.chosen.tree;
  for (std::size_t node = 0; node < std::min<std::size_t>(tree.size(), shown_nodes); ++node) {
    double one = std::nan(""), chosen = one, lowest = std::numeric_limits<double>::infinity(), agreement = 1;
    int at = 1;
    for (const CandidateScore& score : result.chosen.trace) {
      if (score.node != static_cast<int>(node)) continue;
      if (score.q == 1) one = score.bic;
      if (score.q == tree[node].chosen) chosen = score.bic;
      if (score.bic < lowest) lowest = score.bic, at = score.q, agreement = score.agreement;
    }
    shown.rows.push_back({static_cast<std::int64_t>(node),
                          tree[node].parent < 0 ? Json("") : Json(tree[node].parent),
                          static_cast<std::int64_t>(tree[node].rows), tree[node].chosen, json_number(one),
                          json_number(chosen), at, json_number(agreement)});
  }
  return shown;
}

Table sets_table(const std::string& title, const PointTable& table, const Clustering& result,
                 const std::vector<SetScore>& sets) {
  Table shown{.title = title,
              .columns = {"columns", "clusters", "score", "clarity"},
              .rows = {},
              .formats = {"", "", ".4f", ".3f"}};
  for (const SetScore& set : sets)
    shown.rows.push_back(
        {set_name(table, result, set), set.clusters, json_number(set.score), json_number(set.clarity)});
  return shown;
}

Table groups_table(const PointTable& table, const Clustering& result) {
  const MatrixXd counts = contingency(table.labels, result.rows.labels);
  Table shown{.title = "Known groups and clusters", .columns = {"group"}, .rows = {}, .formats = {}};
  const Index columns = std::min<Index>(counts.cols(), 16);
  for (Index c = 0; c < columns; ++c) shown.columns.push_back(fmt::format("cluster {}", c + 1));
  for (Index g = 0; g < std::min<Index>(counts.rows(), shown_clusters); ++g) {
    std::vector<Json> row = {table.groups[static_cast<std::size_t>(g)]};
    for (Index c = 0; c < columns; ++c) row.push_back(static_cast<std::int64_t>(counts(g, c)));
    shown.rows.push_back(std::move(row));
  }
  return shown;
}

void add_notes(const ClusterPppOptions& options, const PointTable& table, const Clustering& result,
               Report& report) {
  report.notes = table.notes;
  for (const Index column : result.table.constant)
    report.notes.push_back(fmt::format("Column {} was left out: all its values are equal.",
                                       quote(table.names[static_cast<std::size_t>(column)])));
  report.notes.insert(report.notes.end(), result.notes.begin(), result.notes.end());
  if (options.clustering.method == "ppp") report.notes.push_back(verdict_reason(result, options));
  if (options.clustering.separable > 0 && !result.path.empty())
    report.notes.push_back(fmt::format("All columns together: {} cluster{}, score {:.3g}.",
                                       result.all.clusters(), result.all.clusters() == 1 ? "" : "s",
                                       result.all.score));
}

void add_rows(const ClusterPppOptions& options, const PointTable& table, const Clustering& result,
              TaskContext& context, Report& report) {
  const bool small = result.table.size() <= artifact_rows;
  if (small || !options.save.empty()) {
    const std::vector<CsvColumn> columns = row_columns(table, result);
    if (!options.save.empty()) write_csv(context.resolve(options.save), columns);
    if (small)
      report.artifacts.push_back(
          {.name = "clusters", .extension = "csv", .content = csv_text(columns), .path = {}});
  } else {
    report.notes.push_back("The rows' clusters are written where --save says.");
  }
}

}  // namespace

std::string coordinate_name(const PointTable& table, const PreparedTable& prepared, std::size_t coordinate) {
  if (prepared.mapped()) return fmt::format("axis {}", coordinate + 1);
  return table.names[static_cast<std::size_t>(prepared.columns[coordinate])];
}

std::string set_name(const PointTable& table, const Clustering& result, const SetScore& set) {
  std::string text;
  for (const Index j : set.columns)
    text += (text.empty() ? "" : ", ") +
            (result.set_of_axes ? fmt::format("axis {}", j + 1) : table.names[static_cast<std::size_t>(j)]);
  return text;
}

std::string verdict_reason(const Clustering& result, const ClusterPppOptions& options) {
  const Finding& found = result.chosen;
  if (found.verdict == Verdict::clustered)
    return fmt::format(
        "The clusters describe a row {:.3g} nats better than one Gaussian does, and k-means and mixture "
        "agree on {:.3g} % of the rows.",
        found.score, 100 * result.agreement);
  if (found.verdict == Verdict::not_clusterable)
    return fmt::format(
        "One cluster: parts of the table split on their own, but all together k-means and mixture agree "
        "on {:.3g} % of the rows only ({:.3g} % are asked for).",
        100 * found.agreement, 100 * options.clustering.ppp.agree);
  if (found.trace.size() < 2)
    return fmt::format(
        "One cluster: {} rows cannot be cut into cells of {:.6g} rows or more; --minn allows smaller ones, "
        "--cov diag needs fewer.",
        result.table.size(), found.least_rows);
  const CandidateScore& lowest = *std::ranges::min_element(found.trace, {}, [](const CandidateScore& score) {
    return std::isnan(score.bic) ? std::numeric_limits<double>::infinity() : score.bic;
  });
  if (lowest.q == 1)
    return fmt::format(
        "One cluster: no partition into 2 to {} describes the rows better (by BIC) than one Gaussian.",
        found.trace.back().q);
  return fmt::format(
      "One cluster: a mixture of {} Gaussians describes the rows better, but agrees with k-means on {:.3g} % "
      "of them only ({:.3g} % are asked for): no compact clusters.",
      lowest.q, 100 * lowest.agreement, 100 * options.clustering.ppp.agree);
}

Report ppp_report(const ClusterPppOptions& options, const PointTable& table, const Clustering& result,
                  TaskContext& context) {
  Report report;
  report.title = fmt::format("Clusters of {}", std::filesystem::path(table.name).filename().string());
  add_metrics(options, table, result, report);
  report.tables = {result_table(table, result, options), clusters_table(table, result)};
  if (!table.labels.empty()) report.tables.push_back(groups_table(table, result));
  if (!result.path.empty())
    report.tables.push_back(sets_table("Path to the most separable set", table, result, result.path));
  if (!result.user_sets.empty())
    report.tables.push_back(sets_table("Sets by score", table, result, result.user_sets));
  if (options.clustering.method == "ppp" && !result.chosen.trace.empty())
    report.tables.push_back(tree_table(result));
  report.figures = ppp_figures(table, result);
  add_notes(options, table, result, report);
  add_rows(options, table, result, context, report);
  report.json = ppp_json(options, table, result, report);
  return report;
}

}  // namespace lehr::command
