#include "lehr/sample/pooled_density.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::sample {

void PooledDensity::add(Index leading, double count, double mixing) {
  const auto found = std::ranges::find(leading_, leading);
  if (found == leading_.end()) {
    leading_.push_back(leading);
    optimal_.push_back((1 - mixing) * count);
  } else {
    optimal_[static_cast<std::size_t>(found - leading_.begin())] += (1 - mixing) * count;
  }
  reference_ += mixing * count;
  count_ += count;
}

Eigen::VectorXd PooledDensity::weights(const Eigen::MatrixXd& features) const {
  Eigen::VectorXd mass = Eigen::VectorXd::Constant(features.cols(), reference_);
  for (std::size_t t = 0; t < leading_.size(); ++t)
    mass += optimal_[t] / static_cast<double>(leading_[t]) *
            features.topRows(leading_[t]).colwise().squaredNorm().transpose();
  for (Index i = 0; i < mass.size(); ++i)
    if (!(mass(i) > 0) || !std::isfinite(mass(i)))
      throw NumericalFailure("design: the density of the pool is {} at point {}, where it must be positive",
                             mass(i) / count_, i + 1);
  return count_ * mass.cwiseInverse();
}

}  // namespace lehr::sample
