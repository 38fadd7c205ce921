// Plans on a subset of the times of a discrete model: K evaluations, the last of which answers with the clean state it predicts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/diffusion/plan.hpp"
#include "lehr/diffusion/search/subset_evolution.hpp"

namespace lehr::diffusion {

// Time i of `total` on a continuous process: T (i + 1) / total; on a table i itself.
double step_time(const Process& process, std::int64_t index, std::int64_t total);
// The first K of K + 1 nodes: `leading` floor(i N / K), `trailing` N - 1 - floor(i N / K), `linspace` round(i (N - 1) / (K - 1)),
// `quadratic` round((i / (K - 1))^2 0.8 N). Falling. Throws InvalidInput for another rule or K > N.
std::vector<std::int64_t> rule_steps(std::string_view rule, std::int64_t steps, std::int64_t total);
const std::vector<std::string>& step_rules();

struct StepPlanOptions {
  std::string sampler = "ddim";  // ddim, ddpm, or deis_tab with this order
  int order = 2;
  std::optional<std::pair<double, double>> clip = {};
};
Plan step_plan(const Process& process, const Subset& subset, std::int64_t total,
               const StepPlanOptions& options);

}  // namespace lehr::diffusion
