#include "lehr/diffusion/time_grid.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/call_text.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::diffusion {
namespace {

using Times = std::vector<double>;

// The i-th of n + 1 values from `first` to `last`, exact at both ends.
double linear(double first, double last, std::int64_t i, std::int64_t n) {
  const double share = static_cast<double>(i) / static_cast<double>(n);
  return i == n ? last : first + (last - first) * share;
}

Times power_grid(const Process& process, std::int64_t n, double p) {
  Times times;
  const double first = std::pow(process.end(), 1 / p), last = std::pow(process.t0(), 1 / p);
  for (std::int64_t i = 0; i <= n; ++i) times.push_back(std::pow(linear(first, last, i, n), p));
  return times;
}

Times rho_grid(const Process& process, std::int64_t n, double p) {
  Times times;
  const double first = std::pow(process.rho(process.end()), 1 / p),
               last = std::pow(process.rho(process.t0()), 1 / p);
  for (std::int64_t i = 0; i <= n; ++i)
    times.push_back(process.t_of_rho(std::pow(linear(first, last, i, n), p)));
  return times;
}

Times lambda_grid(const Process& process, std::int64_t n) {
  Times times;
  const double first = process.lambda(process.end()), last = process.lambda(process.t0());
  for (std::int64_t i = 0; i <= n; ++i) times.push_back(process.t_of_lambda(linear(first, last, i, n)));
  return times;
}

Times cosine_grid(const Process& process, std::int64_t n) {
  Times times;
  for (std::int64_t i = 0; i <= n; ++i) {
    const double angle = std::numbers::pi * static_cast<double>(i) / static_cast<double>(n);
    times.push_back(process.t0() + (process.end() - process.t0()) * 0.5 * (1 + std::cos(angle)));
  }
  return times;
}

// The rules of discrete models, on [0, 1] stretched to the process where it is not a table.
Times spaced_grid(const Process& process, std::int64_t n, bool trailing) {
  const double count = process.discrete() ? process.end() + 1 : 1000;
  const double scale = process.discrete() ? 1 : process.end() / count, shift = process.discrete() ? 0 : 1;
  Times times;
  for (std::int64_t i = 0; i < n; ++i) {
    const double share = static_cast<double>(trailing ? i : n - 1 - i) * count / static_cast<double>(n);
    times.push_back(((trailing ? count - 1 - std::floor(share) : std::floor(share)) + shift) * scale);
  }
  times.push_back(process.t0());
  return times;
}

// Distinct integers nearest to falling times; the ends stay.
Times rounded(const Process& process, const Times& wanted) {
  const auto count = static_cast<std::int64_t>(process.end() - process.t0()) + 1;
  if (count < static_cast<std::int64_t>(wanted.size()))
    throw InvalidInput("grid: {} steps need {} distinct times, the table has {} left", wanted.size() - 1,
                       wanted.size(), count);
  std::set<std::int64_t> taken;
  const auto low = static_cast<std::int64_t>(process.t0()), high = static_cast<std::int64_t>(process.end());
  for (const double t : wanted) {
    const std::int64_t nearest = std::clamp(static_cast<std::int64_t>(std::llround(t)), low, high);
    for (std::int64_t distance = 0;; ++distance) {
      const std::int64_t up = nearest + distance, down = nearest - distance;
      if (up <= high && taken.insert(up).second) break;
      if (down >= low && taken.insert(down).second) break;
    }
  }
  Times times;
  for (auto i = taken.rbegin(); i != taken.rend(); ++i) times.push_back(static_cast<double>(*i));
  return times;
}

void check_grid(const Process& process, Times& times) {
  const double slack = 1e-12 * std::max(1.0, process.end());
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (!(times[i] >= process.t0() - slack && times[i] <= process.end() + slack))
      throw InvalidInput("grid: time {} is {:g}, outside of [{:g}, {:g}] of {}", i, times[i], process.t0(),
                         process.end(), process.text());
    times[i] = std::clamp(times[i], process.t0(), process.end());
    if (i > 0 && !(times[i] < times[i - 1]))
      throw InvalidInput("grid: times must fall, but time {} is {:g} after {:g}", i, times[i], times[i - 1]);
  }
}

}  // namespace

TimeGrid TimeGrid::parse(std::string_view text, const std::filesystem::path& base) {
  TimeGrid grid;
  grid.text_ = text;
  // Lists are the schedule language's own.
  const bool listed = text.find('[') != std::string_view::npos;
  const CallText call = CallText::parse(listed ? "schedule" : text, "grid");
  if (call.name == "power_t" || call.name == "rho") {
    const double p = call.number("p", 0, call.name == "rho" ? 7 : 2);
    if (!(p > 0)) throw InvalidInput("grid: {}(p) needs p > 0, found {:g}", call.name, p);
    if (call.name == "rho")
      grid.make_ = [p](const Process& process, std::int64_t n) { return rho_grid(process, n, p); };
    else
      grid.make_ = [p](const Process& process, std::int64_t n) { return power_grid(process, n, p); };
  } else if (call.name == "log_rho" || call.name == "lambda") {
    grid.make_ = lambda_grid;
  } else if (text == "cosine") {
    grid.make_ = cosine_grid;
  } else if (call.name == "leading" || call.name == "trailing") {
    grid.make_ = [trailing = call.name == "trailing"](const Process& process, std::int64_t n) {
      return spaced_grid(process, n, trailing);
    };
  } else {
    grid.make_ = [schedule = Schedule::parse(text, base)](const Process&, std::int64_t n) {
      return schedule.sample(n + 1, true);
    };
  }
  return grid;
}

TimeGrid TimeGrid::list(std::vector<double> times) {
  TimeGrid grid;
  grid.text_ = grid_text(times);
  grid.make_ = [times = std::move(times)](const Process&, std::int64_t n) {
    if (n + 1 != static_cast<std::int64_t>(times.size()))
      throw InvalidInput("grid: {} times are given for {} steps", times.size(), n);
    return times;
  };
  return grid;
}

std::vector<double> TimeGrid::times(const Process& process, std::int64_t n) const {
  if (n < 1) throw InvalidInput("grid: {} steps; at least 1 is needed", n);
  Times times = make_(process, n);
  if (process.discrete()) times = rounded(process, times);
  check_grid(process, times);
  return times;
}

std::string grid_text(const std::vector<double>& times) {
  std::string text = "knots(values=[";
  for (std::size_t i = 0; i < times.size(); ++i) text += fmt::format("{}{}", i > 0 ? ", " : "", times[i]);
  return text + "])";
}

}  // namespace lehr::diffusion
