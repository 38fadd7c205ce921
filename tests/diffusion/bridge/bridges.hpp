// Bridges and clouds for tests.
#pragma once

#include "lehr/core/random.hpp"
#include "lehr/diffusion/bridge/light_bridge.hpp"

namespace lehr::diffusion::test {

inline Eigen::MatrixXd normals(Eigen::Index d, Eigen::Index n, std::uint64_t seed) {
  Stream random(Seed{seed}, lane("test"));
  Eigen::MatrixXd points(d, n);
  for (double& value : points.reshaped()) value = normal(random);
  return points;
}

inline LightBridge random_bridge(stats::CovarianceShape shape, Eigen::Index d, Eigen::Index count,
                                 double epsilon, std::uint64_t seed) {
  LightBridge model{.shape = shape, .epsilon = epsilon};
  model.log_alpha = 0.5 * normals(count, 1, seed);
  model.r = 1.5 * normals(d, count, seed + 1000);
  if (shape == stats::CovarianceShape::full) {
    model.S.resize(d * d, count);
    for (Eigen::Index k = 0; k < count; ++k) {
      const Eigen::MatrixXd root = normals(d, d, seed + 2000 + static_cast<std::uint64_t>(k));
      const Eigen::MatrixXd spread =
          0.3 * root * root.transpose() / static_cast<double>(d) + 0.2 * Eigen::MatrixXd::Identity(d, d);
      model.S.col(k) = spread.reshaped();
    }
  } else {
    model.S = (0.5 * normals(d, count, seed + 3000)).array().exp();
  }
  return model;
}

}  // namespace lehr::diffusion::test
