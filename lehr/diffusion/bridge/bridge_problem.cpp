#include "lehr/diffusion/bridge/bridge_problem.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/bridge/bridge_draws.hpp"
#include "lehr/diffusion/bridge/gaussian_sb.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

MatrixXd normal_points(Index d, Index n, Seed seed, std::uint64_t lane) {
  Stream random(seed, lane);
  MatrixXd points(d, n);
  for (double& value : points.reshaped()) value = normal(random);
  return points;
}

MatrixXd roll(Index n, Seed seed) {
  Stream random(seed, lane("diffusion.bridge.roll"));
  MatrixXd points(2, n);
  for (Index i = 0; i < n; ++i) {
    const double t = 1.5 * M_PI * (1 + 2 * uniform(random));
    points(0, i) = (t * std::cos(t) + 0.8 * normal(random)) / 7.5;
    points(1, i) = (t * std::sin(t) + 0.8 * normal(random)) / 7.5;
  }
  return points;
}

MatrixXd moons(Index n, Seed seed) {
  Stream random(seed, lane("diffusion.bridge.moons"));
  MatrixXd points(2, n);
  for (Index i = 0; i < n; ++i) {
    const double angle = M_PI * uniform(random), side = i % 2 == 0 ? 1 : -1;
    points(0, i) = 2 * (std::cos(angle) * side + 0.5 * (1 - side) - 0.5) + 0.1 * normal(random);
    points(1, i) = 2 * side * (std::sin(angle) - 0.25) + 0.1 * normal(random);
  }
  return points;
}

MatrixXd ring(Index n, Seed seed) {
  Stream random(seed, lane("diffusion.bridge.ring"));
  MatrixXd points(2, n);
  for (Index i = 0; i < n; ++i) {
    const double angle = M_PI / 4 * static_cast<double>(uniform_index(random, 8));
    points(0, i) = 4 * std::cos(angle) + 0.3 * normal(random);
    points(1, i) = 4 * std::sin(angle) + 0.3 * normal(random);
  }
  return points;
}

LightBridge random_bridge(const BridgeProblemOptions& options, Seed seed) {
  const Index d = options.dimension, count = options.components;
  Stream random(seed, lane("diffusion.bridge.problem"));
  LightBridge model{.epsilon = options.epsilon, .log_alpha = VectorXd::Zero(count)};
  model.r.resize(d, count), model.S.resize(d, count);
  for (double& value : model.r.reshaped()) value = 4.8 / std::sqrt(static_cast<double>(d)) * normal(random);
  for (double& value : model.S.reshaped()) value = 0.5 + 0.5 * uniform(random);
  return model;
}

// N(0, I) to N(m, diag(b^2)).
BridgeProblem gaussian_problem(MatrixXd from, const VectorXd& mean, const VectorXd& deviation, double epsilon,
                               Seed seed) {
  const Index d = from.rows();
  BridgeProblem problem{.from = std::move(from), .to = {}};
  problem.to =
      deviation.asDiagonal() * normal_points(d, problem.from.cols(), seed, lane("diffusion.bridge.to"));
  problem.to.colwise() += mean;
  problem.truth = gaussian_sb({VectorXd::Zero(d), MatrixXd::Identity(d, d)},
                              {mean, deviation.cwiseAbs2().asDiagonal()}, epsilon);
  return problem;
}

}  // namespace

void BridgeProblemOptions::describe(OptionTable& table) {
  table.add("family", family, "which pair of clouds")
      .choices({"mixture", "gaussian", "gaussian_pair", "swiss_roll", "roll_to_normal", "moons", "ring"});
  table.add("dimension", dimension, "coordinates of mixture, gaussian and gaussian_pair").range(1, 2000);
  table.add("points", points, "points a side").range(2, 1e7);
  table.add("components", components, "mixture: Gaussians of the true potential").range(1, 1000);
  table.add("epsilon", epsilon, "mixture and the Gaussians: epsilon of the true bridge").above(0);
}

BridgeProblem make_bridge_problem(const BridgeProblemOptions& options, Seed seed) {
  const bool planar = options.family == "swiss_roll" || options.family == "roll_to_normal" ||
                      options.family == "moons" || options.family == "ring";
  const Index d = planar ? 2 : options.dimension, n = options.points;
  MatrixXd from = normal_points(d, n, seed, lane("diffusion.bridge.from"));
  if (options.family == "swiss_roll") return {std::move(from), roll(n, seed)};
  if (options.family == "roll_to_normal") return {roll(n, seed), std::move(from)};
  if (options.family == "moons") return {std::move(from), moons(n, seed)};
  if (options.family == "ring") return {std::move(from), ring(n, seed)};
  if (options.family == "mixture") {
    const LightBridge truth = random_bridge(options, seed);
    const MatrixXd others = normal_points(d, n, seed, lane("diffusion.bridge.others"));
    MatrixXd to = draw_endpoints(BridgePlan(truth), others, {seed.value ^ 0x9e3779b97f4a7c15});
    return {std::move(from), std::move(to), truth};
  }
  VectorXd mean = VectorXd::Zero(d), deviation(d);
  if (options.family == "gaussian_pair") {
    for (Index j = 0; j < d; ++j) deviation[j] = j % 2 == 0 ? 2 : 0.7;
    return gaussian_problem(std::move(from), mean, deviation, options.epsilon, seed);
  }
  Stream random(seed, lane("diffusion.bridge.gaussian"));
  for (Index j = 0; j < d; ++j) mean[j] = 4 * uniform(random) - 2, deviation[j] = 0.5 + 1.5 * uniform(random);
  return gaussian_problem(std::move(from), mean, deviation, options.epsilon, seed);
}

}  // namespace lehr::diffusion
