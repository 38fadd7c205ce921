// The report of `lehr cluster ppp` for scripts, and the table of what every row gets.
#include <cmath>

#include "apps/lehr/cluster/ppp.hpp"

namespace lehr::command {

using namespace cluster;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double largest_json_matrix = 1e5;

Json json_vector(const VectorXd& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(json_number(value));
  return list;
}

Json json_matrix(const MatrixXd& matrix) {  // row by row
  Json list = Json::array();
  for (Index i = 0; i < matrix.rows(); ++i) list.push_back(json_vector(matrix.row(i)));
  return list;
}

Json tree_json(const Finding& finding) {
  Json nodes = Json::array();
  for (std::size_t node = 0; node < finding.tree.size(); ++node) {
    Json candidates = Json::array();
    for (const CandidateScore& score : finding.trace)
      if (score.node == static_cast<int>(node))
        candidates.push_back({{"q", score.q},
                              {"sse", json_number(score.sse)},
                              {"log_likelihood", json_number(score.log_likelihood)},
                              {"bic", json_number(score.bic)},
                              {"agreement", json_number(score.agreement)},
                              {"em_steps", score.em_steps},
                              {"admitted", score.admitted}});
    nodes.push_back({{"node", node},
                     {"parent", finding.tree[node].parent < 0 ? Json() : Json(finding.tree[node].parent)},
                     {"rows", finding.tree[node].rows},
                     {"q", finding.tree[node].chosen},
                     {"candidates", std::move(candidates)}});
  }
  return nodes;
}

Json clusters_json(const Clustering& result) {
  Json list = Json::array();
  const PreparedTable& table = result.table;
  if (table.dimension() == 0) return list;
  const MatrixXd centres = means_in_table_units(table, result.chosen.partition.centres);
  const MatrixXd means = means_in_table_units(table, result.chosen.mixture.means);
  const double numbers = static_cast<double>(result.clusters() * centres.rows() * centres.rows());
  for (Index c = 0; c < result.clusters(); ++c) {
    const MatrixXd covariance = covariance_in_table_units(table, result.chosen.mixture.covariance(c));
    list.push_back({{"cluster", c + 1},
                    {"rows", static_cast<std::int64_t>(result.sizes[c])},
                    {"centre", json_vector(centres.col(c))},
                    {"weight", json_number(result.chosen.mixture.weights[c])},
                    {"mean", json_vector(means.col(c))},
                    {"variances", json_vector(covariance.diagonal())},
                    {"covariance", numbers <= largest_json_matrix ? json_matrix(covariance) : Json()}});
  }
  return list;
}

Json sets_json(const PointTable& table, const Clustering& result, const std::vector<SetScore>& sets) {
  Json list = Json::array();
  for (const SetScore& set : sets)
    list.push_back({{"columns", set_name(table, result, set)},
                    {"clusters", set.clusters},
                    {"score", json_number(set.score)},
                    {"clarity", json_number(set.clarity)}});
  return list;
}

}  // namespace

std::vector<CsvColumn> row_columns(const PointTable& table, const Clustering& result) {
  const auto numbers = [](const VectorXd& values) {
    return std::vector<double>(values.begin(), values.end());
  };
  const auto from_one = [](const std::vector<int>& labels) {
    std::vector<double> values;
    for (const int label : labels) values.push_back(label + 1);
    return values;
  };
  std::vector<CsvColumn> columns = {{"cluster", from_one(result.rows.labels)},
                                    {"most_probable", from_one(result.rows.most_probable)},
                                    {"confidence", numbers(result.rows.confidence)},
                                    {"silhouette", numbers(result.rows.silhouette)},
                                    {"distance", numbers(result.rows.distance)}};
  if (!table.labels.empty()) {
    std::vector<std::string> groups;
    for (const int label : table.labels) groups.push_back(table.groups[static_cast<std::size_t>(label)]);
    columns.push_back({"group", std::move(groups)});
  }
  return columns;
}

Json ppp_json(const ClusterPppOptions& options, const PointTable& table, const Clustering& result,
              const Report& report) {
  Json metrics = Json::object();
  for (const auto& [name, value] : report.metrics) metrics[name] = json_number(value);
  Json columns = Json::array(), labels = Json::array();
  for (const Index column : result.table.columns)
    columns.push_back(table.names[static_cast<std::size_t>(column)]);
  if (result.table.size() <= 100000)
    for (const int label : result.rows.labels) labels.push_back(label + 1);
  return {{"table", table.name},
          {"method", options.clustering.method},
          {"verdict", std::string(name(result.chosen.verdict))},
          {"covariances", std::string(stats::name(result.chosen.shape))},
          {"columns", std::move(columns)},
          {"metrics", std::move(metrics)},
          {"floor", json_vector(result.floor)},
          {"clusters", clusters_json(result)},
          {"tree", tree_json(result.chosen)},
          {"separable_path", sets_json(table, result, result.path)},
          {"sets", sets_json(table, result, result.user_sets)},
          {"labels", std::move(labels)},
          {"notes", report.notes}};
}

}  // namespace lehr::command
