#include "apps/lehr/cluster/ppp.hpp"

#include <algorithm>

#include "lehr/core/errors.hpp"

namespace lehr::command {

using namespace cluster;

namespace {

PointTable generated_table(const ClusterPppOptions& options, Seed run) {
  const std::int64_t seed = *options.generate_seed;
  const GeneratedTable made =
      generate_table(options.generated, {seed == 0 ? run.value : static_cast<std::uint64_t>(seed)});
  PointTable table;
  table.name = options.generated.family;
  table.points = made.points;
  table.labels = made.labels;
  for (std::int64_t j = 0; j < made.points.rows(); ++j) table.names.push_back(fmt::format("c{}", j + 1));
  for (int g = 0; g <= *std::ranges::max_element(made.labels); ++g)
    table.groups.push_back(fmt::format("group {}", g + 1));
  return table;
}

PointTable load_table(const ClusterPppOptions& options, const TaskContext& context) {
  if (options.data.empty() == !options.generate_seed)
    throw InvalidInput("cluster.ppp: give a file of the table, or --generate.seed to make one");
  if (options.generate_seed) {
    if (!options.label.empty() || !options.columns.empty())
      throw InvalidInput("cluster.ppp: label and columns are for a file's table");
    return generated_table(options, context.seed);
  }
  return read_points(
      context.resolve(options.data),
      {.label = options.label, .columns = options.columns, .impute_mean = options.impute == "mean"});
}

// "a,b" as numbers of columns.
std::vector<Eigen::Index> columns_of_set(const std::string& text, const PointTable& table) {
  std::vector<Eigen::Index> columns;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find(',', from), text.size());
    const std::string name = text.substr(from, to - from);
    const auto found = std::ranges::find(table.names, name);
    if (found == table.names.end())
      throw InvalidInput("sets: no column {}{}", quote(name), hint(name, table.names));
    const Eigen::Index column = found - table.names.begin();
    if (std::ranges::find(columns, column) == columns.end()) columns.push_back(column);
    from = to + 1;
  }
  return columns;
}

// FNV-1a of what decides the course of a run: a checkpoint of other options or another table is never resumed.
std::string run_fingerprint(const ClusterPppOptions& options, const PointTable& table) {
  ClusterPppOptions own = options;
  own.save.clear();
  std::string text = lehr::describe(own).values().dump();
  text.append(reinterpret_cast<const char*>(table.points.data()),
              static_cast<std::size_t>(table.points.size()) * sizeof(double));
  return fmt::format("{:016x}", lane(text));
}

Report run_ppp_task(const ClusterPppOptions& options, TaskContext& context) {
  const PointTable table = load_table(options, context);
  std::vector<std::vector<Eigen::Index>> sets;
  for (const std::string& set : options.sets) sets.push_back(columns_of_set(set, table));
  Observers observers = context.observers;
  observers.checkpoints.path.clear();
  if (!context.directory.empty()) {
    std::filesystem::create_directories(context.directory);
    observers.checkpoints.path =
        context.directory / ("checkpoint-" + run_fingerprint(options, table) + ".safetensors");
  }
  const Clustering result =
      cluster_rows(table.points, options.clustering, context.seed, observers, table.names, sets);
  return ppp_report(options, table, result, context);
}

}  // namespace

void ClusterPppOptions::describe(OptionTable& table) {
  table.add("data", data, "file of the table: csv, tsv, text, npy, npz or mtx; may be compressed by gzip")
      .positional();
  table.add("label", label, "column of known groups: not clustered, but compared with the clusters");
  table.add("columns", columns, "columns to cluster; default: all that hold numbers");
  table.add("impute", impute, "missing numbers: refuse them, or take their column's mean")
      .choices({"refuse", "mean"});
  clustering.describe(table);
  table.add("sets", sets, "sets of columns to rank, each as \"a,b,c\"");
  table.add("save", save, "csv file for what every row gets");
  table.add("generate.seed", generate_seed, "makes a table in place of a file's; 0: the run's seed")
      .at_least(0);
  table.group("generate", generated);
}

Task cluster_ppp_task() {
  return make_task<ClusterPppOptions>(
      "cluster.ppp", "", "clusters of a table and their number, the same in every run",
      "Probabilistic partitive partitioning: k-means, started without random numbers, proposes partitions, "
      "Gaussian "
      "mixtures judge them, and what is judged a cluster is tried again until nothing splits. The answer "
      "does not "
      "depend on the seed, on threads, or on the order of the rows. --separable also looks for the columns "
      "in which "
      "the table really falls apart. Large tables are reduced to prototypes that keep all means and "
      "covariances.",
      {"cluster ppp iris.csv --label species", "cluster ppp wine.csv --separable 5 --save clusters.csv",
       "cluster ppp table.npy --scale none --cov auto",
       "cluster ppp table.csv --method kmeans --clusters 6 --runs 20"},
      run_ppp_task);
}

}  // namespace lehr::command
