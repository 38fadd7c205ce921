#include "lehr/diffusion/search/step_plan.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/deis.hpp"
#include "lehr/diffusion/single_step.hpp"

namespace lehr::diffusion {

double step_time(const Process& process, std::int64_t index, std::int64_t total) {
  if (process.discrete()) return static_cast<double>(index);
  return process.end() * static_cast<double>(index + 1) / static_cast<double>(total);
}

const std::vector<std::string>& step_rules() {
  static const std::vector<std::string> names = {"leading", "trailing", "linspace", "quadratic"};
  return names;
}

std::vector<std::int64_t> rule_steps(std::string_view rule, std::int64_t steps, std::int64_t total) {
  if (steps < 1 || steps > total) throw InvalidInput("step search: {} steps of {} times", steps, total);
  const auto n = static_cast<double>(total), k = static_cast<double>(steps);
  std::vector<std::int64_t> list;
  for (std::int64_t i = 0; i < steps; ++i) {
    const auto x = static_cast<double>(i), share = steps > 1 ? x / (k - 1) : 0;
    double t = 0;
    if (rule == "leading")
      t = std::floor(x * n / k);
    else if (rule == "trailing")
      t = n - 1 - std::floor(x * n / k);
    else if (rule == "linspace")
      t = std::round(share * (n - 1));
    else if (rule == "quadratic")
      t = std::round(share * share * 0.8 * n);
    else
      throw InvalidInput("step search: unknown rule {}{}", quote(rule), hint(rule, step_rules()));
    list.push_back(std::clamp<std::int64_t>(static_cast<std::int64_t>(t), 0, total - 1));
  }
  std::ranges::sort(list, std::greater<>());
  // Rounding may make two equal; the lower moves down, or the others up.
  for (std::size_t i = 1; i < list.size(); ++i) list[i] = std::min(list[i], list[i - 1] - 1);
  for (std::size_t i = list.size(); i-- > 0;)
    list[i] = std::max(list[i], static_cast<std::int64_t>(list.size() - 1 - i));
  return list;
}

Plan step_plan(const Process& process, const Subset& subset, std::int64_t total,
               const StepPlanOptions& options) {
  std::vector<double> times;
  for (const std::int64_t index : subset.times) times.push_back(step_time(process, index, total));
  Plan plan;
  if (times.size() == 1) {
    plan.nodes.push_back({.t = times.front()});
  } else if (options.sampler == "ddpm") {
    plan = ancestral_plan(process, times, true);
  } else if (options.sampler == "ddim" || options.sampler == "deis_tab") {
    plan = deis_plan(process, times, {.order = options.sampler == "ddim" ? 0 : options.order});
  } else {
    throw InvalidInput("step search: sampler {} is not ddim, ddpm or deis_tab", quote(options.sampler));
  }
  plan.clip = options.clip;
  plan.nodes.back().evaluated = true;
  // The clean state that the last evaluation predicts.
  const double t = times.back(), a = process.a(t);
  const int last = static_cast<int>(plan.nodes.size()) - 1;
  plan.nodes.push_back({.t = process.discrete() ? 0 : process.t0(),
                        .states = {{last, 1 / a}},
                        .noises = {{last, -process.s(t) / a}},
                        .evaluated = false,
                        .step = static_cast<int>(times.size())});
  for (std::size_t i = 0; i < subset.skips.size(); ++i)
    for (int b = 0; b < 32; ++b)
      if ((subset.skips[i] >> b & 1u) != 0) plan.nodes[i].skipped.push_back(b);
  return plan;
}

}  // namespace lehr::diffusion
