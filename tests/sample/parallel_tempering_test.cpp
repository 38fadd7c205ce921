#include "lehr/sample/parallel_tempering.hpp"

#include <gtest/gtest.h>

#include "lehr/core/drive.hpp"
#include "lehr/sample/hmc.hpp"
#include "lehr/sample/random_walk.hpp"
#include "lehr/stats/stable_functions.hpp"
#include "tests/core/reproducible.hpp"

namespace lehr::sample {
namespace {

// 0.3 N(-8, I) + 0.7 N(8, I / 4) in two dimensions: no chain at beta = 1 ever crosses.
LogDensity two_modes() {
  LogDensity target{.dimension = 2, .value = {}, .with_gradient = {}};
  target.with_gradient = [](const Eigen::VectorXd& x, Eigen::VectorXd& gradient) {
    const Eigen::VectorXd left = x.array() + 8, right = x.array() - 8;
    const double a = std::log(0.3) - 0.5 * left.squaredNorm(),
                 b = std::log(0.7 * 4) - 2 * right.squaredNorm();
    const double total = stats::log_add_exp(a, b);
    gradient = -std::exp(a - total) * left - 4 * std::exp(b - total) * right;
    return total;
  };
  target.value = [value = target.with_gradient](const Eigen::VectorXd& x) {
    Eigen::VectorXd gradient(2);
    return value(x, gradient);
  };
  return target;
}

const McmcOptions tempering_chains{.chains = 4, .warm_up = 500, .iterations = 4000};
const LadderOptions ladder_of_eight{.temperatures = 8, .hottest = 0.005, .sweeps = 4};

template <class Kernel>
void expect_both_modes(Kernel kernel) {
  const ParallelTempering method(two_modes(), kernel, Eigen::VectorXd::Constant(2, 8.0), tempering_chains,
                                 ladder_of_eight);
  const auto run = drive(method, Budget::steps(method.steps()), Seed{1});
  const Draws draws = method.draws(run.state);
  std::vector<double> left;
  for (const double x : draws.coordinate(0)) left.push_back(x < 0 ? 1 : 0);
  const DrawsSummary share = summarize_draws(left, draws.chains),
                     x = summarize_draws(draws.coordinate(0), draws.chains);
  EXPECT_LT(share.mean_error, 0.05);
  EXPECT_LT(std::abs(share.mean - 0.3), 4 * share.mean_error);
  EXPECT_LT(std::abs(x.mean - 0.4 * 8), 4 * x.mean_error);
  EXPECT_GT(*run.last.find("swap_rate_min"), 0.1);
  EXPECT_GT(*run.last.find("round_trips"), 50);
}

TEST(DensityTempering, FindsTheWeightsOfModesThatNoChainCrosses) {
  expect_both_modes(RandomWalk(2));
  expect_both_modes(Hmc(5));
}

TEST(DensityTempering, IsReproducible) {
  const McmcOptions chains{.chains = 2, .warm_up = 24, .iterations = 20};
  const LadderOptions ladder{.temperatures = 4, .hottest = 0.02, .sweeps = 10};
  const Eigen::VectorXd start = Eigen::VectorXd::Constant(2, 8.0);
  test::expect_reproducible(ParallelTempering(two_modes(), Hmc(3), start, chains, ladder), 40, 9);
  test::expect_reproducible(ParallelTempering(two_modes(), RandomWalk(2), start, chains, ladder), 40, 30);
}

TEST(DensityTempering, LaddersAreGeometric) {
  EXPECT_EQ(geometric_ladder(3, 0.25), (std::vector<double>{0.25, 0.5, 1}));
  EXPECT_THROW(ParallelTempering(two_modes(), Hmc(3), Eigen::VectorXd::Zero(2), {}, {.temperatures = 1}),
               InvalidInput);
}

}  // namespace
}  // namespace lehr::sample
