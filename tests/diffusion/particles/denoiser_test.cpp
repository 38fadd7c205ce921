// Denoising from a level of each point's own.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "tests/diffusion/particles/chain_cases.hpp"
#include "tests/diffusion/wide3.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using test::ChainCase;

TEST(Denoiser, ColumnsEqualRunsOfTheirOwn) {
  const ChainCase c;
  const std::vector<double> grid = geometric_sigma_grid(0.01, 20, 60);
  std::vector<double> sigmas;
  MatrixXd x = c.truth(40, 8);
  for (Index i = 0; i < 40; ++i) {
    sigmas.push_back(grid[static_cast<std::size_t>((i * 37) % 60)]);
    Stream random(Seed{4}, 1, static_cast<std::uint64_t>(i));
    for (double& value : x.col(i)) value += sigmas.back() * normal(random);
  }
  const Denoiser denoiser(c.model, c.process, {});
  const Denoised all = denoiser.run(x, sigmas, Seed{1});
  double largest = 0;
  for (Index i = 0; i < 40; ++i) {
    const Plan plan = karras_plan(
        c.process,
        TimeGrid::parse("rho(7)").times(c.process.between(0.01, sigmas[static_cast<std::size_t>(i)]), 3),
        true);
    const MatrixXd one = follow(plan, c.model, c.process, x.col(i));
    largest = std::max(largest, (one - all.points.col(i)).cwiseAbs().maxCoeff());
  }
  EXPECT_LE(largest, 1e-12);
  EXPECT_EQ(all.calls, 40 * 7);
}

// Order 2 in 1 / N from three levels at once, on the three modes of wide3.
TEST(Denoiser, KarrasConvergesToOrderTwo) {
  const ChainCase c(test::wide3_mixture());
  const std::vector<double> from = {0.5, 2, 20};
  std::vector<double> sigmas;
  MatrixXd x = c.truth(300, 8);
  for (Index i = 0; i < 300; ++i) {
    sigmas.push_back(from[static_cast<std::size_t>(i % 3)]);
    Stream random(Seed{4}, 1, static_cast<std::uint64_t>(i));
    for (double& value : x.col(i)) value += sigmas.back() * normal(random);
  }
  const auto ends = [&](std::int64_t steps) {
    return Denoiser(c.model, c.process, {.integrator = "kar1", .calls = 2 * steps + 1})
        .run(x, sigmas, Seed{1})
        .points;
  };
  const MatrixXd reference = ends(4000);
  const auto error = [&](std::int64_t steps) {
    return std::sqrt((ends(steps) - reference).colwise().squaredNorm().mean());
  };
  EXPECT_GE(std::log2(error(80) / error(160)), 1.7);
  // The tolerance of ode45 is met where Karras' fine solve ends, which took 20 times as many calls.
  const Denoised adaptive = Denoiser(c.model, c.process, {.integrator = "ode45"}).run(x, sigmas, Seed{1});
  EXPECT_LT(std::sqrt((adaptive.points - reference).colwise().squaredNorm().mean()), 1e-3);
  EXPECT_LT(adaptive.calls, 300 * 400);
}

// One standard normal coordinate: all integrators with many calls give its law. 4000 points: error of a deviation 0.011.
TEST(Denoiser, AllIntegratorsGiveTheLaw) {
  const ChainCase c(mixture_from_json(
      parse_json(R"json({"weights":[1],"means":[[0.5]],"variances":[1]})json", "one"), "one"));
  for (const std::string& name : denoising_integrators()) {
    const MatrixXd x = c.from_noise(name, calls_at_least(name, 150), 4000);
    const double mean = x.mean(), deviation = std::sqrt((x.array() - mean).square().mean());
    EXPECT_NEAR(mean, 0.5, 0.06) << name;
    EXPECT_NEAR(deviation, 1, name == "langevin_pc" ? 0.1 : 0.06) << name;
  }
}

TEST(Denoiser, Errors) {
  const ChainCase c;
  EXPECT_THROW(Denoiser(c.model, c.process, {.integrator = "kar3"}), InvalidInput);
  EXPECT_THROW(Denoiser(c.model, c.process, {.calls = 6}), InvalidInput);
  EXPECT_THROW(Denoiser(c.model, Process::vp_linear(), {}), InvalidInput);
}

// A variance-preserving model in sigma coordinates is the variance-exploding one: noise and log density.
TEST(Denoiser, ConvertedModelsAreTheSame) {
  const ChainCase c;
  const ScoreModel converted =
      in_sigma_coordinates(mixture_score(c.mixture, Process::vp_linear()), Process::vp_linear());
  const Lanes x = c.truth(16, 3).transpose().array() + 0.2;
  for (const double sigma : {0.02, 0.5, 10.0}) {
    Lanes a(16, 16), b(16, 16);
    Eigen::ArrayXd p(16), q(16);
    c.model.density_at(sigma)(x, a, p);
    converted.density_at(sigma)(x, b, q);
    EXPECT_LT((a - b).abs().maxCoeff(), 1e-9);
    EXPECT_LT((p - q).abs().maxCoeff(), 1e-7);
  }
}

}  // namespace
}  // namespace lehr::diffusion
