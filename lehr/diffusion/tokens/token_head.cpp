#include "lehr/diffusion/tokens/token_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/call_text.hpp"
#include "lehr/diffusion/deis.hpp"
#include "lehr/diffusion/single_step.hpp"
#include "lehr/diffusion/solver_schedule.hpp"
#include "lehr/diffusion/tokens/step_counts.hpp"

namespace lehr::diffusion {
namespace {

constexpr int table_size = 1000, first_plan_index = 1, last_plan_index = 980;

std::vector<double> make_alpha_bar() {
  const auto squared_cosine = [](double t) {
    const double c = std::cos((t / table_size + 0.008) / 1.008 * std::numbers::pi / 2);
    return c * c;
  };
  std::vector<double> table;
  double product = 1;
  for (int t = 0; t < table_size; ++t) {
    product *= 1 - std::min(1 - squared_cosine(t + 1) / squared_cosine(t), 0.999);
    table.push_back(product);
  }
  return table;
}

TokenHead table_head(const CallText& call, std::int64_t n, double temperature) {
  const Process process = Process::vp_table(cosine_alpha_bar()).between(first_plan_index, last_plan_index);
  const std::vector<double> times = TimeGrid::parse("power_t(1)").times(process, n);
  if (call.name == "ddim") return plan_head(ddim_plan(process, times), process, temperature);
  if (call.name == "deis") {
    const double order = call.number("order", 0, default_order(n));
    if (order != std::floor(order) || order < 0 || order > 3)
      throw InvalidInput("head: deis has the orders 0 to 3, found {:g}", order);
    return plan_head(deis_plan(process, times, {.order = static_cast<int>(order)}), process, temperature);
  }
  const std::string preset = call.name == "dpmpp" ? "dpm_solver_pp_2m" : call.name;
  return plan_head(usf_plan(process, preset_schedule(preset_named(preset), times)), process, temperature);
}

std::vector<PlanTerm> terms_of(const std::map<int, double>& factors) {
  std::vector<PlanTerm> terms;
  for (const auto& [node, factor] : factors)
    if (factor != 0) terms.push_back({node, factor});
  return terms;
}

}  // namespace

std::int64_t TokenHead::evaluations() const {
  return std::ranges::count_if(nodes, [](const HeadNode& node) { return node.evaluated; });
}

int TokenHead::memory() const {
  int reach = 1;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (const PlanTerm& term : nodes[i].states) reach = std::max(reach, static_cast<int>(i) - term.node);
    for (const PlanTerm& term : nodes[i].cleans) reach = std::max(reach, static_cast<int>(i) - term.node);
  }
  return reach;
}

const std::vector<double>& cosine_alpha_bar() {
  static const std::vector<double> table = make_alpha_bar();
  return table;
}

std::vector<int> respaced_indices(std::int64_t n) {
  if (n < 1 || n > table_size)
    throw InvalidInput("steps: {} denoising steps, must be in [1, {}]", n, table_size);
  if (n == 1) return {table_size - 1};
  std::vector<int> indices;
  for (std::int64_t i = 0; i < n; ++i)
    indices.push_back(static_cast<int>(
        std::nearbyint(static_cast<double>(i * (table_size - 1)) / static_cast<double>(n - 1))));
  return indices;
}

TokenHead ddpm_head(std::int64_t n, double temperature) {
  const std::vector<int> indices = respaced_indices(n);
  const std::vector<double>& table = cosine_alpha_bar();
  TokenHead head;
  for (std::size_t k = indices.size(); k-- > 0;) {
    const double level = table[static_cast<std::size_t>(indices[k])],
                 next = k > 0 ? table[static_cast<std::size_t>(indices[k - 1])] : 1;
    const double beta = 1 - level / next;
    if (head.nodes.empty()) head.nodes.emplace_back();
    HeadNode& here = head.nodes.back();
    here.a = std::sqrt(level), here.s = std::sqrt(1 - level);
    const int index = static_cast<int>(head.nodes.size()) - 1;
    HeadNode then;
    then.cleans = {{index, std::sqrt(next) * beta / (1 - level)}};
    if (k > 0) {
      then.states = {{index, std::sqrt(1 - beta) * (1 - next) / (1 - level)}};
      then.gaussian = temperature * std::sqrt(beta * (1 - next) / (1 - level));
    }
    head.nodes.push_back(then);
  }
  head.nodes.back().evaluated = false;
  return head;
}

TokenHead flow_head(std::int64_t n, double temperature) {
  TokenHead head;
  head.start_deviation = temperature;
  for (std::int64_t i = 0; i <= n; ++i) {
    const double t = static_cast<double>(n - i) / static_cast<double>(n);
    HeadNode node{.a = 1 - t, .s = t, .evaluated = i < n};
    if (i > 0) {
      const double share = 1 / static_cast<double>(n - i + 1);  // dt / t
      node.cleans = {{static_cast<int>(i) - 1, share}};
      if (i < n) node.states = {{static_cast<int>(i) - 1, 1 - share}};
    }
    head.nodes.push_back(node);
  }
  return head;
}

// eps_j = (x_j - a_j x0hat_j) / s_j turns a term in a noise into one in a state and one in a clean state.
TokenHead plan_head(const Plan& plan, const Process& process, double temperature) {
  check_plan(plan);
  TokenHead head;
  head.start_deviation = temperature * process.prior_deviation();
  for (const PlanNode& node : plan.nodes) {
    std::map<int, double> states, cleans;
    for (const PlanTerm& term : node.states) states[term.node] += term.factor;
    for (const PlanTerm& term : node.noises) {
      const double t = plan.nodes[static_cast<std::size_t>(term.node)].t, s = process.s(t);
      states[term.node] += term.factor / s;
      cleans[term.node] -= term.factor * process.a(t) / s;
    }
    head.nodes.push_back({process.a(node.t), process.s(node.t), terms_of(states), terms_of(cleans),
                          temperature * node.gaussian, node.evaluated});
  }
  return head;
}

TokenHead token_head(std::string_view text, std::int64_t n, double temperature) {
  if (!(temperature >= 0 && std::isfinite(temperature)))
    throw InvalidInput("temperature: must be at least 0, found {:g}", temperature);
  if (n < 1 || n > most_denoising_steps)
    throw InvalidInput("steps: {} denoising steps, must be in [1, {}]", n, most_denoising_steps);
  const CallText call = CallText::parse(text, "head");
  if (!call.arguments.empty() && call.name != "deis")
    throw InvalidInput("head: '{}' takes no arguments", call.name);
  if (call.name == "ddpm") return ddpm_head(n, temperature);
  if (call.name == "flow") return flow_head(n, temperature);
  const auto& presets = preset_names();
  if (call.name == "ddim" || call.name == "deis" || call.name == "dpmpp" ||
      std::ranges::find(presets, call.name) != presets.end())
    return table_head(call, n, temperature);
  throw InvalidInput("head: unknown '{}'; there are ddpm, flow, ddim, deis(order=3), dpmpp and {}", call.name,
                     fmt::join(presets, ", "));
}

}  // namespace lehr::diffusion
