// In which coordinates the Frechet distance between samples is taken: those of a feature network, principal components, or the points'.
#pragma once

#include <Eigen/Core>
#include <string>

#include "lehr/core/task.hpp"
#include "lehr/diffusion/residual_network.hpp"

namespace lehr::command {

inline constexpr const char* features_help =
    "of the Frechet distance: a feature network's file, or pca(n), the n first principal components of the "
    "reference";

// Empty for an empty text. `reference`: d x m, used by pca(n). Throws InvalidInput.
diffusion::Features load_features(const std::string& text, const TaskContext& context,
                                  const Eigen::MatrixXd& reference);

}  // namespace lehr::command
