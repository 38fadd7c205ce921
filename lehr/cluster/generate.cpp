#include "lehr/cluster/generate.hpp"

#include <array>
#include <numeric>

#include "lehr/core/errors.hpp"

namespace lehr::cluster {

using Eigen::Index;
using Eigen::MatrixXd;

namespace {

struct Shift {
  double second, seventh;
};
constexpr std::array<Shift, 3> hidden_groups = {{{0, 0}, {5, 0}, {2.5, 4.3}}};

// What the rows of one group are normal about; one column per group.
MatrixXd group_centres(const GeneratedTableOptions& options, Seed seed) {
  if (options.family == "hidden") {
    MatrixXd centres = MatrixXd::Zero(options.columns, hidden_groups.size());
    for (std::size_t g = 0; g < hidden_groups.size(); ++g) {
      centres(1, static_cast<Index>(g)) = hidden_groups[g].second;
      centres(6, static_cast<Index>(g)) = hidden_groups[g].seventh;
    }
    return centres;
  }
  if (options.family != "blobs") return MatrixXd::Zero(options.columns, 1);
  Stream random(seed, lane("centres"));
  MatrixXd centres(options.columns, options.centres);
  for (double& value : centres.reshaped()) value = 20 * uniform(random) - 10;
  return centres;
}

std::vector<Index> shuffled(Index count, Seed seed) {
  std::vector<Index> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), Index{0});
  Stream random(seed, lane("order"));
  for (Index i = count - 1; i > 0; --i)
    std::swap(order[static_cast<std::size_t>(i)],
              order[static_cast<std::size_t>(uniform_index(random, i + 1))]);
  return order;
}

}  // namespace

void GeneratedTableOptions::describe(OptionTable& table) {
  table.add("family", family, "which kind of table").choices({"blobs", "cloud", "uniform", "hidden"});
  table.add("rows", rows, "rows").range(1, 1e8);
  table.add("columns", columns, "columns").range(1, 1e4);
  table.add("centres", centres, "groups of blobs").range(1, 1e4);
  table.add("order", order, "seed of the rows' order; 0: the table's").at_least(0);
  table.add("deviation", deviation, "standard deviation of a group's rows").above(0);
}

GeneratedTable generate_table(const GeneratedTableOptions& given, Seed seed) {
  GeneratedTableOptions options = given;
  lehr::describe(options).read(lehr::describe(options).values(), "generate");
  if (options.family == "hidden" && options.columns < 7)
    throw InvalidInput(
        "generate.columns: the groups of 'hidden' differ in the columns 2 and 7, found {} columns",
        options.columns);
  const MatrixXd centres = group_centres(options, seed);
  const std::vector<Index> order =
      shuffled(options.rows, options.order == 0 ? seed : Seed{static_cast<std::uint64_t>(options.order)});
  GeneratedTable table{MatrixXd(options.columns, options.rows),
                       std::vector<int>(static_cast<std::size_t>(options.rows))};
  Stream random(seed, lane("rows"));
  for (Index i = 0; i < options.rows; ++i) {
    const Index at = order[static_cast<std::size_t>(i)], group = i % centres.cols();
    table.labels[static_cast<std::size_t>(at)] = static_cast<int>(group);
    for (Index j = 0; j < options.columns; ++j)
      table.points(j, at) = options.family == "uniform"
                                ? uniform(random)
                                : centres(j, group) + options.deviation * normal(random);
  }
  return table;
}

}  // namespace lehr::cluster
