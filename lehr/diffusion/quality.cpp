#include "lehr/diffusion/quality.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/linalg/dense.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index tile = 256;

void check(const char* what, const PointsRef& x, const PointsRef& y, Index least = 2) {
  if (x.rows() != y.rows())
    throw InvalidInput("{}: points have {} and {} coordinates", what, x.rows(), y.rows());
  if (x.cols() < least || y.cols() < least)
    throw InvalidInput("{}: samples have {} and {} points, at least {} are needed", what, x.cols(), y.cols(),
                       least);
}

// Sum of f(|x_i - y_j|^2) over all pairs, or over i < j where both are one sample. Tiles of points (n x d, so that a coordinate of
// many points is contiguous) keep the working set in the first cache.
template <class F>
double sum_over_pairs(const MatrixXd& x, const MatrixXd& y, bool same, F f) {
  const Index tiles = (x.rows() + tile - 1) / tile;
  return parallel_reduce(
      tiles, 1, 0.0,
      [&](std::int64_t from, std::int64_t to) {
        double sum = 0;
        Eigen::ArrayXd squared(tile);
        for (Index t = from; t < to; ++t) {
          const Index first = t * tile, count = std::min(tile, x.rows() - first);
          for (Index j = 0; j < y.rows(); ++j) {
            const Index length = same ? std::min(count, j - first) : count;
            if (length <= 0) continue;
            auto s = squared.head(length);
            s.setZero();
            for (Index k = 0; k < x.cols(); ++k)
              s += (x.col(k).segment(first, length).array() - y(j, k)).square();
            sum += f(s);
          }
        }
        return sum;
      },
      [](double a, double b) { return a + b; });
}

// The three means of f over pairs of different points: within x, within y, between.
struct PairMeans {
  double xx, yy, xy;
};
template <class F>
PairMeans pair_means(const PointsRef& x, const PointsRef& y, F f) {
  const MatrixXd a = x.transpose(), b = y.transpose();
  const auto n = static_cast<double>(x.cols()), m = static_cast<double>(y.cols());
  return {sum_over_pairs(a, a, true, f) / (n * (n - 1) / 2),
          sum_over_pairs(b, b, true, f) / (m * (m - 1) / 2), sum_over_pairs(a, b, false, f) / (n * m)};
}

}  // namespace

double energy_distance(const PointsRef& x, const PointsRef& y) {
  check("energy distance", x, y);
  const PairMeans mean = pair_means(x, y, [](const auto& squared) { return squared.sqrt().sum(); });
  return 2 * mean.xy - mean.xx - mean.yy;
}

double squared_mmd(const PointsRef& x, const PointsRef& y, double bandwidth) {
  check("MMD", x, y);
  if (bandwidth <= 0) {
    MatrixXd both(x.rows(), std::min<Index>(500, x.cols()) + std::min<Index>(500, y.cols()));
    both << x.leftCols(std::min<Index>(500, x.cols())), y.leftCols(std::min<Index>(500, y.cols()));
    std::vector<double> distances;
    for (Index i = 0; i < both.cols(); ++i)
      for (Index j = 0; j < i; ++j) distances.push_back((both.col(i) - both.col(j)).norm());
    const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
    std::nth_element(distances.begin(), middle, distances.end());
    bandwidth = *middle > 0 ? *middle : 1;
  }
  const double scale = -0.5 / (bandwidth * bandwidth);
  const PairMeans mean =
      pair_means(x, y, [scale](const auto& squared) { return (scale * squared).exp().sum(); });
  return mean.xx + mean.yy - 2 * mean.xy;
}

double wasserstein_1d(std::vector<double> x, std::vector<double> y) {
  std::ranges::sort(x);
  std::ranges::sort(y);
  const std::size_t n = x.size(), m = y.size();
  double sum = 0;
  if (n == m) {
    for (std::size_t i = 0; i < n; ++i) sum += (x[i] - y[i]) * (x[i] - y[i]);
    return std::sqrt(sum / static_cast<double>(n));
  }
  // Both quantile functions are steps: sum over the pieces of [0, 1] on which neither changes, in units of 1 / (n m).
  for (std::size_t i = 0, j = 0, at = 0; i < n && j < m;) {
    const std::size_t next = std::min((i + 1) * m, (j + 1) * n);
    sum += static_cast<double>(next - at) * (x[i] - y[j]) * (x[i] - y[j]);
    at = next;
    if (at == (i + 1) * m) ++i;
    if (at == (j + 1) * n) ++j;
  }
  return std::sqrt(sum / (static_cast<double>(n) * static_cast<double>(m)));
}

double sliced_wasserstein(const PointsRef& x, const PointsRef& y, std::int64_t projections, Seed seed) {
  check("sliced W2", x, y, 1);
  if (projections < 1) throw InvalidInput("sliced W2: {} projections", projections);
  const auto squares = parallel_map(projections, [&](std::int64_t p) {
    Stream random(seed, lane("quality.projection"), static_cast<std::uint64_t>(p));
    VectorXd direction(x.rows());
    do {
      for (double& value : direction) value = normal(random);
    } while (direction.squaredNorm() == 0);
    direction.normalize();
    const VectorXd a = x.transpose() * direction, b = y.transpose() * direction;
    const double distance = wasserstein_1d({a.begin(), a.end()}, {b.begin(), b.end()});
    return distance * distance;
  });
  double sum = 0;
  for (const double square : squares) sum += square;
  return std::sqrt(sum / static_cast<double>(projections));
}

Moments moments_of(const PointsRef& x) {
  if (x.cols() < 1) throw InvalidInput("moments: no points");
  Moments moments;
  moments.mean = x.rowwise().mean();
  const MatrixXd centred = x.colwise() - moments.mean;
  moments.covariance = centred * centred.transpose() / static_cast<double>(x.cols());
  return moments;
}

// tr (A B)^1/2 = sum of the roots of the eigenvalues of A^1/2 B A^1/2.
double frechet_distance(const Moments& a, const Moments& b, double ridge) {
  if (a.mean.size() != b.mean.size())
    throw InvalidInput("Frechet distance: features have {} and {} coordinates", a.mean.size(), b.mean.size());
  const MatrixXd identity = MatrixXd::Identity(a.mean.size(), a.mean.size());
  const MatrixXd ca = a.covariance + ridge * identity, cb = b.covariance + ridge * identity;
  const linalg::SymmetricEigen eigen = linalg::symmetric_eigen(ca);
  const MatrixXd root =
      eigen.vectors * eigen.values.cwiseMax(0).cwiseSqrt().asDiagonal() * eigen.vectors.transpose();
  const double cross = linalg::symmetric_eigenvalues(root * cb * root).cwiseMax(0).cwiseSqrt().sum();
  return (a.mean - b.mean).squaredNorm() + ca.trace() + cb.trace() - 2 * cross;
}

std::function<MatrixXd(const PointsRef&)> principal_features(const PointsRef& x, Index count) {
  if (count < 1 || count > x.rows())
    throw InvalidInput("principal components: {} of {} coordinates", count, x.rows());
  const Moments moments = moments_of(x);
  const linalg::SymmetricEigen eigen = linalg::symmetric_eigen(moments.covariance);  // values rise
  const MatrixXd axes = eigen.vectors.rightCols(count).transpose();
  return [axes, mean = moments.mean](const PointsRef& points) -> MatrixXd {
    if (points.rows() != mean.size())
      throw InvalidInput("principal components: of {} coordinates, the points have {}", mean.size(),
                         points.rows());
    return axes * (points.colwise() - mean);
  };
}

VectorXd nearest_mean_shares(const PointsRef& points, const PointsRef& means) {
  check("shares of modes", points, means, 1);
  VectorXd shares = VectorXd::Zero(means.cols());
  for (Index i = 0; i < points.cols(); ++i) {
    Index nearest = 0;
    (means.colwise() - points.col(i)).colwise().squaredNorm().minCoeff(&nearest);
    shares[nearest] += 1;
  }
  return shares / static_cast<double>(points.cols());
}

double total_variation(const VectorXd& p, const VectorXd& q) {
  if (p.size() != q.size()) throw InvalidInput("total variation: {} and {} classes", p.size(), q.size());
  return 0.5 * (p - q).cwiseAbs().sum();
}

}  // namespace lehr::diffusion
