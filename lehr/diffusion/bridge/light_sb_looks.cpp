// What is seen of a run while it goes on.
#include "lehr/diffusion/bridge/light_sb.hpp"

namespace lehr::diffusion {

using Eigen::VectorXd;

LightSbLook LightSb::look(const State& state) const {
  const BridgeLoss loss = bridge_loss(layout_, state.parameters, state.epsilon, x_validation_, y_validation_);
  const LightBridge current = bridge_of(layout_, state.parameters, state.epsilon);
  const VectorXd shares = alpha_shares(current.log_alpha);
  LightSbLook seen{.step = static_cast<double>(state.taken),
                   .epsilon = state.epsilon,
                   .learning_rate = state.learning_rate,
                   .loss = loss.value(),
                   .log_c = loss.log_c,
                   .gradient_norm = state.gradient_norm,
                   .least_share = shares.minCoeff(),
                   .largest_share = shares.maxCoeff(),
                   .effective_components = effective_components(current.log_alpha)};
  if (layout_.shape == stats::CovarianceShape::full) {  // the diagonals bound the eigenvalues from inside
    seen.least_spread = std::numeric_limits<double>::infinity();
    for (Index k = 0; k < layout_.components; ++k) {
      const VectorXd diagonal = current.spread(k).diagonal();
      seen.least_spread = std::min(seen.least_spread, diagonal.minCoeff());
      seen.largest_spread = std::max(seen.largest_spread, diagonal.maxCoeff());
    }
  } else {
    seen.least_spread = current.S.minCoeff(), seen.largest_spread = current.S.maxCoeff();
  }
  return seen;
}

void LightSb::measure(const State& state, Row& row) const {
  const LightSbLook seen = look(state);
  row.add("step", seen.step), row.add("lr", seen.learning_rate), row.add("loss", seen.loss);
  row.add("batch_loss", state.batch_loss), row.add("log_c", seen.log_c),
      row.add("grad_norm", seen.gradient_norm);
  row.add("grad_norm_1", state.gradient_norm_1), row.add("epsilon", seen.epsilon);
  row.add("alpha_min", seen.least_share), row.add("alpha_max", seen.largest_share);
  row.add("effective_components", seen.effective_components);
  row.add("S_min", seen.least_spread), row.add("S_max", seen.largest_spread);
}

std::vector<LightSbLook> LightSb::course(const State& state) const {
  std::vector<LightSbLook> seen;
  for (Index i = 0; i < state.course.cols(); ++i) {
    const auto c = state.course.col(i);
    seen.push_back({c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10]});
  }
  return seen;
}

}  // namespace lehr::diffusion
