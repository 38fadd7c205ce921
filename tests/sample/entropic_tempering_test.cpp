#include "lehr/sample/entropic_tempering.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/sample/log_weights.hpp"

namespace lehr::sample {
namespace {

// Weights 8 : 1 : 1 : 1 : 1 of five: ESS 144 / 68, and their entropy.
const std::vector<double> uneven{std::log(8.0), 0, 0, 0, 0};
constexpr double rho = 144.0 / 68 / 5;

Tempering temper_at(const TemperatureRule& rule, std::int64_t step, std::vector<double>& p) {
  TemperingOptions options;
  options.temperature = rule;
  return temper(uneven, options, step, 10, p);
}

TEST(EntropicTempering, RulesAreTheirFormulas) {
  std::vector<double> p(5);
  const double entropy = -(8.0 / 12 * std::log(8.0 / 12) + 4.0 / 12 * std::log(1.0 / 12)) / std::log(5.0);
  const Tempering ess = temper_at(TemperatureRule::Kind::ess, 2, p);
  EXPECT_NEAR(ess.ess, rho, 1e-14);
  EXPECT_NEAR(ess.entropy, entropy, 1e-14);
  EXPECT_NEAR(ess.temperature, 0.8 / rho, 1e-14);
  EXPECT_NEAR(p[0] / p[1], std::pow(8, rho / 0.8), 1e-12);
  EXPECT_NEAR(ess.tempered_ess, effective_sample_size(p) / 5, 1e-14);
  EXPECT_NEAR(temper_at(TemperatureRule::Kind::entropy, 2, p).temperature,
              1 / (entropy + (1 - entropy) * 0.2), 1e-14);
  EXPECT_NEAR(temper_at(TemperatureRule::Kind::base, 2, p).temperature, 1.8, 1e-14);
  EXPECT_NEAR(temper_at(Schedule::parse("linear(from=5, to=1)"), 2, p).temperature, 4.2, 1e-12);
}

TEST(EntropicTempering, IsOffLateAndWhereWeightsAreEven) {
  std::vector<double> p(5);
  EXPECT_EQ(temper_at(TemperatureRule::Kind::ess, 5, p).temperature, 1);
  EXPECT_NEAR(p[0], 8.0 / 12, 1e-14);
  TemperingOptions options;
  options.ess_threshold = rho - 1e-9;
  EXPECT_EQ(temper(uneven, options, 0, 10, p).temperature, 1);
  options.ess_threshold = rho + 1e-9;
  EXPECT_GT(temper(uneven, options, 0, 10, p).temperature, 1);
  // (1 - u) / rho below 1 never sharpens.
  options.ess_threshold = 1, options.early = 1;
  EXPECT_EQ(temper(uneven, options, 9, 10, p).temperature, 1);
}

TEST(EntropicTempering, SolveFollowsItsTargetToTheEnd) {
  std::vector<double> p(5);
  TemperingOptions options;
  options.temperature = TemperatureRule::Kind::solve;
  options.target_ess = Schedule::parse("linear(from=0.9, to=0.3)");
  for (std::int64_t step = 0; step <= 10; ++step) {
    const double target = 0.9 - 0.06 * static_cast<double>(step);
    const Tempering found = temper(uneven, options, step, 10, p);
    if (target > rho)
      EXPECT_NEAR(found.tempered_ess, target, 1e-6) << step;
    else
      EXPECT_EQ(found.temperature, 1) << step;
  }
}

TEST(EntropicTempering, RulesHaveATextForm) {
  for (const char* text : {"ess", "entropy", "base", "solve", "2", "linear(from=3, to=1)"}) {
    const TemperatureRule rule = TemperatureRule::parse(text);
    EXPECT_EQ(TemperatureRule::parse(rule.text()).text(), rule.text());
  }
  EXPECT_EQ(TemperatureRule::parse("solve").kind(), TemperatureRule::Kind::solve);
  EXPECT_THROW(TemperatureRule::parse("es"), InvalidInput);
  std::vector<double> p(5);
  EXPECT_THROW(temper_at(Schedule(-1), 2, p), InvalidInput);
}

}  // namespace
}  // namespace lehr::sample
