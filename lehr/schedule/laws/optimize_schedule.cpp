#include "lehr/schedule/laws/optimize_schedule.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/parallel.hpp"
#include "lehr/optimize/lbfgs.hpp"
#include "lehr/schedule/laws/advice.hpp"
#include "lehr/schedule/laws/design_families.hpp"

namespace lehr::laws {
namespace {

using Eigen::VectorXd;

constexpr std::size_t most_laws = 16;      // of the draws that a robust design averages
constexpr int most_multiplier_rounds = 8;  // of the augmented Lagrangian for a fixed area
constexpr double area_tolerance = 1e-6;    // relative

void check(const DesignOptions& o) {
  if (o.warmup < 0 || o.steps < 2 || o.warmup >= o.steps - 1)
    throw InvalidInput(
        "schedule design: {} steps with {} of warm-up, expected at least 2 steps after the warm-up", o.steps,
        o.warmup);
  if (o.steps > longest_run)
    throw InvalidInput("schedule design: {} steps, at most {} are allowed", o.steps, longest_run);
  if (!(o.peak > 0) || !std::isfinite(o.peak))
    throw InvalidInput("schedule design: the peak is {}, expected a number above 0", o.peak);
  if (!(o.floor >= 0 && o.floor < o.peak))
    throw InvalidInput("schedule design: the floor is {}, expected a number in [0, {})", o.floor, o.peak);
  if (o.knots < 2 || o.iterations < 1)
    throw InvalidInput("schedule design: {} knots and {} iterations, expected at least 2 and 1", o.knots,
                       o.iterations);
  if (!o.area) return;
  const double span = static_cast<double>(o.steps - o.warmup),
               ramp = 0.5 * o.peak * static_cast<double>(std::max<std::int64_t>(o.warmup - 1, 0));
  if (!(*o.area > ramp + o.floor * span && *o.area <= ramp + o.peak * span))
    throw InvalidInput("schedule design: the area is {}, schedules between floor and peak have {} to {}",
                       *o.area, ramp + o.floor * span, ramp + o.peak * span);
}

// The mean predicted final loss over the laws, and its gradient with respect to every rate.
double mean_loss(std::span<const Law> laws, const Plan& plan, std::vector<double>& gradient) {
  if (laws.size() == 1) return final_loss(laws.front(), plan, gradient);
  struct Part {
    double loss;
    std::vector<double> gradient;
  };
  const auto parts = parallel_map(static_cast<std::int64_t>(laws.size()), [&](std::int64_t i) {
    Part part;
    part.loss = final_loss(laws[static_cast<std::size_t>(i)], plan, part.gradient);
    return part;
  });
  gradient.assign(plan.rates.size(), 0.0);
  double total = 0;
  const double share = 1 / static_cast<double>(parts.size());
  for (const Part& part : parts) {
    total += share * part.loss;
    for (std::size_t k = 0; k < gradient.size(); ++k) gradient[k] += share * part.gradient[k];
  }
  return total;
}

double mean_loss(std::span<const Law> laws, const Plan& plan) {
  double total = 0;
  for (const Law& law : laws) total += final_loss(law, plan);
  return total / static_cast<double>(laws.size());
}

double area_of(const Plan& plan) {
  double sum = 0;
  for (const double rate : plan.rates) sum += rate;
  return sum;
}

struct Found {
  VectorXd parameters;
  double loss;
  std::vector<DesignStep> trace;
  optimize::StopReason reason;
};

// Minimises the loss over a family; a fixed area is kept by an augmented Lagrangian.
Found minimise(const Family& family, std::span<const Law> laws, const DesignOptions& options, VectorXd start,
               int iterations) {
  Found found{std::move(start), 0, {}, optimize::StopReason::iterations};
  double multiplier = 0, penalty = 10;
  std::vector<double> slopes;
  const optimize::Objective objective = [&](const VectorXd& p, VectorXd& gradient) {
    const Plan plan = family.plan(p);
    double value = mean_loss(laws, plan, slopes);
    if (options.area) {
      const double off = area_of(plan) / *options.area - 1;
      value += (multiplier + 0.5 * penalty * off) * off;
      for (double& slope : slopes) slope += (multiplier + penalty * off) / *options.area;
    }
    gradient = family.pull_back(p, slopes);
    return value;
  };
  double off = 1;
  for (int round = 0; round < (options.area ? most_multiplier_rounds : 1); ++round) {
    const auto result = optimize::lbfgs(
        objective, found.parameters, family.box,
        {.memory = 15, .iterations = iterations, .gradient_tolerance = 1e-8, .decrease_tolerance = 3e-9},
        [&](const optimize::LbfgsStep& step) {
          found.trace.push_back(
              {static_cast<std::int64_t>(found.trace.size()) + 1, step.value, step.gradient_norm});
        });
    found.parameters = result.point;
    found.reason = result.reason;
    if (!options.area) break;
    const double before = std::abs(off);
    off = area_of(family.plan(found.parameters)) / *options.area - 1;
    if (std::abs(off) < area_tolerance) break;
    multiplier += penalty * off;
    if (std::abs(off) > 0.25 * before) penalty *= 10;
  }
  found.loss = mean_loss(laws, family.plan(found.parameters));
  return found;
}

// `value` with `digits` significant digits, so that the text form stays short and exact.
double rounded(double value, int digits) { return std::stod(fmt::format("{:.{}g}", value, digits)); }

PowerCooldown best_cooldown(std::span<const Law> laws, const DesignOptions& options) {
  const Family family = cooldown_family(options);
  VectorXd best;
  double least = std::numeric_limits<double>::infinity();
  for (const double start : {0.3, 0.6, 0.8, 0.9})
    for (const double power : {1.0, 2.0})
      for (const double to : {0.01, 0.1}) {
        const VectorXd p = VectorXd{{start, power, std::log(to)}}.cwiseMax(family.box.lower);
        const Plan plan = family.plan(p);
        const double off = options.area ? area_of(plan) / *options.area - 1 : 0;
        const double loss = mean_loss(laws, plan) + 10 * off * off;
        if (loss < least) least = loss, best = p;
      }
  const VectorXd p = minimise(family, laws, options, best, 60).parameters;
  return {rounded(p[0], 5), rounded(p[1], 4),
          std::max(rounded(options.peak * std::exp(p[2]), 3), options.floor)};
}

// The plan that stays at the peak and drops to the floor so that its area is `area`: one rate in between.
Plan drop_with_area(const DesignOptions& options, double area) {
  Plan plan = constant_plan(options);
  double excess = area_of(plan) - area;
  for (auto rate = plan.rates.rbegin(); excess > 0 && rate != plan.rates.rend(); ++rate) {
    const double cut = std::min(excess, *rate - options.floor);
    *rate -= cut;
    excess -= cut;
  }
  return plan;
}

// Laws of the annealing kind have an exact optimum: a single drop.
void use_single_drop(const Law& law, const DesignOptions& options, Design& design) {
  AnnealingLaw annealing;
  if (const auto* plain = std::get_if<AnnealingLaw>(&law))
    annealing = *plain;
  else if (const auto* sized = std::get_if<ModelSizeLaw>(&law))
    annealing = sized->at(options.model_size);
  else
    return;
  Plan plan =
      options.area
          ? drop_with_area(options, *options.area)
          : best_single_drop(annealing, options.steps, options.warmup, options.peak, options.floor).plan;
  plan.model_size = options.model_size;
  const double loss = annealing.final_loss(plan);
  if (loss <= design.loss) {
    design.plan = std::move(plan);
    design.loss = loss;
    design.stopped = "the closed form is exact";
  }
  design.notes.emplace_back(
      "Under the annealing law a single drop to the floor is optimal. That is an artefact of the law; use "
      "multi_power to "
      "design schedules.");
}

}  // namespace

void DesignOptions::describe(OptionTable& table) {
  table.add("steps", steps, "length of the run").unit("steps").at_least(2);
  table.add("warmup", warmup, "linear rise from 0 to the peak").unit("steps").at_least(0);
  table.add("peak", peak, "largest learning rate").above(0);
  table.add("floor", floor, "smallest learning rate allowed").at_least(0);
  table.add("area", area, "fixed sum of the learning rates of all steps").above(0);
  table.add("knots", knots, "free values of the schedule").range(2, 1e5);
  table.add("stairs", stairs, "hold the rate between knots instead of joining them by lines");
  table.add("iterations", iterations, "limit of the optimiser").at_least(1);
  table.add("model_size", model_size, "number of model parameters, for the model-size law").at_least(0);
}

Design optimize_schedule(std::span<const Law> laws, const DesignOptions& options) {
  check(options);
  if (laws.empty()) throw InvalidInput("schedule design: no laws are given, at least one is needed");
  std::vector<Law> used;
  const std::size_t count = std::min(laws.size(), most_laws);
  for (std::size_t i = 0; i < count; ++i) used.push_back(laws[i * laws.size() / count]);

  Design design;
  const PowerCooldown cooldown = best_cooldown(used, options);
  design.text = cooldown_text(options, cooldown);
  design.text_plan = cooldown_plan(options, cooldown);
  design.text_loss = mean_loss(used, design.text_plan);

  const KnotFamily knots(options);
  Found found =
      minimise(knots.family(), used, options, knots.parameters_of(design.text_plan), options.iterations);
  design.plan = knots.plan(found.parameters);
  design.plan.model_size = options.model_size;
  design.loss = found.loss;
  design.trace = std::move(found.trace);
  design.stopped = optimize::describe(found.reason);
  if (design.text_loss < design.loss && !options.area) {
    design.plan = design.text_plan;
    design.loss = design.text_loss;
  }
  if (used.size() == 1) use_single_drop(used.front(), options, design);
  return design;
}

Design optimize_schedule(const Law& law, const DesignOptions& options) {
  return optimize_schedule(std::span<const Law>(&law, 1), options);
}

}  // namespace lehr::laws
