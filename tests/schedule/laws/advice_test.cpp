#include "lehr/schedule/laws/advice.hpp"

#include "lehr/core/errors.hpp"
#include "shipped_curves.hpp"

namespace lehr::laws {
namespace {

const AnnealingLaw law{2.790, 0.5915, 0.456, 0.480, 0.999};

// A fit with a given law, tight parameters and a given discrepancy.
Fit fit_of(const Law& known, double discrepancy) {
  Fit fit;
  fit.law = known;
  fit.draws = {known, known};
  fit.errors.scale = 1e-4;
  fit.errors.degrees_of_freedom = 100;
  fit.errors.discrepancy = discrepancy;
  return fit;
}

DesignOptions options_of(std::int64_t steps) {
  DesignOptions options;
  options.steps = steps;
  options.warmup = 2160;
  options.peak = 3e-4;
  return options;
}

TEST(Advice, ComparesWsdWithCosine) {
  const Fit sharp = fit_of(law, 1e-4), vague = fit_of(law, 0.02);
  const Comparison clear = wsd_against_cosine(sharp, options_of(24000), 3e-5, 0.2);
  EXPECT_LT(clear.difference, 0);  // WSD with a 20 % cooldown is predicted to win at this length
  EXPECT_TRUE(clear.distinguishable);
  EXPECT_NEAR(clear.difference, clear.first - clear.second, 1e-15);
  EXPECT_FALSE(wsd_against_cosine(vague, options_of(24000), 3e-5, 0.2).distinguishable);
  const Plan plan = cosine_plan(options_of(24000), 3e-5);
  const Comparison same = compare(vague, plan, plan);
  EXPECT_EQ(same.difference, 0);
  EXPECT_FALSE(same.distinguishable);
}

TEST(Advice, TheBestCooldownShareBeatsItsScan) {
  const DesignOptions options = options_of(24000);
  const BestValue best = best_cooldown_share(fit_of(law, 1e-4), options, 0);
  for (const double loss : best.losses) EXPECT_LE(best.loss, loss);
  EXPECT_GT(best.value, 0.1);
  EXPECT_LT(best.value, 0.6);
  EXPECT_LE(best.low, best.value + 0.025);
  EXPECT_GE(best.high, best.value - 0.025);
  EXPECT_NEAR(law.final_loss(cooldown_plan(options, {.start = 1 - best.value, .power = 1, .to = 0})),
              best.loss, 1e-12);
}

TEST(Advice, ACosineShouldDecayToTheLowestRate) {
  const BestValue best = best_final_rate(fit_of(law, 1e-4), options_of(24000), 0);
  EXPECT_LT(best.value, 0.05 * 3e-4);
}

TEST(Advice, TheCosineCrossesBelowTheConstantSchedule) {
  const DesignOptions options = options_of(24000);
  const std::int64_t step = cosine_crossover(fit_of(law, 0), options, 3e-5);
  ASSERT_GT(step, 2160);
  const std::vector<std::int64_t> around{step - 20, step + 20};
  const auto cosine = law.predict(cosine_plan(options, 3e-5), around),
             constant = law.predict(constant_plan(options), around);
  EXPECT_GT(cosine[0], constant[0] - 1e-4);
  EXPECT_LT(cosine[1], constant[1] + 1e-4);
  EXPECT_EQ(cosine_crossover(fit_of(law, 0), options, 3e-4),
            -1);  // a cosine to the peak is the constant schedule
}

TEST(Advice, RewarmingRaisesTheLossFirst) {
  const DesignOptions options = options_of(24000);
  const Rewarm rewarm{.rewarm = 500, .steps = 12000, .peak = 3e-4, .to = 0};
  const RewarmForecast forecast = rewarm_forecast(fit_of(law, 0), cosine_plan(options, 3e-5), rewarm);
  EXPECT_EQ(forecast.plan.steps(), 36500);
  EXPECT_DOUBLE_EQ(forecast.plan.rates[24499], 3e-4);
  EXPECT_GT(forecast.bump, 0.01);
  EXPECT_LT(forecast.after, forecast.before);
  EXPECT_NEAR(forecast.after, law.final_loss(forecast.plan), 1e-12);
  EXPECT_THROW(rewarmed_plan({}, rewarm), InvalidInput);
}

TEST(Advice, DecayingNowAgreesWithThePlanThatDoesIt) {
  const Plan running = constant_plan(options_of(24000));
  const DecayForecast forecast = decay_now(fit_of(law, 1e-3), running, 20000, 4000, 0);
  Plan decayed = running;
  for (std::size_t i = 1; i <= 4000; ++i)
    decayed.rates[19999 + i] = 3e-4 * (1 - static_cast<double>(i) / 4000);
  EXPECT_NEAR(forecast.loss, law.final_loss(decayed), 1e-12);
  EXPECT_EQ(forecast.end, 23999);
  EXPECT_LT(forecast.low, forecast.loss);
  EXPECT_GT(forecast.high, forecast.loss);
  EXPECT_THROW(decay_now(fit_of(law, 0), running, 0, 100, 0), InvalidInput);
  EXPECT_THROW(decay_now(fit_of(law, 0), running, 100, 0, 0), InvalidInput);
}

// Online mode on a real run: fitted to the cosine run and to the first 8000 steps of the constant run, the
// forecast of "decay at step 20000" is checked against the run that did so.
TEST(Advice, ForecastsARealCooldownBeforeItHappens) {
  SKIP_WITHOUT_SHARED_CURVES();
  std::vector<Curve> curves = shipped::curves(25, {"cosine_24000", "constant_24000"});
  Curve& running = curves[1];
  const auto rows = static_cast<std::size_t>(
      std::lower_bound(running.steps.begin(), running.steps.end(), 8000) - running.steps.begin());
  running.steps.resize(rows);
  running.losses.resize(rows);
  const DecayForecast forecast = decay_now(fit(curves), running.plan, 20000, 4000, 3e-5);
  const double logged = shipped::curve(25, "wsdld_20000_24000").losses.back();
  EXPECT_NEAR(forecast.loss, logged, 0.004 * logged);
  EXPECT_LT(forecast.low, logged);
  EXPECT_GT(forecast.high, logged);
}

}  // namespace
}  // namespace lehr::laws
