#include "lehr/linalg/linear_assignment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "lehr/core/errors.hpp"
#include "lehr/core/random.hpp"

namespace lehr::linalg {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

double total(const MatrixXd& cost, const std::vector<Index>& columns) {
  double sum = 0;
  for (Index i = 0; i < cost.rows(); ++i) sum += cost(i, columns[static_cast<std::size_t>(i)]);
  return sum;
}

double best_of_all(const MatrixXd& cost) {
  std::vector<Index> columns(static_cast<std::size_t>(cost.rows()));
  std::iota(columns.begin(), columns.end(), 0);
  double best = total(cost, columns);
  while (std::next_permutation(columns.begin(), columns.end())) best = std::min(best, total(cost, columns));
  return best;
}

TEST(LinearAssignment, IsTheBestOfAllPermutations) {
  Stream random(Seed{3}, lane("costs"));
  for (Index n = 1; n <= 7; ++n)
    for (int trial = 0; trial < 20; ++trial) {
      MatrixXd cost(n, n);
      // Half of the trials have many equal costs, and some are negative.
      for (double& c : cost.reshaped()) c = trial % 2 == 0 ? normal(random) : std::floor(4 * uniform(random));
      const std::vector<Index> columns = linear_assignment(cost);
      EXPECT_EQ(std::set<Index>(columns.begin(), columns.end()).size(), static_cast<std::size_t>(n));
      EXPECT_NEAR(total(cost, columns), best_of_all(cost), 1e-12) << n << ", " << trial;
    }
}

// On the line the best pairing for squared distances is the sorted one.
TEST(LinearAssignment, SortsOnTheLine) {
  constexpr Index n = 150;
  Stream random(Seed{5}, lane("line"));
  std::vector<double> x(n), y(n);
  for (Index i = 0; i < n; ++i)
    x[static_cast<std::size_t>(i)] = normal(random), y[static_cast<std::size_t>(i)] = 3 + 2 * normal(random);
  MatrixXd cost(n, n);
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < n; ++j)
      cost(i, j) = std::pow(x[static_cast<std::size_t>(i)] - y[static_cast<std::size_t>(j)], 2);
  const double found = total(cost, linear_assignment(cost));
  std::ranges::sort(x), std::ranges::sort(y);
  double sorted = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sorted += (x[i] - y[i]) * (x[i] - y[i]);
  EXPECT_NEAR(found, sorted, 1e-9 * sorted);
}

TEST(LinearAssignment, RefusesWhatIsNoSquareOfNumbers) {
  EXPECT_THROW(linear_assignment(MatrixXd::Zero(2, 3)), InvalidInput);
  EXPECT_THROW(linear_assignment(MatrixXd::Constant(2, 2, std::nan(""))), InvalidInput);
  EXPECT_TRUE(linear_assignment(MatrixXd(0, 0)).empty());
}

}  // namespace
}  // namespace lehr::linalg
