// Which points a fit of a bridge takes: those to fit and those to validate on, and where its centres start.
#pragma once

#include <Eigen/Core>
#include <string_view>

#include "lehr/core/random.hpp"

namespace lehr::diffusion {

struct SplitCloud {
  Eigen::MatrixXd fit, validation;
};
// hold_out 0: all points are fitted, and the validation points are a fixed half of them; else that share, which is not fitted. At most
// 4096 points validate. The same in every run; `side` names the stream.
SplitCloud split_cloud(Eigen::MatrixXd points, double hold_out, std::string_view side);

// At most `most` of the points, any, the same in every run.
Eigen::MatrixXd some_of(const Eigen::MatrixXd& points, Eigen::Index most, std::string_view side);

// k-means++ (D. Arthur and S. Vassilvitskii, 2007): each next centre is a point drawn by its squared distance to the nearest one.
Eigen::MatrixXd spread_out_centres(const Eigen::MatrixXd& points, Eigen::Index count, Stream random);
// Different points, any.
Eigen::MatrixXd random_centres(const Eigen::MatrixXd& points, Eigen::Index count, Stream random);

}  // namespace lehr::diffusion
