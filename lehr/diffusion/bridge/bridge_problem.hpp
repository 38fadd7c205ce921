// Pairs of point clouds to try bridges on, made from a seed.
//
//   mixture        x ~ N(0, I); a known light bridge with `components` Gaussians, r_k ~ N(0, (4.8^2 / d) I), S_k diagonal and uniform in
//                  [0.5, 1], equal weights; y is drawn from it (starting at other x): the pair's exact bridge is known
//   gaussian       x ~ N(0, I), y ~ N(m, diag(b^2)), m and b uniform in [-2, 2] and [0.5, 2]; exact by gaussian_sb
//   gaussian_pair  x ~ N(0, a^2 I), y ~ N(0, diag(b_1^2, b_2^2, b_1^2, ...)), a = 1, b = (2, 0.7)
//   swiss_roll     x ~ N(0, I) on the plane, y a roll: t = 1.5 pi (1 + 2 u), (t cos t, t sin t) + 0.8 normal, all / 7.5
//   roll_to_normal the same, the other way round
//   moons, ring    x ~ N(0, I), y two half circles, or eight small clouds on a circle
#pragma once

#include <optional>
#include <string>

#include "lehr/core/options.hpp"
#include "lehr/diffusion/bridge/light_bridge.hpp"

namespace lehr::diffusion {

struct BridgeProblemOptions {
  std::string family = "mixture";
  std::int64_t dimension = 2, points = 10000, components = 5;
  double epsilon = 1;

  void describe(OptionTable& table);
};

struct BridgeProblem {
  Eigen::MatrixXd from, to;  // d x points
  std::optional<LightBridge> truth = {};
};

BridgeProblem make_bridge_problem(const BridgeProblemOptions& options, Seed seed);

}  // namespace lehr::diffusion
