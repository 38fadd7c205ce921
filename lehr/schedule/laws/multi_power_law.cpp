#include "lehr/schedule/laws/multi_power_law.hpp"

#include <cmath>

#include "lehr/core/parallel.hpp"

namespace lehr::laws {
namespace {

// Steps k at which the rate changes (in the part that counts), with the change and the law's argument
// eta_k^-gamma.
struct Gap {
  double drop;         // eta_{k-1} - eta_k
  double stretch;      // eta_k^-gamma
  double area_before;  // eta_0 + ... + eta_{k-1}
  std::int64_t step;
};

std::vector<double> cumulative(const std::vector<double>& rates) {
  std::vector<double> sums(rates.size());
  double sum = 0;
  for (std::size_t i = 0; i < rates.size(); ++i) sums[i] = sum += rates[i];
  return sums;
}

std::vector<Gap> gaps(const MultiPowerLaw& law, const Plan& plan, const std::vector<double>& area) {
  std::vector<Gap> gaps;
  const std::size_t first = law.legacy_warmup_gaps ? 1 : static_cast<std::size_t>(plan.warmup) + 1;
  for (std::size_t k = first; k < plan.rates.size(); ++k) {
    const double drop = plan.rates[k - 1] - plan.rates[k];
    if (drop != 0)
      gaps.push_back({drop, std::pow(plan.rates[k], -law.gamma), area[k - 1], static_cast<std::int64_t>(k)});
  }
  return gaps;
}

// (1 + C eta_k^-gamma S)^-beta; with S = 0 no annealing has happened yet, whatever the rate.
double remaining(const MultiPowerLaw& law, double stretch, double area) {
  return area > 0 ? std::pow(1 + law.C * stretch * area, -law.beta) : 1;
}

}  // namespace

std::vector<double> MultiPowerLaw::predict(const Plan& plan, std::span<const std::int64_t> steps) const {
  const std::vector<double> area = cumulative(plan.rates);
  const std::vector<Gap> drops = gaps(*this, plan, area);
  return parallel_map(static_cast<std::int64_t>(steps.size()), [&](std::int64_t row) {
    const std::int64_t step = steps[static_cast<std::size_t>(row)];
    const double forward = area[static_cast<std::size_t>(step)];
    double reduction = 0;
    for (const Gap& gap : drops) {
      if (gap.step > step) break;
      reduction += gap.drop * (1 - remaining(*this, gap.stretch, forward - gap.area_before));
    }
    return L0 + A * std::pow(forward, -alpha) - B * reduction;
  });
}

double MultiPowerLaw::final_loss(const Plan& plan) const {
  const std::int64_t last = plan.steps() - 1;
  return predict(plan, {&last, 1}).front();
}

double MultiPowerLaw::final_loss(const Plan& plan, std::vector<double>& gradient) const {
  const std::size_t n = plan.rates.size();
  const std::size_t first = legacy_warmup_gaps ? 1 : static_cast<std::size_t>(plan.warmup) + 1;
  double forward = 0;
  for (const double rate : plan.rates) forward += rate;
  gradient.assign(n, -A * alpha * std::pow(forward, -alpha - 1));

  // From the last step back: rest = S_k, the area from step k on, whose derivative reaches every later rate.
  double rest = 0, reduction = 0;
  std::vector<double> area_pull(n, 0.0);  // d(-B drop_k G_k) / d S_k
  for (std::size_t k = n; k-- > first;) {
    const double rate = plan.rates[k], drop = plan.rates[k - 1] - rate;
    rest += rate;
    const double stretch = std::pow(rate, -gamma), left = remaining(*this, stretch, rest);
    reduction += drop * (1 - left);
    gradient[k - 1] -= B * (1 - left);
    gradient[k] += B * (1 - left);
    if (!(rate > 0) || drop == 0) continue;
    const double base = 1 + C * stretch * rest;
    const double per_argument = -B * drop * beta * left / base * C;  // of the loss, per eta_k^-gamma S_k
    area_pull[k] = per_argument * stretch;
    gradient[k] -= per_argument * gamma * stretch * rest / rate;
  }
  double pull = 0;
  for (std::size_t k = first; k < n; ++k) gradient[k] += pull += area_pull[k];
  return L0 + A * std::pow(forward, -alpha) - B * reduction;
}

}  // namespace lehr::laws
