// K-means on weighted points: Lloyd's iteration from given centres, and from random ones.
//
//   label_i = argmin_c |x_i - m_c|^2 (the lower index where two are equal),   m_c = sum of w_i x_i / sum of w_i over the
//   points with label c,   repeated until no label changes
//
// minimises SSE = sum_i w_i |x_i - m_label_i|^2 to a fixed point (S. Lloyd, 1982). `Lloyd::bounded` skips distances by one
// lower and one upper bound a point (G. Hamerly, "Making k-means even faster", 2010) and gives the same labels and centres
// bit for bit: it skips only what the bounds exclude with room for rounding, and sums in the same order. A centre that
// loses all its points stays where it is. Cost O(n k d) per sweep, less with bounds; sums have a fixed order, so results
// do not depend on threads.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::cluster {

using Eigen::Index;
using stats::WeightedPoints;

enum class Lloyd { plain, bounded };

struct Partition {
  std::vector<int> labels;  // n
  Eigen::MatrixXd centres;  // d x k
  Eigen::VectorXd masses;   // k: summed weights
  Eigen::VectorXd sse;      // k: of each cell, scatter left out
  std::int64_t sweeps = 0;
  std::int64_t distances = 0;  // point-centre distances computed by the sweeps

  Index cells() const { return centres.cols(); }
  double total_sse() const { return sse.sum(); }
};

struct KMeansOptions {
  Lloyd algorithm = Lloyd::bounded;
  std::int64_t sweeps = 1000;  // at most
};

// Lloyd's iteration from the centres (d x k). Throws InvalidInput where they do not fit the points.
Partition kmeans(const WeightedPoints& points, const Eigen::MatrixXd& centres,
                 const KMeansOptions& options = {});

// The partition that labels say: centres, masses, SSE. An empty cell's centre is the points' mean.
Partition partition_of(const WeightedPoints& points, std::vector<int> labels, Index cells);

// The nearest centre of each point, by the same arithmetic as `kmeans`; parallel.
std::vector<int> nearest_centres(const Eigen::MatrixXd& points, const Eigen::MatrixXd& centres);

// The best (lowest SSE, the first of equal ones) of `runs` runs, each from k different points drawn at random. Run r of a
// stream does not depend on the other runs. `all` receives each run's SSE where it is given.
Partition random_start_kmeans(const WeightedPoints& points, Index k, std::int64_t runs, const Stream& random,
                              std::vector<double>* all = nullptr);

}  // namespace lehr::cluster
