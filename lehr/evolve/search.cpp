#include "lehr/evolve/search.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lehr/core/errors.hpp"

namespace lehr::evolve {

void Best::update(const Eigen::Ref<const Eigen::MatrixXd>& points, std::span<const double> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i]) || values[i] >= value) continue;
    value = values[i];
    point = points.col(static_cast<Eigen::Index>(i));
  }
}

void SearchState::record(const Eigen::Ref<const Eigen::MatrixXd>& points, std::span<const double> values) {
  best.update(points, values);
  evaluations += points.cols();
  ++generation;
}

void SearchState::measure(Row& row) const {
  if (std::isfinite(best.value)) row.add("best", best.value);
}

std::vector<Eigen::Index> ranking(std::span<const double> values) {
  std::vector<Eigen::Index> order(values.size());
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  const auto cost = [&](Eigen::Index i) {
    const double value = values[static_cast<std::size_t>(i)];
    return std::isfinite(value) ? value : std::numeric_limits<double>::infinity();
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](Eigen::Index a, Eigen::Index b) { return cost(a) < cost(b); });
  return order;
}

void check_told(const char* who, const Eigen::MatrixXd& asked, const Eigen::Ref<const Eigen::MatrixXd>& told,
                std::span<const double> values) {
  if (told.rows() != asked.rows() || told.cols() != asked.cols())
    throw InvalidInput("{}: told {} x {} points, asked {} x {}", who, told.rows(), told.cols(), asked.rows(),
                       asked.cols());
  if (static_cast<Eigen::Index>(values.size()) != asked.cols())
    throw InvalidInput("{}: told {} values for {} points", who, values.size(), asked.cols());
  for (Eigen::Index i = 0; i < asked.cols(); ++i) {
    const double tolerance = 1e-12 * (1 + asked.col(i).cwiseAbs().maxCoeff());
    if (!((told.col(i) - asked.col(i)).cwiseAbs().maxCoeff() <= tolerance))
      throw InvalidInput("{}: told point {} is not the one that was asked", who, i + 1);
  }
}

}  // namespace lehr::evolve
