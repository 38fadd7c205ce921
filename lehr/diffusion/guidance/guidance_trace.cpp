#include "lehr/diffusion/guidance/guidance_trace.hpp"

namespace lehr::diffusion {

void GuidanceTrace::add(const GuidanceStep& s) {
  columns_.conservativeResize(GuidanceStep::numbers, columns_.cols() + 1);
  columns_.rightCols(1) << s.time, s.temperature, s.candidates, s.mean_value, s.best_value, s.spread, s.ess,
      s.revealed, s.infeasible, s.reward_calls, s.model_calls;
}

GuidanceStep GuidanceTrace::step(Eigen::Index i) const {
  const auto c = columns_.col(i);
  return {c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10]};
}

const std::vector<std::string>& GuidanceTrace::names() {
  static const std::vector<std::string> names = {"t",          "temperature",  "candidates", "mean_value",
                                                 "best_value", "spread",       "ess",        "revealed",
                                                 "infeasible", "reward_calls", "nfe"};
  return names;
}

void GuidanceTrace::measure(Row& row) const {
  if (columns_.cols() == 0) return;
  for (std::size_t i = 0; i < names().size(); ++i)
    row.add(names()[i], columns_(static_cast<Eigen::Index>(i), columns_.cols() - 1));
}

}  // namespace lehr::diffusion
