#include "lehr/schedule/laws/advice.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lehr/schedule/laws/fit_problem.hpp"
#include "lehr/schedule/laws/spread.hpp"

namespace lehr::laws {
namespace {

constexpr double level = 0.95;

double fast_final_loss(const Law& law, const Plan& plan) {
  const std::int64_t last = plan.steps() - 1;
  return predict_fast(law, plan, {&last, 1})[0];
}

// The learning-rate area that two plans have in common, divided by the area of either: sum of the smaller
// rates over sum of the larger ones. 1 for equal plans.
double common_share(const Plan& first, const Plan& second) {
  double common = 0, either = 0;
  for (std::size_t i = 0; i < std::max(first.rates.size(), second.rates.size()); ++i) {
    const double a = i < first.rates.size() ? first.rates[i] : 0,
                 b = i < second.rates.size() ? second.rates[i] : 0;
    common += std::min(a, b);
    either += std::max(a, b);
  }
  return either > 0 ? common / either : 1;
}

// A linear cooldown over the last `share` of the span after the warm-up.
Plan linear_cooldown(const DesignOptions& options, double share, double to) {
  return cooldown_plan(options, {.start = 1 - share, .power = 1, .to = to});
}

// The value with the lowest loss in a scan, and the range of values around it that are not distinguishable
// from it.
BestValue best_of_scan(const Fit& fit, std::vector<double> values,
                       const std::function<Plan(double)>& plan_of) {
  BestValue best;
  best.values = std::move(values);
  for (const double value : best.values) best.losses.push_back(fast_final_loss(fit.law, plan_of(value)));
  const auto least = std::min_element(best.losses.begin(), best.losses.end());
  const std::size_t at = static_cast<std::size_t>(least - best.losses.begin());
  best.value = best.values[at];
  best.loss = *least;
  const Plan winner = plan_of(best.value);
  const auto alike = [&](std::size_t i) {
    return !compare(fit, plan_of(best.values[i]), winner).distinguishable;
  };
  std::size_t first = at, last = at;
  while (first > 0 && alike(first - 1)) --first;
  while (last + 1 < best.values.size() && alike(last + 1)) ++last;
  best.low = best.values[first];
  best.high = best.values[last];
  return best;
}

// The scan's minimum, refined between its neighbours by golden-section search.
double refine(const std::function<double(double)>& loss, double low, double high) {
  const double ratio = (std::sqrt(5.0) - 1) / 2;
  double a = high - ratio * (high - low), b = low + ratio * (high - low), at_a = loss(a), at_b = loss(b);
  for (int i = 0; i < 30; ++i) {
    if (at_a < at_b) {
      high = b, b = a, at_b = at_a;
      at_a = loss(a = high - ratio * (high - low));
    } else {
      low = a, a = b, at_a = at_b;
      at_b = loss(b = low + ratio * (high - low));
    }
  }
  return 0.5 * (low + high);
}

BestValue best_value(const Fit& fit, std::vector<double> values, const std::function<Plan(double)>& plan_of) {
  BestValue best = best_of_scan(fit, std::move(values), plan_of);
  const std::size_t at = static_cast<std::size_t>(
      std::find(best.values.begin(), best.values.end(), best.value) - best.values.begin());
  const double low = best.values[at > 0 ? at - 1 : 0],
               high = best.values[std::min(at + 1, best.values.size() - 1)];
  const double refined = refine([&](double v) { return fast_final_loss(fit.law, plan_of(v)); }, low, high);
  const double loss = fast_final_loss(fit.law, plan_of(refined));
  if (loss < best.loss) best.value = refined, best.loss = loss;
  return best;
}

}  // namespace

Comparison compare(const Fit& fit, const Plan& first, const Plan& second) {
  Comparison result;
  result.first = fast_final_loss(fit.law, first);
  result.second = fast_final_loss(fit.law, second);
  result.difference = result.first - result.second;
  const Eigen::VectorXd variance = parameter_variance(fit, [&](const Law& law) -> Eigen::VectorXd {
    return Eigen::VectorXd::Constant(1, fast_final_loss(law, first) - fast_final_loss(law, second));
  });
  const double off = fit.errors.discrepancy;
  const double discrepancy = (1 - common_share(first, second)) * off * off *
                             (result.first * result.first + result.second * result.second);
  const double reach = half_width(fit.errors, variance[0], discrepancy, level);
  result.low = result.difference - reach;
  result.high = result.difference + reach;
  result.distinguishable = result.low > 0 || result.high < 0;
  return result;
}

Plan constant_plan(const DesignOptions& options) {
  return cooldown_plan(options, {.start = 1, .to = options.peak});
}

Plan cosine_plan(const DesignOptions& options, double to) {
  Plan plan = constant_plan(options);
  const double span = static_cast<double>(options.steps - options.warmup);
  for (std::int64_t i = options.warmup; i < options.steps; ++i) {
    const double x = static_cast<double>(i - options.warmup) / span;
    plan.rates[static_cast<std::size_t>(i)] =
        to + (options.peak - to) * (1 + std::cos(std::numbers::pi * x)) / 2;
  }
  return plan;
}

Comparison wsd_against_cosine(const Fit& fit, const DesignOptions& options, double to, double cooldown) {
  return compare(fit, linear_cooldown(options, cooldown, to), cosine_plan(options, to));
}

BestValue best_cooldown_share(const Fit& fit, const DesignOptions& options, double to) {
  std::vector<double> shares;
  for (int i = 1; i <= 40; ++i) shares.push_back(i / 40.0);
  return best_value(fit, std::move(shares),
                    [&](double share) { return linear_cooldown(options, share, to); });
}

BestValue best_final_rate(const Fit& fit, const DesignOptions& options, double cooldown) {
  const double lowest = std::max(options.floor / options.peak, 1e-4);
  std::vector<double> rates;
  for (int i = 0; i <= 24; ++i) rates.push_back(options.peak * std::pow(lowest, 1 - i / 24.0));
  return best_value(fit, std::move(rates), [&](double to) {
    return cooldown > 0 ? linear_cooldown(options, cooldown, to) : cosine_plan(options, to);
  });
}

std::int64_t cosine_crossover(const Fit& fit, const DesignOptions& options, double to) {
  const Plan cosine = cosine_plan(options, to), constant = constant_plan(options);
  const std::vector<std::int64_t> steps = report_steps(cosine, 2000);
  const Eigen::VectorXd advantage =
      predict_fast(fit.law, constant, steps) - predict_fast(fit.law, cosine, steps);
  std::size_t row = steps.size();
  while (row > 0 && advantage[static_cast<Eigen::Index>(row - 1)] > 0) --row;
  return row == steps.size() ? -1 : steps[row];
}

Plan rewarmed_plan(const Plan& finished, const Rewarm& rewarm) {
  if (finished.rates.empty() || rewarm.rewarm < 0 || rewarm.steps < 1)
    throw InvalidInput(
        "re-warm-up: {} finished, {} rising and {} decaying steps, expected at least 1, 0 and 1",
        finished.rates.size(), rewarm.rewarm, rewarm.steps);
  Plan plan = finished;
  const double from = finished.rates.back();
  for (std::int64_t i = 1; i <= rewarm.rewarm; ++i)
    plan.rates.push_back(from +
                         (rewarm.peak - from) * static_cast<double>(i) / static_cast<double>(rewarm.rewarm));
  for (std::int64_t i = 0; i < rewarm.steps; ++i) {
    const double x = static_cast<double>(i) / static_cast<double>(rewarm.steps);
    plan.rates.push_back(rewarm.to + (rewarm.peak - rewarm.to) * (1 + std::cos(std::numbers::pi * x)) / 2);
  }
  return plan;
}

RewarmForecast rewarm_forecast(const Fit& fit, const Plan& finished, const Rewarm& rewarm) {
  RewarmForecast forecast{rewarmed_plan(finished, rewarm), 0, 0, 0};
  std::vector<std::int64_t> steps;
  const std::int64_t first = finished.steps() - 1, last = forecast.plan.steps() - 1;
  const std::int64_t stride = std::max<std::int64_t>((last - first) / 1000, 1);
  for (std::int64_t step = first; step < last; step += stride) steps.push_back(step);
  steps.push_back(last);
  const Eigen::VectorXd losses = predict_fast(fit.law, forecast.plan, steps);
  forecast.before = losses[0];
  forecast.bump = losses.maxCoeff() - losses[0];
  forecast.after = losses[losses.size() - 1];
  return forecast;
}

DecayForecast decay_now(const Fit& fit, const Plan& running, std::int64_t now, std::int64_t cooldown,
                        double to) {
  if (now < 1 || now > running.steps() || cooldown < 1)
    throw InvalidInput(
        "decay now: step {} of {} with a cooldown of {} steps, expected a step from 1 to {} and at least 1",
        now, running.steps(), cooldown, running.steps());
  Plan plan = running;
  plan.rates.resize(static_cast<std::size_t>(now));
  plan.warmup = std::min(plan.warmup, now);
  const double from = plan.rates.back();
  for (std::int64_t i = 1; i <= cooldown; ++i)
    plan.rates.push_back(from + (to - from) * static_cast<double>(i) / static_cast<double>(cooldown));
  const Band band = predict_band(fit, plan, {plan.steps() - 1}, level);
  return {now, plan.steps() - 1, band.loss[0], band.low[0], band.high[0]};
}

}  // namespace lehr::laws
