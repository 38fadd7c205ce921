#include "lehr/schedule/laws/curve.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::laws {
namespace {

constexpr std::size_t fewest_rows = 8;
constexpr double rate_tolerance = 1e-6;  // of the peak

void check_plan(const std::string& name, const Plan& plan) {
  if (plan.warmup < 0 || plan.warmup > plan.steps())
    throw InvalidInput("curve '{}': the warm-up has {} steps, allowed are 0 to {} (the schedule's length)",
                       name, plan.warmup, plan.steps());
  for (std::size_t i = 0; i < plan.rates.size(); ++i)
    if (!std::isfinite(plan.rates[i]) || plan.rates[i] < 0)
      throw InvalidInput("curve '{}': the learning rate at step {} is {}, expected a number >= 0", name, i,
                         plan.rates[i]);
}

void check_rows(const std::string& name, const Plan& plan, std::span<const std::int64_t> steps,
                std::span<const double> losses) {
  if (steps.size() != losses.size())
    throw InvalidInput("curve '{}': {} steps but {} losses", name, steps.size(), losses.size());
  if (steps.size() < fewest_rows)
    throw InvalidInput("curve '{}': {} rows, at least {} are needed", name, steps.size(), fewest_rows);
  for (std::size_t row = 0; row < steps.size(); ++row) {
    if (steps[row] < 0 || steps[row] >= plan.steps())
      throw InvalidInput("curve '{}', row {}: step {} lies outside the schedule's steps 0 to {}", name,
                         row + 1, steps[row], plan.steps() - 1);
    if (row > 0 && steps[row] <= steps[row - 1])
      throw InvalidInput("curve '{}', row {}: step {} follows step {}, steps must increase", name, row + 1,
                         steps[row], steps[row - 1]);
    if (!std::isfinite(losses[row]) || losses[row] <= 0)
      throw InvalidInput("curve '{}', row {}: the loss at step {} is {}, expected a positive number", name,
                         row + 1, steps[row], losses[row]);
  }
}

void check_logged_rates(const std::string& name, const Plan& plan, std::span<const std::int64_t> steps,
                        std::span<const double> logged) {
  if (logged.size() != steps.size())
    throw InvalidInput("curve '{}': {} steps but {} learning rates", name, steps.size(), logged.size());
  const double peak = *std::max_element(plan.rates.begin(), plan.rates.end());
  for (std::size_t row = 0; row < steps.size(); ++row) {
    const double planned = plan.rates[static_cast<std::size_t>(steps[row])];
    if (!(std::abs(logged[row] - planned) <= rate_tolerance * peak))
      throw InvalidInput(
          "curve '{}', row {}: the logged learning rate at step {} is {}, the schedule's is {}", name,
          row + 1, steps[row], logged[row], planned);
  }
}

void check_log(std::span<const std::int64_t> steps, std::span<const double> rates, std::int64_t length,
               std::int64_t warmup) {
  if (steps.empty() || steps.size() != rates.size())
    throw InvalidInput("learning-rate log: {} steps and {} rates, expected as many of both and at least one",
                       steps.size(), rates.size());
  if (length < 1 || length > longest_run)
    throw InvalidInput("learning-rate log: the run has {} steps, allowed are 1 to {}", length, longest_run);
  if (warmup < 0 || warmup > length)
    throw InvalidInput("learning-rate log: the warm-up has {} steps, allowed are 0 to {}", warmup, length);
  for (std::size_t row = 0; row < steps.size(); ++row) {
    if (steps[row] < 0 || steps[row] >= length)
      throw InvalidInput("learning-rate log, row {}: step {} lies outside 0 to {}", row + 1, steps[row],
                         length - 1);
    if (row > 0 && steps[row] <= steps[row - 1])
      throw InvalidInput("learning-rate log, row {}: step {} follows step {}, steps must increase", row + 1,
                         steps[row], steps[row - 1]);
    if (!std::isfinite(rates[row]) || rates[row] < 0)
      throw InvalidInput("learning-rate log, row {}: the rate is {}, expected a number >= 0", row + 1,
                         rates[row]);
  }
}

}  // namespace

double Plan::peak() const {
  if (rates.empty()) return 0;
  return rates[static_cast<std::size_t>(std::clamp<std::int64_t>(warmup, 0, steps() - 1))];
}

Interpolation interpolation(std::string_view name) {
  static const std::array<std::string, 2> known{"linear", "hold"};
  if (name == known[0]) return Interpolation::linear;
  if (name == known[1]) return Interpolation::hold;
  throw InvalidInput("unknown interpolation {}{}", quote(name), hint(name, known));
}

Plan fill_rates(std::span<const std::int64_t> steps, std::span<const double> rates, std::int64_t length,
                std::int64_t warmup, Interpolation how) {
  check_log(steps, rates, length, warmup);
  Plan plan{std::vector<double>(static_cast<std::size_t>(length), rates.back()), warmup};
  const std::int64_t first = steps.front(), ramp = std::min(first, warmup);
  for (std::int64_t i = 0; i < first; ++i)
    plan.rates[static_cast<std::size_t>(i)] =
        i < ramp ? rates.front() * static_cast<double>(i) / static_cast<double>(ramp) : rates.front();
  for (std::size_t row = 0; row + 1 < steps.size(); ++row) {
    const double gap = static_cast<double>(steps[row + 1] - steps[row]), rise = rates[row + 1] - rates[row];
    for (std::int64_t i = steps[row]; i < steps[row + 1]; ++i) {
      const double share = how == Interpolation::linear ? static_cast<double>(i - steps[row]) / gap : 0;
      plan.rates[static_cast<std::size_t>(i)] = rates[row] + share * rise;
    }
  }
  return plan;
}

Curve make_curve(std::string name, Plan plan, std::vector<std::int64_t> steps, std::vector<double> losses,
                 std::span<const double> logged_rates) {
  check_plan(name, plan);
  check_rows(name, plan, steps, losses);
  if (!logged_rates.empty()) check_logged_rates(name, plan, steps, logged_rates);
  return {std::move(name), std::move(plan), std::move(steps), std::move(losses)};
}

std::vector<double> median_filter(std::span<const double> losses, int width) {
  if (width < 1 || width % 2 == 0)
    throw InvalidInput("median filter: the width is {}, expected an odd number >= 1", width);
  const std::size_t half = static_cast<std::size_t>(width / 2);
  std::vector<double> filtered(losses.size()), window;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const std::size_t reach = std::min({half, i, losses.size() - 1 - i});
    window.assign(losses.begin() + static_cast<std::ptrdiff_t>(i - reach),
                  losses.begin() + static_cast<std::ptrdiff_t>(i + reach + 1));
    std::nth_element(window.begin(), window.begin() + static_cast<std::ptrdiff_t>(reach), window.end());
    filtered[i] = window[reach];
  }
  return filtered;
}

std::vector<std::int64_t> report_steps(const Plan& plan, std::int64_t count) {
  const std::int64_t last = plan.steps() - 1, first = std::min(plan.warmup, last);
  if (last < 0) return {};
  const std::int64_t intervals =
      std::clamp<std::int64_t>(count - 1, 1, std::max<std::int64_t>(last - first, 1));
  std::vector<std::int64_t> steps;
  for (std::int64_t i = 0; i <= intervals; ++i) {
    const std::int64_t step = first + i * (last - first) / intervals;
    if (steps.empty() || step > steps.back()) steps.push_back(step);
  }
  return steps;
}

}  // namespace lehr::laws
