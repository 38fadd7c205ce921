#include "lehr/cluster/kmeans.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lehr/cluster/principal_axis.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::cluster {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Index points_of_task = 4096;
// Rounding of a computed distance or bound, relative to the largest distance in the data: far above d epsilon.
constexpr double bound_margin = 1e-9;

// The centres, dimension by dimension, so that one point is compared with all of them side by side.
class CentreTable {
 public:
  using Distances = Eigen::Array<double, Eigen::Dynamic, 1>;

  explicit CentreTable(const MatrixXd& centres) : by_dimension_(centres.transpose()) {}
  Index count() const { return by_dimension_.rows(); }

  // |x - m_c|^2 of every centre, summed over the dimensions in order.
  void squared_distances(const double* x, Distances& to) const {
    to.setZero(count());
    for (Index j = 0; j < by_dimension_.cols(); ++j) to += (by_dimension_.col(j).array() - x[j]).square();
  }

 private:
  MatrixXd by_dimension_;  // k x d
};

struct Nearest {
  int index = 0;
  double first = std::numeric_limits<double>::infinity(), second = first;  // squared distances
};

Nearest nearest(const CentreTable::Distances& squared) {
  Nearest found;
  for (Index c = 0; c < squared.size(); ++c) {
    if (squared[c] < found.first) {
      found.second = found.first, found.first = squared[c], found.index = static_cast<int>(c);
    } else if (squared[c] < found.second) {
      found.second = squared[c];
    }
  }
  return found;
}

template <class Body>
void for_blocks_of_points(Index count, Body body) {
  parallel_for((count + points_of_task - 1) / points_of_task, [&](std::int64_t b) {
    body(b * points_of_task, std::min<Index>(count, (b + 1) * points_of_task));
  });
}

struct CellSums {
  MatrixXd sums;  // d x k
  VectorXd masses;
};

CellSums cell_sums(const WeightedPoints& points, const std::vector<int>& labels, Index cells) {
  const CellSums zero{MatrixXd::Zero(points.dimension(), cells), VectorXd::Zero(cells)};
  return parallel_reduce(
      points.size(), points_of_task, zero,
      [&](Index from, Index to) {
        CellSums part = zero;
        for (Index i = from; i < to; ++i) {
          const int c = labels[static_cast<std::size_t>(i)];
          part.sums.col(c) += points.weight(i) * points.points.col(i);
          part.masses[c] += points.weight(i);
        }
        return part;
      },
      [](CellSums all, const CellSums& part) {
        all.sums += part.sums, all.masses += part.masses;
        return all;
      });
}

VectorXd cell_sse(const WeightedPoints& points, const std::vector<int>& labels, const MatrixXd& centres) {
  return parallel_reduce(
      points.size(), points_of_task, VectorXd(VectorXd::Zero(centres.cols())),
      [&](Index from, Index to) {
        VectorXd part = VectorXd::Zero(centres.cols());
        for (Index i = from; i < to; ++i) {
          const int c = labels[static_cast<std::size_t>(i)];
          part[c] += points.weight(i) * (points.points.col(i) - centres.col(c)).squaredNorm();
        }
        return part;
      },
      [](VectorXd all, const VectorXd& part) { return VectorXd(all + part); });
}

// The centres move to their cells' means; an empty cell's stays.
void move_centres(const CellSums& sums, MatrixXd& centres) {
  for (Index c = 0; c < centres.cols(); ++c)
    if (sums.masses[c] > 0) centres.col(c) = sums.sums.col(c) / sums.masses[c];
}

// One point's bounds: u is at least the distance to its centre, l at most the distance to the second nearest.
struct Bounds {
  double upper = std::numeric_limits<double>::infinity(), lower = 0;
};

class LloydIteration {
 public:
  LloydIteration(const WeightedPoints& points, const MatrixXd& centres, const KMeansOptions& options)
      : points_(points), options_(options), labels_(static_cast<std::size_t>(points.size()), -1) {
    found_.centres = centres;
    bounds_.resize(options.algorithm == Lloyd::bounded ? labels_.size() : 0);
    const VectorXd middle = 0.5 * (points.points.rowwise().minCoeff() + points.points.rowwise().maxCoeff());
    const double reach = std::max((points.points.rowwise().maxCoeff() - middle).norm(),
                                  (centres.colwise() - middle).colwise().norm().maxCoeff());
    margin_ = bound_margin * reach;
  }

  Partition run() {
    for (; found_.sweeps < options_.sweeps; ++found_.sweeps) {
      const bool changed = assign();
      if (!changed) break;
      const CellSums sums = cell_sums(points_, labels_, found_.cells());
      found_.masses = sums.masses;
      const MatrixXd before = found_.centres;
      move_centres(sums, found_.centres);
      loosen_bounds(before);
    }
    found_.sse = cell_sse(points_, labels_, found_.centres);
    found_.labels = std::move(labels_);
    return std::move(found_);
  }

 private:
  // Labels every point; true where a label changed.
  bool assign() {
    const CentreTable table(found_.centres);
    const VectorXd half_gaps = half_distance_to_next_centre();
    const Index blocks = (points_.size() + points_of_task - 1) / points_of_task;
    std::vector<std::int64_t> changes(static_cast<std::size_t>(blocks)), computed(changes);
    for_blocks_of_points(points_.size(), [&](Index from, Index to) {
      CentreTable::Distances squared;
      std::int64_t changed = 0, looked = 0;
      for (Index i = from; i < to; ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (!bounds_.empty() && labels_[at] >= 0 &&
            bounds_[at].upper + margin_ < std::max(bounds_[at].lower, half_gaps[labels_[at]]))
          continue;
        table.squared_distances(points_.points.col(i).data(), squared);
        const Nearest found = nearest(squared);
        ++looked;
        if (found.index != labels_[at]) ++changed;
        labels_[at] = found.index;
        if (!bounds_.empty()) bounds_[at] = {std::sqrt(found.first), std::sqrt(found.second)};
      }
      changes[static_cast<std::size_t>(from / points_of_task)] = changed;
      computed[static_cast<std::size_t>(from / points_of_task)] = looked;
    });
    for (const std::int64_t looked : computed) found_.distances += looked * found_.cells();
    return std::ranges::any_of(changes, [](std::int64_t count) { return count > 0; });
  }

  VectorXd half_distance_to_next_centre() const {
    VectorXd half = VectorXd::Constant(found_.cells(), std::numeric_limits<double>::infinity());
    for (Index a = 0; a < found_.cells(); ++a)
      for (Index b = 0; b < found_.cells(); ++b)
        if (a != b) half[a] = std::min(half[a], 0.5 * (found_.centres.col(a) - found_.centres.col(b)).norm());
    return half;
  }

  void loosen_bounds(const MatrixXd& before) {
    if (bounds_.empty()) return;
    const VectorXd moved = (found_.centres - before).colwise().norm();
    const double farthest = moved.maxCoeff();
    for_blocks_of_points(points_.size(), [&](Index from, Index to) {
      for (Index i = from; i < to; ++i) {
        const auto at = static_cast<std::size_t>(i);
        bounds_[at].upper += moved[labels_[at]];
        bounds_[at].lower -= farthest;
      }
    });
  }

  const WeightedPoints& points_;
  const KMeansOptions& options_;
  Partition found_;
  std::vector<int> labels_;
  std::vector<Bounds> bounds_;
  double margin_ = 0;
};

void check_centres(const WeightedPoints& points, const MatrixXd& centres) {
  if (points.size() == 0) throw InvalidInput("k-means: no points");
  if (centres.rows() != points.dimension() || centres.cols() == 0)
    throw InvalidInput("k-means: centres are {} x {}, the points have {} dimensions", centres.rows(),
                       centres.cols(), points.dimension());
}

// k different points, by a partial shuffle.
MatrixXd random_centres(const WeightedPoints& points, Index k, Stream& random) {
  std::vector<Index> order(static_cast<std::size_t>(points.size()));
  std::iota(order.begin(), order.end(), Index{0});
  MatrixXd centres(points.dimension(), k);
  for (Index c = 0; c < k; ++c) {
    const Index other = c + uniform_index(random, points.size() - c);
    std::swap(order[static_cast<std::size_t>(c)], order[static_cast<std::size_t>(other)]);
    centres.col(c) = points.points.col(order[static_cast<std::size_t>(c)]);
  }
  return centres;
}

}  // namespace

Partition kmeans(const WeightedPoints& points, const MatrixXd& centres, const KMeansOptions& options) {
  check_centres(points, centres);
  return LloydIteration(points, centres, options).run();
}

Partition partition_of(const WeightedPoints& points, std::vector<int> labels, Index cells) {
  Partition partition;
  const CellSums sums = cell_sums(points, labels, cells);
  partition.centres = weighted_mean(points).replicate(1, cells);
  move_centres(sums, partition.centres);
  partition.masses = sums.masses;
  partition.sse = cell_sse(points, labels, partition.centres);
  partition.labels = std::move(labels);
  return partition;
}

std::vector<int> nearest_centres(const MatrixXd& points, const MatrixXd& centres) {
  std::vector<int> labels(static_cast<std::size_t>(points.cols()));
  const CentreTable table(centres);
  for_blocks_of_points(points.cols(), [&](Index from, Index to) {
    CentreTable::Distances squared;
    for (Index i = from; i < to; ++i) {
      table.squared_distances(points.col(i).data(), squared);
      labels[static_cast<std::size_t>(i)] = nearest(squared).index;
    }
  });
  return labels;
}

Partition random_start_kmeans(const WeightedPoints& points, Index k, std::int64_t runs, const Stream& random,
                              std::vector<double>* all) {
  if (k < 1 || k > points.size()) throw InvalidInput("k-means: {} clusters of {} points", k, points.size());
  const auto words_of_run = static_cast<std::uint64_t>(k + 16);
  std::vector<Partition> found = parallel_map(runs, [&](std::int64_t run) {
    Stream own = random.at_block(static_cast<std::uint64_t>(run) * words_of_run);
    return kmeans(points, random_centres(points, k, own));
  });
  std::size_t best = 0;
  for (std::size_t r = 0; r < found.size(); ++r) {
    if (all != nullptr) all->push_back(found[r].total_sse());
    if (found[r].total_sse() < found[best].total_sse()) best = r;
  }
  return std::move(found[best]);
}

}  // namespace lehr::cluster
