#include "lehr/diffusion/bridge/fit_points.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace lehr::diffusion {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index most_validation_points = 4096;

// A random order of n points that is the same in every run.
std::vector<Index> fixed_order(Index n, std::string_view side) {
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  Stream random(Seed{1}, lane(side));
  for (Index i = n - 1; i > 0; --i)
    std::swap(order[static_cast<std::size_t>(i)],
              order[static_cast<std::size_t>(uniform_index(random, i + 1))]);
  return order;
}

}  // namespace

SplitCloud split_cloud(MatrixXd points, double hold_out, std::string_view side) {
  const Index n = points.cols();
  const std::vector<Index> order = fixed_order(n, side);
  const bool held = hold_out > 0;
  Index first = held ? std::max<Index>(1, std::llround(hold_out * static_cast<double>(n))) : n / 2;
  first = std::clamp<Index>(first, 1, n - 1);
  const Index measured = std::min(first, most_validation_points);
  SplitCloud parts;
  parts.validation = points(Eigen::all, std::vector<Index>(order.begin(), order.begin() + measured));
  parts.fit = held ? MatrixXd(points(Eigen::all, std::vector<Index>(order.begin() + first, order.end())))
                   : std::move(points);
  return parts;
}

MatrixXd some_of(const MatrixXd& points, Index most, std::string_view side) {
  std::vector<Index> order = fixed_order(points.cols(), side);
  order.resize(static_cast<std::size_t>(std::min(points.cols(), most)));
  return points(Eigen::all, order);
}

MatrixXd spread_out_centres(const MatrixXd& points, Index count, Stream random) {
  MatrixXd centres(points.rows(), count);
  centres.col(0) = points.col(uniform_index(random, points.cols()));
  VectorXd distances = (points.colwise() - centres.col(0)).colwise().squaredNorm().transpose();
  for (Index k = 1; k < count; ++k) {
    double left = uniform(random) * distances.sum();
    Index chosen = 0;
    while (chosen + 1 < points.cols() && (left -= distances[chosen]) >= 0) ++chosen;
    centres.col(k) = points.col(chosen);
    distances = distances.cwiseMin((points.colwise() - centres.col(k)).colwise().squaredNorm().transpose());
  }
  return centres;
}

MatrixXd random_centres(const MatrixXd& points, Index count, Stream random) {
  std::vector<Index> order(static_cast<std::size_t>(points.cols()));
  std::iota(order.begin(), order.end(), Index{0});
  for (Index k = 0; k < count; ++k)
    std::swap(order[static_cast<std::size_t>(k)],
              order[static_cast<std::size_t>(k + uniform_index(random, points.cols() - k))]);
  order.resize(static_cast<std::size_t>(count));
  return points(Eigen::all, order);
}

}  // namespace lehr::diffusion
