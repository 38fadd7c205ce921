// How solvers write their plans.
#pragma once

#include <cmath>
#include <utility>
#include <vector>

#include "lehr/diffusion/plan.hpp"

namespace lehr::diffusion {

// a_to / a_from, and the factor of the noise in DDIM's step: s_to - (a_to / a_from) s_from.
inline double state_factor(const Process& process, double from, double to) {
  return std::exp(process.log_a(to) - process.log_a(from));
}
inline double ddim_noise_factor(const Process& process, double from, double to) {
  return process.s(to) - state_factor(process, from, to) * process.s(from);
}

class PlanBuilder {
 public:
  explicit PlanBuilder(double start) { plan_.nodes.push_back({.t = start}); }
  // Returns the node's number.
  int add(PlanNode node) {
    plan_.nodes.push_back(std::move(node));
    return static_cast<int>(plan_.nodes.size()) - 1;
  }
  void skip_evaluation(int number) { plan_.nodes[static_cast<std::size_t>(number)].evaluated = false; }
  const PlanNode& node(int number) const { return plan_.nodes[static_cast<std::size_t>(number)]; }
  // The last node is the answer.
  Plan finish() {
    plan_.nodes.back().evaluated = false;
    return std::move(plan_);
  }

 private:
  Plan plan_;
};

}  // namespace lehr::diffusion
