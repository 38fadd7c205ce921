#include "lehr/diffusion/search/rank_predictor.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lehr/linalg/dense.hpp"
#include "lehr/stats/distributions.hpp"

namespace lehr::diffusion {
namespace {

constexpr double ridge = 0.1, deviations = 2;

Eigen::VectorXd normal_scores(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  Eigen::VectorXd scores(static_cast<Eigen::Index>(values.size()));
  for (std::size_t rank = 0; rank < order.size(); ++rank)
    scores[static_cast<Eigen::Index>(order[rank])] =
        stats::normal_quantile((static_cast<double>(rank) + 0.5) / static_cast<double>(order.size()));
  return scores;
}

}  // namespace

RankPredictor::RankPredictor(Eigen::MatrixXd features, std::span<const double> values)
    : features_(std::move(features)) {
  const Eigen::Index n = features_.cols();
  Eigen::MatrixXd squared(n, n);
  std::vector<double> distances;
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j <= i; ++j) {
      squared(i, j) = squared(j, i) = (features_.col(i) - features_.col(j)).squaredNorm();
      if (i != j) distances.push_back(squared(i, j));
    }
  const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
  std::nth_element(distances.begin(), middle, distances.end());
  scale_ = -1 / std::max(0.5 * *middle, 1e-12);
  Eigen::MatrixXd kernel = (scale_ * squared.array()).exp();
  kernel.diagonal().array() += ridge;
  inverse_ = linalg::inverse(kernel);
  weights_ = inverse_ * normal_scores(values);
}

double RankPredictor::score(const Eigen::VectorXd& features) const {
  const Eigen::VectorXd squared = (features_.colwise() - features).colwise().squaredNorm();
  const Eigen::VectorXd kernel = (scale_ * squared.array()).exp();
  return weights_.dot(kernel) - deviations * std::sqrt(std::max(0.0, 1 - kernel.dot(inverse_ * kernel)));
}

double kendall_tau(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const double x = a[i] - a[j], y = b[i] - b[j];
      sum += x * y > 0 ? 1 : x * y < 0 ? -1 : 0;
    }
  const auto n = static_cast<double>(a.size());
  return sum / (n * (n - 1) / 2);
}

}  // namespace lehr::diffusion
