#include "lehr/schedule/laws/multi_power_law.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "lehr/core/parallel.hpp"

namespace lehr::laws {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;

// The steps k at which the rate changes (in the part that counts).
struct Drops {
  std::vector<std::int64_t> step;
  ArrayXd size;         // eta_{k-1} - eta_k
  ArrayXd stretch;      // C eta_k^-gamma
  ArrayXd area_before;  // eta_0 + ... + eta_{k-1}
};

std::vector<double> cumulative(const std::vector<double>& rates) {
  std::vector<double> sums(rates.size());
  double sum = 0;
  for (std::size_t i = 0; i < rates.size(); ++i) sums[i] = sum += rates[i];
  return sums;
}

Drops find_drops(const MultiPowerLaw& law, const Plan& plan, const std::vector<double>& area) {
  Drops drops;
  const std::int64_t first = law.legacy_warmup_gaps ? 1 : plan.warmup + 1;
  for (std::int64_t k = first; k < plan.steps(); ++k)
    if (plan.rates[static_cast<std::size_t>(k)] != plan.rates[static_cast<std::size_t>(k) - 1])
      drops.step.push_back(k);
  const Index count = static_cast<Index>(drops.step.size());
  drops.size.resize(count);
  drops.stretch.resize(count);
  drops.area_before.resize(count);
  for (Index i = 0; i < count; ++i) {
    const std::size_t k = static_cast<std::size_t>(drops.step[static_cast<std::size_t>(i)]);
    drops.size[i] = plan.rates[k - 1] - plan.rates[k];
    drops.stretch[i] = law.C * std::pow(std::max(plan.rates[k], smallest_rate), -law.gamma);
    drops.area_before[i] = area[k - 1];
  }
  return drops;
}

// sum over the drops up to `step` of drop * G, where the area up to it is `forward`.
double reduction(const MultiPowerLaw& law, const Drops& drops, std::int64_t step, double forward) {
  const Index count = std::upper_bound(drops.step.begin(), drops.step.end(), step) - drops.step.begin();
  const ArrayXd argument = drops.stretch.head(count) * (forward - drops.area_before.head(count));
  return (drops.size.head(count) * (1 - (-law.beta * (1 + argument).log()).exp())).sum();
}

}  // namespace

std::vector<double> MultiPowerLaw::predict(const Plan& plan, std::span<const std::int64_t> steps) const {
  const std::vector<double> area = cumulative(plan.rates);
  const Drops drops = find_drops(*this, plan, area);
  return parallel_map(static_cast<std::int64_t>(steps.size()), [&](std::int64_t row) {
    const std::int64_t step = steps[static_cast<std::size_t>(row)];
    const double forward = area[static_cast<std::size_t>(step)];
    return L0 + A * std::pow(forward, -alpha) - B * reduction(*this, drops, step, forward);
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
    const double stretch = std::pow(std::max(rate, smallest_rate), -gamma);
    const double left = std::pow(1 + C * stretch * rest, -beta);
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
