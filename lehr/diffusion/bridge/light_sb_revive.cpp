#include "lehr/diffusion/bridge/light_sb.hpp"

#include <algorithm>
#include <cmath>

namespace lehr::diffusion {

using Eigen::VectorXd;

// A component whose share of the target is below 1/100 of the mean goes to a point of the target, with a weight that gives it a
// fair share of v there but at most half of c anywhere.
void LightSb::revive_unused(State& state, const Moment& now) const {
  const LightBridge current = bridge_of(layout_, state.parameters, state.epsilon);
  const BridgePlan plan(current);
  const double fair = 1 / static_cast<double>(layout_.components);
  const VectorXd use = plan.responsibilities(x_validation_).colwise().mean().transpose();
  const VectorXd log_c = plan.log_c(x_validation_);
  Stream random = now.random(lane("diffusion.bridge.revive"));
  for (Index k = 0; k < use.size(); ++k) {
    if (use[k] > 0.01 * fair) continue;
    const VectorXd centre = y_.col(uniform_index(random, y_.cols()));
    const double spread = default_spread(state.epsilon), d = static_cast<double>(layout_.dimension);
    const VectorXd exponents = (spread * x_validation_.colwise().squaredNorm().transpose() +
                                2 * x_validation_.transpose() * centre) /
                               (2 * state.epsilon);
    const double by_v =
        plan.log_v(centre)[0] + std::log(fair) + 0.5 * d * std::log(2 * M_PI * state.epsilon * spread);
    layout_.weights(state.parameters)[k] =
        state.epsilon * std::min(by_v, (log_c - exponents).minCoeff() - std::log(2.0));
    layout_.centres(state.parameters).col(k) = centre;
    auto numbers = layout_.spread(state.parameters).col(k);
    numbers.setZero();
    if (layout_.shape == stats::CovarianceShape::full)
      for (Index j = 0; j < layout_.dimension; ++j)
        numbers[j * (layout_.dimension + 1)] = 0.5 * std::log(spread);
    else
      numbers.setConstant(std::log(spread));
    for (VectorXd* average : {&state.first, &state.second}) {
      layout_.weights(*average)[k] = 0;
      layout_.centres(*average).col(k).setZero(), layout_.spread(*average).col(k).setZero();
    }
    ++state.revived;
  }
}

}  // namespace lehr::diffusion
