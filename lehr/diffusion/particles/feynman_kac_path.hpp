// The path of targets that a Feynman-Kac corrector follows, node by node of its time grid:
//
//   p_k(x) ~ prod_i q_i(x, t_k)^beta_i(k) e^(kappa(k) r(x)),   B = sum_i beta_i,   S = sum_i beta_i grad log q_i
//
// Exponents are schedules of progress or of log rho (rho = s / a, the noise level of the variance exploding form). A ramp lets them rise
// from start values to the scheduled ones while rho falls between two levels.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lehr/core/options.hpp"
#include "lehr/diffusion/process.hpp"
#include "lehr/diffusion/score_model.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::diffusion {

// A trained model in the composition.
struct Expert {
  ScoreModel model;
  Schedule exponent = 1;
  // Of its clean data, as far as known (empty: 0): the Gaussian that the model is taken for at the highest noise level.
  Eigen::VectorXd mean = {};
  double variance = 0;  // of a coordinate
};

// r(x), n values, and its gradient, n x d, of the batch x (n x d). Called from several threads at once.
struct Reward {
  std::function<void(const Lanes& x, Eigen::ArrayXd& value, Lanes& gradient)> evaluate = {};
  Schedule strength = 1;  // kappa
};

struct RampOptions {
  std::vector<double> levels = {};  // rho where it starts and where it ends
  std::vector<double> start =
      {};          // exponents before it; empty: beta_i / B, or 0, .., 0, 1 where sum beta_i = 1
  double ess = 0;  // above 0: a controller, see feynman_kac_corrector.hpp

  void describe(OptionTable& table);
};

struct PathOptions {
  Schedule zeta = 1;
  std::string clock =
      "log_sigma";  // what exponents, strength and zeta are schedules of: log_sigma or progress
  RampOptions ramp;

  void describe(OptionTable& table);
};

struct PathNode {
  double t = 0, log_a = 0, s = 0, rho = 0;
  double position = 0;  // on the clock, in [0, 1]
  double ramp = 1;      // share of the way from the start exponents to the scheduled ones
  double zeta = 1, strength = 0;
  std::vector<double> scheduled, exponents;  // without and with the ramp
};

struct CorrectorPath {
  std::vector<PathNode> nodes;
  std::vector<double> start;  // exponents before the ramp
  bool varies = false;        // an exponent changes from node to node
  bool unit_zeta = true;      // zeta = 1 at every node
};

// `times` fall. Throws InvalidInput where zeta is below 0, or a ramp or its start does not fit.
CorrectorPath corrector_path(const Process& process, const std::vector<double>& times,
                             const std::vector<Expert>& experts, const Reward& reward,
                             const PathOptions& options);

// N(mean, variance I) ~ prod_i N(a m_i, a^2 v_i + s^2)^beta_i: where particles start.
struct StartLaw {
  Eigen::VectorXd mean;
  double variance = 1;
};
// Throws InvalidInput, naming the exponents, where the product has no finite integral.
StartLaw start_law(const PathNode& node, const std::vector<Expert>& experts);
// log N(x; mean, variance I).
double log_gaussian(const Eigen::Ref<const Eigen::RowVectorXd>& x, const Eigen::VectorXd& mean,
                    double variance);
// What the model is taken for at this node.
StartLaw gaussian_of(const PathNode& node, const Expert& expert);

// How wide particles spread before weighting, over the target's width, where data are narrow against the noise:
// zeta^2 B / ((1 + zeta^2) B - 1). Far below 1 the weights of finitely many particles cannot repair it.
double relative_spread(double zeta, double exponent_sum);

}  // namespace lehr::diffusion
