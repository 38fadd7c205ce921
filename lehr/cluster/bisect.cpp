#include "lehr/cluster/bisect.hpp"

#include <cmath>

#include "lehr/cluster/principal_axis.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::cluster {

using Eigen::MatrixXd;

namespace {

struct BisectionCell {
  std::vector<Index> points;  // ascending
  double mass = 0, sse = 0;
  bool final = false;  // cannot be cut
};

BisectionCell whole_cell(const WeightedPoints& points) {
  BisectionCell cell;
  cell.points.resize(static_cast<std::size_t>(points.size()));
  std::iota(cell.points.begin(), cell.points.end(), Index{0});
  const Partition whole = partition_of(points, std::vector<int>(cell.points.size(), 0), 1);
  cell.mass = whole.masses[0], cell.sse = whole.sse[0];
  return cell;
}

// The open cell with the largest SSE, the first of equal ones; nothing where all are final.
BisectionCell* next_to_cut(std::vector<BisectionCell>& cells) {
  BisectionCell* next = nullptr;
  for (BisectionCell& cell : cells)
    if (!cell.final && cell.sse > 0 && (next == nullptr || cell.sse > next->sse)) next = &cell;
  return next;
}

// Cuts the cell, keeps its first half in place and appends the other. False where the cut is rejected.
bool cut(const WeightedPoints& points, std::vector<BisectionCell>& cells, BisectionCell& cell,
         double least_mass, const KMeansOptions& options) {
  if (cell.mass < 2 * least_mass || cell.points.size() < 2) return false;
  const Partition halves = cut_in_two(select(points, cell.points), options);
  if (halves.masses.minCoeff() < least_mass || !(halves.masses.minCoeff() > 0)) return false;
  BisectionCell first, second;
  for (std::size_t i = 0; i < cell.points.size(); ++i)
    (halves.labels[i] == 0 ? first : second).points.push_back(cell.points[i]);
  first.mass = halves.masses[0], second.mass = halves.masses[1];
  first.sse = halves.sse[0], second.sse = halves.sse[1];
  cell = std::move(first);
  cells.push_back(std::move(second));
  return true;
}

std::vector<int> labels_of(const std::vector<BisectionCell>& cells, Index points) {
  std::vector<int> labels(static_cast<std::size_t>(points));
  for (std::size_t c = 0; c < cells.size(); ++c)
    for (const Index i : cells[c].points) labels[static_cast<std::size_t>(i)] = static_cast<int>(c);
  return labels;
}

}  // namespace

Partition cut_in_two(const WeightedPoints& cell, const KMeansOptions& options) {
  const Eigen::VectorXd mean = weighted_mean(cell);
  const PrincipalAxis axis = principal_axis(weighted_covariance(cell, mean));
  const Eigen::VectorXd offset = std::sqrt(std::max(0.0, axis.variance)) * axis.direction;
  MatrixXd starts(cell.dimension(), 2);
  starts << mean - offset, mean + offset;
  return kmeans(cell, starts, options);
}

std::vector<Partition> bisect(const WeightedPoints& points, Index cells, double least_mass,
                              const KMeansOptions& options) {
  if (points.size() == 0) throw InvalidInput("bisection: no points");
  std::vector<BisectionCell> current = {whole_cell(points)};
  std::vector<std::vector<int>> nested = {labels_of(current, points.size())};
  current.reserve(static_cast<std::size_t>(cells));
  while (static_cast<Index>(current.size()) < cells) {
    BisectionCell* const next = next_to_cut(current);
    if (next == nullptr) break;
    if (cut(points, current, *next, least_mass, options))
      nested.push_back(labels_of(current, points.size()));
    else
      next->final = true;
  }
  return parallel_map(static_cast<std::int64_t>(nested.size()), [&](std::int64_t q) {
    Partition means = partition_of(points, nested[static_cast<std::size_t>(q)], q + 1);
    return q == 0 ? means : kmeans(points, means.centres, options);
  });
}

}  // namespace lehr::cluster
