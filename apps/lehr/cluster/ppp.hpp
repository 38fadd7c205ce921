// `lehr cluster ppp`: the clusters of a table, their number, and the columns in which it falls apart.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lehr/cluster/clustering.hpp"
#include "lehr/cluster/generate.hpp"
#include "lehr/cluster/point_table.hpp"
#include "lehr/core/csv.hpp"
#include "lehr/core/task.hpp"

namespace lehr::command {

struct ClusterPppOptions {
  std::string data;
  std::string label;
  std::vector<std::string> columns;
  std::string impute = "refuse";
  std::vector<std::string> sets;
  std::string save;
  std::optional<std::int64_t> generate_seed;
  cluster::GeneratedTableOptions generated;
  cluster::ClusteringOptions clustering;

  void describe(OptionTable& table);
};

// The report of a clustering of `table`; the rows' clusters become an artifact, and the file `options.save` where given.
Report ppp_report(const ClusterPppOptions& options, const cluster::PointTable& table,
                  const cluster::Clustering& result, TaskContext& context);

// Figures: clusters in two columns, BIC by number of clusters, confidence, the path to the separable set.
std::vector<Figure> ppp_figures(const cluster::PointTable& table, const cluster::Clustering& result);

// Why the table has, or has not, more than one cluster; one sentence.
std::string verdict_reason(const cluster::Clustering& result, const ClusterPppOptions& options);

// The name of a prepared column (or of an axis, where principal components or whitened columns took their place).
std::string coordinate_name(const cluster::PointTable& table, const cluster::PreparedTable& prepared,
                            std::size_t coordinate);

// The columns of a set, "a, b, c".
std::string set_name(const cluster::PointTable& table, const cluster::Clustering& result,
                     const cluster::SetScore& set);

// What every row gets, as columns of a csv file; clusters are counted from 1.
std::vector<CsvColumn> row_columns(const cluster::PointTable& table, const cluster::Clustering& result);

// Everything for --json; `floor` is in scaled columns, centres and covariances are in the table's units.
Json ppp_json(const ClusterPppOptions& options, const cluster::PointTable& table,
              const cluster::Clustering& result, const Report& report);

Task cluster_ppp_task();

}  // namespace lehr::command
