// Gibbs sampling: every coordinate (or block) is drawn from its conditional distribution given the others, in order.
// Source: Geman and Geman, 1984; Gelfand and Smith, 1990.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/sample/log_density.hpp"
#include "lehr/sample/metric.hpp"

namespace lehr::sample {

class Gibbs {
 public:
  static constexpr bool needs_gradient = false;
  // Draws one block of x anew, given the rest of x.
  using Update = std::function<void(Eigen::VectorXd& x, Stream& random)>;

  explicit Gibbs(std::vector<Update> updates) : updates_(std::move(updates)) {}
  double target_acceptance() const { return 0; }  // no step

  Transition transition(const LogDensity& target, ChainPoint& point, const Metric&, double,
                        Stream& random) const {
    for (const Update& update : updates_) update(point.x, random);
    point.log_density = target.value(point.x);
    return {.acceptance = 1, .evaluations = 1};
  }

 private:
  std::vector<Update> updates_;
};

}  // namespace lehr::sample
