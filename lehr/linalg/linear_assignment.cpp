#include "lehr/linalg/linear_assignment.hpp"

#include <limits>

#include "lehr/core/errors.hpp"

namespace lehr::linalg {
namespace {

using Eigen::Index;

constexpr Index nobody = -1;

// Dual prices: cost(i, j) - row_price[i] - column_price[j] >= 0, and 0 on the pairs that are assigned.
struct Assigner {
  const Eigen::Ref<const Eigen::MatrixXd>& cost;
  Index n = cost.cols();
  std::vector<double> row_price = std::vector<double>(static_cast<std::size_t>(n), 0.0);
  std::vector<double> column_price = row_price;
  std::vector<Index> owner = std::vector<Index>(static_cast<std::size_t>(n), nobody);  // row of a column

  // Dijkstra's search from a free row over reduced costs until a free column is reached; prices move so that the path costs
  // nothing, and its pairs change hands.
  void give_column_to(Index start) {
    const auto size = static_cast<std::size_t>(n);
    std::vector<double> distance(size, std::numeric_limits<double>::infinity());
    std::vector<Index> before(size, nobody), settled;  // the column from whose owner a column was reached
    std::vector<bool> done(size, false);
    Index row = start, from = nobody, end = nobody;
    double length = 0;
    while (end == nobody) {
      Index nearest = nobody;
      for (Index j = 0; j < n; ++j) {
        const auto c = static_cast<std::size_t>(j);
        if (done[c]) continue;
        const double through =
            length + cost(row, j) - row_price[static_cast<std::size_t>(row)] - column_price[c];
        if (through < distance[c]) distance[c] = through, before[c] = from;
        if (nearest == nobody || distance[c] < distance[static_cast<std::size_t>(nearest)]) nearest = j;
      }
      const auto c = static_cast<std::size_t>(nearest);
      length = distance[c];
      if (owner[c] == nobody) {
        end = nearest;
      } else {
        done[c] = true, settled.push_back(nearest);
        row = owner[c], from = nearest;
      }
    }
    row_price[static_cast<std::size_t>(start)] += length;
    for (const Index j : settled) {
      const auto c = static_cast<std::size_t>(j);
      row_price[static_cast<std::size_t>(owner[c])] += length - distance[c];
      column_price[c] -= length - distance[c];
    }
    for (Index j = end; j != nobody;) {
      const Index previous = before[static_cast<std::size_t>(j)];
      owner[static_cast<std::size_t>(j)] =
          previous == nobody ? start : owner[static_cast<std::size_t>(previous)];
      j = previous;
    }
  }
};

}  // namespace

std::vector<Index> linear_assignment(const Eigen::Ref<const Eigen::MatrixXd>& cost) {
  if (cost.rows() != cost.cols())
    throw InvalidInput("assignment: the costs are {} x {}, expected a square", cost.rows(), cost.cols());
  if (!cost.allFinite()) throw InvalidInput("assignment: a cost is not finite");
  Assigner assigner{cost};
  for (Index i = 0; i < cost.rows(); ++i) assigner.give_column_to(i);
  std::vector<Index> column(static_cast<std::size_t>(cost.rows()));
  for (Index j = 0; j < cost.cols(); ++j)
    column[static_cast<std::size_t>(assigner.owner[static_cast<std::size_t>(j)])] = j;
  return column;
}

}  // namespace lehr::linalg
