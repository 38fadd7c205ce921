#include "lehr/cluster/prototypes.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lehr/cluster/principal_axis.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::cluster {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Index refinement = 8;      // cells may become this many times `most` for the sake of the loss
constexpr Index large_cell = 65536;  // rows; such cells are worked on by all threads

// A leaf with what decides whether it is cut.
struct TreeCell {
  std::vector<Index> rows;  // ascending
  VectorXd mean;
  double sse = 0, diagonal = 0;
};

VectorXd mean_of(const MatrixXd& rows, const std::vector<Index>& chosen) {
  VectorXd sum = VectorXd::Zero(rows.rows());
  for (const Index i : chosen) sum += rows.col(i);
  return sum / static_cast<double>(chosen.size());
}

TreeCell measured(const MatrixXd& rows, std::vector<Index> chosen) {
  TreeCell cell{.rows = std::move(chosen), .mean = {}};
  cell.mean = mean_of(rows, cell.rows);
  VectorXd low = rows.col(cell.rows.front()), high = low;
  for (const Index i : cell.rows) {
    cell.sse += (rows.col(i) - cell.mean).squaredNorm();
    low = low.cwiseMin(rows.col(i)), high = high.cwiseMax(rows.col(i));
  }
  cell.diagonal = (high - low).norm();
  if (cell.diagonal == 0) cell.sse = 0;  // equal rows, whatever the rounding of their mean says
  return cell;
}

MatrixXd covariance_of(const MatrixXd& rows, const TreeCell& cell) {
  const Index d = rows.rows();
  const auto n = static_cast<Index>(cell.rows.size());
  const MatrixXd sum = parallel_reduce(
      n, large_cell, MatrixXd(MatrixXd::Zero(d, d)),
      [&](Index from, Index to) {
        MatrixXd part = MatrixXd::Zero(d, d);
        VectorXd centered(d);
        for (Index i = from; i < to; ++i) {
          centered.array() = rows.col(cell.rows[static_cast<std::size_t>(i)]).array() - cell.mean.array();
          for (Index j = 0; j < d; ++j) part.col(j).tail(d - j) += centered[j] * centered.tail(d - j);
        }
        return part;
      },
      [](MatrixXd all, const MatrixXd& part) { return MatrixXd(all + part); });
  return MatrixXd(sum.selfadjointView<Eigen::Lower>()) / static_cast<double>(n);
}

// Cut at the median along the principal axis; equal projections by row number.
std::pair<TreeCell, TreeCell> cut_at_median(const MatrixXd& rows, const TreeCell& cell) {
  using Place = std::pair<double, Index>;  // projection, row
  const VectorXd axis = principal_axis(covariance_of(rows, cell)).direction;
  std::vector<Place> places;
  places.reserve(cell.rows.size());
  for (const Index i : cell.rows) places.emplace_back(axis.dot(rows.col(i)), i);
  std::vector<Place> ordered = places;
  const auto middle = ordered.begin() + static_cast<std::ptrdiff_t>(ordered.size() / 2);
  std::nth_element(ordered.begin(), middle, ordered.end());
  std::vector<Index> below, above;
  for (const Place& place : places) (place < *middle ? below : above).push_back(place.second);
  return {measured(rows, std::move(below)), measured(rows, std::move(above))};
}

class PrototypeTree {
 public:
  PrototypeTree(const MatrixXd& rows, const PrototypeOptions& options) : rows_(rows), options_(options) {
    std::vector<Index> all(static_cast<std::size_t>(rows.cols()));
    std::iota(all.begin(), all.end(), Index{0});
    leaves_.push_back(measured(rows, std::move(all)));
    total_ = leaves_.front().sse;
    small_ = options.small * leaves_.front().diagonal;
  }

  Prototypes grow() {
    while (cut_round(options_.most, small_)) {
    }
    while (loss() > options_.loss_max && cut_round(refinement * options_.most, 0)) {
    }
    Prototypes prototypes{.cells = {}, .loss = loss()};
    for (TreeCell& leaf : leaves_) prototypes.cells.push_back(std::move(leaf.rows));
    return prototypes;
  }

 private:
  double loss() const {
    double sum = 0;
    for (const TreeCell& leaf : leaves_) sum += leaf.sse;
    return total_ > 0 ? sum / total_ : 0;
  }

  // Cuts the leaves wider than `diagonal`, those with the largest SSE where there is not room for all. False where
  // nothing was cut.
  bool cut_round(Index most, double diagonal) {
    std::vector<std::size_t> chosen;
    for (std::size_t i = 0; i < leaves_.size(); ++i)
      if (leaves_[i].sse > 0 && leaves_[i].diagonal >= diagonal) chosen.push_back(i);
    const Index room = most - static_cast<Index>(leaves_.size());
    if (room <= 0 || chosen.empty()) return false;
    if (static_cast<Index>(chosen.size()) > room) {
      std::ranges::stable_sort(chosen,
                               [&](std::size_t a, std::size_t b) { return leaves_[a].sse > leaves_[b].sse; });
      chosen.resize(static_cast<std::size_t>(room));
      std::ranges::sort(chosen);
    }
    auto halves = parallel_map(static_cast<std::int64_t>(chosen.size()), [&](std::int64_t c) {
      return cut_at_median(rows_, leaves_[chosen[static_cast<std::size_t>(c)]]);
    });
    for (std::size_t c = 0; c < chosen.size(); ++c) {
      leaves_[chosen[c]] = std::move(halves[c].first);
      leaves_.push_back(std::move(halves[c].second));
    }
    return true;
  }

  const MatrixXd& rows_;
  const PrototypeOptions& options_;
  std::vector<TreeCell> leaves_;
  double total_ = 0, small_ = 0;
};

// The covariance of one cell's rows in the chosen columns, as a column of scatter.
void add_scatter(const MatrixXd& rows, const std::vector<Index>& cell, const std::vector<Index>& columns,
                 stats::CovarianceShape shape, Index at, stats::WeightedPoints& points) {
  const auto d = static_cast<Index>(columns.size());
  VectorXd centered(d);
  auto scatter = points.scatter.col(at);
  for (const Index i : cell) {
    for (Index j = 0; j < d; ++j)
      centered[j] = rows(columns[static_cast<std::size_t>(j)], i) - points.points(j, at);
    if (shape == stats::CovarianceShape::full) {
      for (Index j = 0, place = 0; j < d; place += d - j, ++j)
        scatter.segment(place, d - j) += centered[j] * centered.tail(d - j);
    } else if (shape == stats::CovarianceShape::diagonal) {
      scatter += centered.cwiseAbs2();
    } else {
      scatter[0] += centered.squaredNorm() / static_cast<double>(d);
    }
  }
  scatter /= static_cast<double>(cell.size());
}

}  // namespace

Prototypes make_prototypes(const MatrixXd& rows, const PrototypeOptions& options) {
  if (rows.cols() == 0) throw InvalidInput("prototypes: no rows");
  return PrototypeTree(rows, options).grow();
}

stats::WeightedPoints weighted_points(const MatrixXd& rows, const Prototypes& prototypes,
                                      const std::vector<Index>& columns, stats::CovarianceShape shape) {
  const auto d = static_cast<Index>(columns.size());
  stats::WeightedPoints points;
  points.points = MatrixXd::Zero(d, prototypes.count());
  points.weights.resize(prototypes.count());
  points.scatter = MatrixXd::Zero(stats::covariance_numbers(shape, d), prototypes.count());
  parallel_for(
      prototypes.count(),
      [&](std::int64_t c) {
        const std::vector<Index>& cell = prototypes.cells[static_cast<std::size_t>(c)];
        points.weights[c] = static_cast<double>(cell.size());
        for (const Index i : cell)
          for (Index j = 0; j < d; ++j) points.points(j, c) += rows(columns[static_cast<std::size_t>(j)], i);
        points.points.col(c) /= points.weights[c];
        add_scatter(rows, cell, columns, shape, c, points);
      },
      64);
  return points;
}

}  // namespace lehr::cluster
