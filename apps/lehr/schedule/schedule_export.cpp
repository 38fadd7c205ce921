#include <algorithm>
#include <cmath>

#include "apps/lehr/schedule/forecast.hpp"
#include "lehr/core/csv.hpp"

namespace lehr::command {
namespace {

// Indexes of the corners of a piecewise linear curve that stays within `tolerance` of the rates
// (Ramer-Douglas-Peucker).
std::vector<std::size_t> corners(const std::vector<double>& rates, double tolerance) {
  std::vector<std::size_t> kept{0};
  std::vector<std::size_t> ends{rates.size() - 1};
  while (!ends.empty()) {
    const std::size_t from = kept.back(), to = ends.back();
    double worst = tolerance;
    std::size_t split = to;
    for (std::size_t i = from + 1; i < to; ++i) {
      const double share = static_cast<double>(i - from) / static_cast<double>(to - from);
      const double error = std::abs(rates[i] - (rates[from] + share * (rates[to] - rates[from])));
      if (error > worst) worst = error, split = i;
    }
    if (split == to)
      kept.push_back(to), ends.pop_back();
    else
      ends.push_back(split);
  }
  return kept;
}

}  // namespace

std::string schedule_csv(const laws::Plan& plan) {
  std::vector<double> steps(plan.rates.size());
  for (std::size_t i = 0; i < steps.size(); ++i) steps[i] = static_cast<double>(i);
  const std::vector<CsvColumn> columns{{"step", steps}, {"lr", plan.rates}};
  return csv_text(columns);
}

std::string lambda_lr_snippet(const laws::Plan& plan) {
  const double peak = *std::ranges::max_element(plan.rates);
  std::string steps, factors;
  for (const std::size_t i : corners(plan.rates, 1e-3 * peak)) {
    steps += fmt::format("{}{}", steps.empty() ? "" : ", ", i);
    factors += fmt::format("{}{:.6g}", factors.empty() ? "" : ", ", plan.rates[i] / peak);
  }
  return fmt::format(
      "# Learning-rate schedule of {0} steps with peak {1:.6g}: build the optimizer with lr={1:.6g}.\n"
      "from bisect import bisect_right\n\n"
      "from torch.optim.lr_scheduler import LambdaLR\n\n"
      "STEPS = [{2}]\n"
      "FACTORS = [{3}]\n\n\n"
      "def lr_factor(step):\n"
      "    if step >= STEPS[-1]:\n"
      "        return FACTORS[-1]\n"
      "    i = bisect_right(STEPS, step) - 1\n"
      "    share = (step - STEPS[i]) / (STEPS[i + 1] - STEPS[i])\n"
      "    return FACTORS[i] + share * (FACTORS[i + 1] - FACTORS[i])\n\n\n"
      "scheduler = LambdaLR(optimizer, lr_factor)\n",
      plan.rates.size(), peak, steps, factors);
}

}  // namespace lehr::command
