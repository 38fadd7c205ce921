#include "lehr/cluster/scores.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::cluster {
namespace {

using Eigen::MatrixXd;

const std::vector<int> a = {0, 0, 1, 1, 2, 2, 0, 1, 2, 2};

TEST(Scores, AdjustedRandIndex) {
  const std::vector<int> b = {1, 1, 0, 0, 2, 2, 1, 2, 2, 0}, renamed = {2, 2, 0, 0, 1, 1, 2, 0, 1, 1};
  EXPECT_NEAR(adjusted_rand_index(a, b), 0.4318181818181818, 1e-15);  // sklearn.metrics.adjusted_rand_score
  EXPECT_EQ(adjusted_rand_index(a, a), 1);
  EXPECT_EQ(adjusted_rand_index(a, renamed), 1);
  EXPECT_NEAR(adjusted_rand_index(a, std::vector<int>(10, 0)), 0, 1e-15);
  EXPECT_EQ(adjusted_rand_index(std::vector<int>(10, 0), std::vector<int>(10, 3)), 1);
  EXPECT_EQ(contingency(a, b)(2, 2), 3);
  EXPECT_THROW(adjusted_rand_index(a, std::vector<int>(9, 0)), InvalidInput);
  EXPECT_THROW(adjusted_rand_index(std::vector<int>{}, std::vector<int>{}), InvalidInput);
}

TEST(Scores, SimplifiedSilhouette) {
  MatrixXd points(1, 3), centres(1, 2);
  points << 0, 1, 5;
  centres << 0, 4;
  const Eigen::VectorXd values = simplified_silhouette(points, centres, std::vector<int>{0, 0, 1});
  EXPECT_DOUBLE_EQ(values[0], 1);
  EXPECT_DOUBLE_EQ(values[1], 2.0 / 3);
  EXPECT_DOUBLE_EQ(values[2], 0.8);
}

TEST(Scores, AgreementAndClarity) {
  Eigen::VectorXd weights = Eigen::VectorXd::Ones(10);
  weights[0] = 11;
  std::vector<int> b = a;
  b[0] = 2;
  EXPECT_DOUBLE_EQ(agreement(a, b), 0.9);
  EXPECT_DOUBLE_EQ(agreement(a, b, weights), 9.0 / 20);
  EXPECT_DOUBLE_EQ(posterior_clarity(MatrixXd::Constant(4, 5, 0.25)), 0);
  EXPECT_DOUBLE_EQ(posterior_clarity(MatrixXd::Identity(3, 3)), 1);
  EXPECT_EQ(posterior_clarity(MatrixXd::Ones(1, 3)), 0);
}

}  // namespace
}  // namespace lehr::cluster
