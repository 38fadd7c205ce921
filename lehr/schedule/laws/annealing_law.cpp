#include "lehr/schedule/laws/annealing_law.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::laws {
namespace {

void check_drop(std::int64_t length, std::int64_t warmup, double peak, double floor) {
  if (warmup < 0 || warmup >= length)
    throw InvalidInput("best single drop: the warm-up has {} steps, allowed are 0 to {}", warmup, length - 1);
  if (!(peak > 0) || !(floor >= 0) || !(floor < peak))
    throw InvalidInput("best single drop: the floor is {} and the peak {}, expected 0 <= floor < peak", floor,
                       peak);
}

// The plan that ramps up, stays at the peak and spends the last `drop` steps at the floor.
Plan drop_plan(std::int64_t length, std::int64_t warmup, double peak, double floor, std::int64_t drop) {
  Plan plan{std::vector<double>(static_cast<std::size_t>(length), peak), warmup};
  for (std::int64_t i = 0; i < warmup; ++i)
    plan.rates[static_cast<std::size_t>(i)] = peak * static_cast<double>(i) / static_cast<double>(warmup);
  std::fill(plan.rates.end() - drop, plan.rates.end(), floor);
  return plan;
}

}  // namespace

WarmupArea warmup_area(std::string_view name) {
  static const std::array<std::string, 2> known{"ramp", "peak"};
  if (name == known[0]) return WarmupArea::ramp;
  if (name == known[1]) return WarmupArea::peak;
  throw InvalidInput("unknown warm-up area {}{}", quote(name), hint(name, known));
}

Areas areas(const Plan& plan, double lambda, WarmupArea warmup) {
  const std::size_t n = plan.rates.size(), ramp = static_cast<std::size_t>(plan.warmup);
  const double peak = plan.peak();
  Areas areas{std::vector<double>(n), std::vector<double>(n)};
  double forward = 0, momentum = 0, annealing = 0;
  for (std::size_t i = 0; i < n; ++i) {
    forward += i < ramp && warmup == WarmupArea::peak ? peak : plan.rates[i];
    if (i > ramp) {
      momentum = lambda * momentum + (plan.rates[i - 1] - plan.rates[i]);
      annealing += momentum;
    }
    areas.forward[i] = forward;
    areas.annealing[i] = annealing;
  }
  return areas;
}

std::vector<double> AnnealingLaw::predict(const Plan& plan, std::span<const std::int64_t> steps) const {
  const Areas sums = areas(plan, lambda, warmup);
  std::vector<double> losses;
  losses.reserve(steps.size());
  for (const std::int64_t step : steps) {
    const std::size_t s = static_cast<std::size_t>(step);
    losses.push_back(L0 + A * std::pow(sums.forward[s], -alpha) - C * sums.annealing[s]);
  }
  return losses;
}

double AnnealingLaw::final_loss(const Plan& plan) const {
  const std::int64_t last = plan.steps() - 1;
  return predict(plan, {&last, 1}).front();
}

double AnnealingLaw::final_loss(const Plan& plan, std::vector<double>& gradient) const {
  const std::size_t n = plan.rates.size(), ramp = static_cast<std::size_t>(plan.warmup);
  const Areas sums = areas(plan, lambda, warmup);
  const double per_area = -A * alpha * std::pow(sums.forward.back(), -alpha - 1);
  gradient.assign(n, per_area);
  if (warmup == WarmupArea::peak && ramp > 0 && ramp < n) {
    std::fill(gradient.begin(), gradient.begin() + plan.warmup, 0.0);
    gradient[ramp] += static_cast<double>(ramp) * per_area;
  }
  // A drop at step i earns credit_i = 1 + lambda + ... + lambda^(n-1-i).
  double credit = 0;
  for (std::size_t i = n; i-- > ramp + 1;) {
    credit = 1 + lambda * credit;
    gradient[i - 1] -= C * credit;
    gradient[i] += C * credit;
  }
  return L0 + A * std::pow(sums.forward.back(), -alpha) - C * sums.annealing.back();
}

SingleDrop best_single_drop(const AnnealingLaw& law, std::int64_t length, std::int64_t warmup, double peak,
                            double floor) {
  check_drop(length, warmup, peak, floor);
  const double span = static_cast<double>(length - warmup);
  const double ramp_area = law.warmup == WarmupArea::peak
                               ? peak * static_cast<double>(warmup)
                               : peak * static_cast<double>(std::max<std::int64_t>(warmup - 1, 0)) / 2;
  const double decay = -std::log(law.lambda) / (1 - law.lambda);
  const auto area = [&](double n) { return ramp_area + peak * (span - n) + floor * n; };
  const auto slope = [&](double n) {  // of the loss in n, per (peak - floor)
    return law.A * law.alpha * std::pow(area(n), -law.alpha - 1) - law.C * std::pow(law.lambda, n) * decay;
  };
  double low = 0, high = span - 1;
  for (int i = 0; i < 200 && high - low > 1e-9; ++i) {
    const double middle = 0.5 * (low + high);
    (slope(middle) < 0 ? low : high) = middle;
  }
  SingleDrop best{0.5 * (low + high), 0, 0, {}};
  const auto loss = [&](std::int64_t drop) {
    return law.final_loss(drop_plan(length, warmup, peak, floor, drop));
  };
  const std::int64_t below = static_cast<std::int64_t>(best.steps_before_end);
  const std::int64_t above = std::min(below + 1, length - warmup - 1);
  best.drop_steps = loss(above) < loss(below) ? above : below;
  best.loss = loss(best.drop_steps);
  best.plan = drop_plan(length, warmup, peak, floor, best.drop_steps);
  return best;
}

}  // namespace lehr::laws
