// The shared training curves of language models (25M and 100M parameters), with the exact schedules they ran
// on.
#pragma once

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <sstream>
#include <string>
#include <vector>

#include "lehr/schedule/laws/curve.hpp"

namespace lehr::laws::shipped {

inline constexpr std::int64_t warmup = 2160;
inline constexpr double peak = 3e-4, end_rate = 3e-5;

inline std::filesystem::path folder() {
  const char* shared = std::getenv("LEHR_SHARED_DATA");
  return std::filesystem::path(shared != nullptr ? shared : "../shared/data") / "lr-annealing-law";
}

inline Plan constant(std::int64_t steps) {
  Plan plan{std::vector<double>(static_cast<std::size_t>(steps), peak), warmup};
  for (std::int64_t i = 0; i < warmup; ++i)
    plan.rates[static_cast<std::size_t>(i)] = peak * static_cast<double>(i) / static_cast<double>(warmup);
  return plan;
}

// The schedule of a run by its name: constant_24000, cosine_72000, wsd_20000_24000, wsdld_20000_24000,
// wsdcon_9, ...
inline Plan plan_of(const std::string& name) {
  const std::int64_t steps = name.starts_with("wsdcon") ? 16000 : name.ends_with("72000") ? 72000 : 24000;
  Plan plan = constant(steps);
  const auto fill = [&](std::int64_t from, auto rate) {
    for (std::int64_t i = from; i < steps; ++i)
      plan.rates[static_cast<std::size_t>(i)] =
          rate(static_cast<double>(i - from) / static_cast<double>(steps - from));
  };
  if (name.starts_with("cosine"))
    fill(warmup,
         [](double x) { return end_rate + (peak - end_rate) * (1 + std::cos(std::numbers::pi * x)) / 2; });
  if (name.starts_with("wsd_")) fill(20000, [](double x) { return peak * std::pow(end_rate / peak, x); });
  if (name.starts_with("wsdld_")) fill(20000, [](double x) { return peak + (end_rate - peak) * x; });
  if (name.starts_with("wsdcon_"))
    fill(8000, [rate = 1e-5 * std::stod(name.substr(7))](double) { return rate; });
  return plan;
}

inline std::filesystem::path path(int millions, const std::string& name) {
  return folder() / ("csv_" + std::to_string(millions)) / (name + ".csv");
}

// The curve without rows at or beyond its schedule's end.
inline Curve curve(int millions, const std::string& name) {
  std::ifstream file(path(millions, name));
  Plan plan = plan_of(name);
  plan.model_size = 1e6 * millions;
  std::vector<std::int64_t> steps;
  std::vector<double> losses, rates;
  std::string line;
  std::getline(file, line);
  for (char comma; std::getline(file, line);) {
    std::istringstream row(line);
    std::int64_t step = 0;
    double rate = 0, loss = 0;
    row >> step >> comma >> rate >> comma >> loss;
    if (!row || step >= plan.steps()) continue;
    steps.push_back(step);
    rates.push_back(rate);
    losses.push_back(loss);
  }
  return make_curve(name, std::move(plan), std::move(steps), std::move(losses), rates);
}

inline std::vector<Curve> curves(int millions, const std::vector<std::string>& names) {
  std::vector<Curve> list;
  for (const std::string& name : names) list.push_back(curve(millions, name));
  return list;
}

inline std::vector<std::string> names(int millions) {
  std::vector<std::string> list{"constant_24000",  "constant_72000", "cosine_24000", "cosine_72000",
                                "wsd_20000_24000", "wsdcon_3",       "wsdcon_9",     "wsdcon_18"};
  if (millions == 25) list.emplace_back("wsdld_20000_24000");
  return list;
}

// All runs of a size that are not among `fitted`.
inline std::vector<Curve> others(int millions, const std::vector<std::string>& fitted) {
  std::vector<Curve> list;
  for (const std::string& name : names(millions))
    if (std::find(fitted.begin(), fitted.end(), name) == fitted.end()) list.push_back(curve(millions, name));
  return list;
}

}  // namespace lehr::laws::shipped

#define SKIP_WITHOUT_SHARED_CURVES()                                             \
  if (!std::filesystem::exists(lehr::laws::shipped::path(25, "constant_24000"))) \
  GTEST_SKIP() << "no training curves under " << lehr::laws::shipped::folder() << "; set LEHR_SHARED_DATA"
