#include "lehr/schedule/laws/fit.hpp"

#include <gmock/gmock.h>

#include <numbers>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "shipped_curves.hpp"

namespace lehr::laws {
namespace {

constexpr std::int64_t ramp = 700;
enum class Kind { constant, cosine, cooldown };

Plan synthetic_plan(Kind kind, std::int64_t steps) {
  Plan plan{std::vector<double>(static_cast<std::size_t>(steps), 3e-4), ramp};
  for (std::int64_t i = 0; i < steps; ++i) {
    const double x = static_cast<double>(i - ramp) / static_cast<double>(steps - ramp);
    double& rate = plan.rates[static_cast<std::size_t>(i)];
    if (i < ramp)
      rate = 3e-4 * static_cast<double>(i) / static_cast<double>(ramp);
    else if (kind == Kind::cosine)
      rate = 3e-5 + 2.7e-4 * (1 + std::cos(std::numbers::pi * x)) / 2;
    else if (kind == Kind::cooldown && x > 0.7)
      rate = 3e-4 - 2.7e-4 * (x - 0.7) / 0.3;
  }
  return plan;
}

// A curve of the law with stationary AR(1) noise of the log loss.
Curve noisy_curve(const Law& law, std::string name, const Plan& plan, double noise, double rho,
                  Stream& stream, std::int64_t rows = 170) {
  const std::vector<std::int64_t> steps = report_steps(plan, rows);
  std::vector<double> losses = predict(law, plan, steps);
  double e = noise * normal(stream);
  for (double& loss : losses) {
    loss *= std::exp(e);
    e = rho * e + std::sqrt(1 - rho * rho) * noise * normal(stream);
  }
  return make_curve(std::move(name), plan, steps, std::move(losses));
}

const AnnealingLaw truth{3.0, 0.5, 0.5, 0.45, 0.999};

std::vector<Curve> training_pair(Stream& stream, double noise, double rho) {
  return {noisy_curve(truth, "constant", synthetic_plan(Kind::constant, 8000), noise, rho, stream),
          noisy_curve(truth, "cosine", synthetic_plan(Kind::cosine, 8000), noise, rho, stream)};
}

// How often a nominal 90 % band holds the last logged loss of an unseen schedule, over 200 repetitions: the
// binomial standard error is 0.021, the test allows three.
TEST(PredictBand, CoversAtItsStatedRateUnderAutocorrelatedNoise) {
  for (const double rho : {0.0, 0.8}) {
    int covered = 0;
    double inside = 0;
    for (std::uint64_t repeat = 1; repeat <= 200; ++repeat) {
      Stream stream(Seed{repeat}, lane("coverage"));
      const std::vector<Curve> curves = training_pair(stream, 1e-3, rho);
      FitOptions options;
      options.draws = 40;
      options.seed = static_cast<std::int64_t>(repeat);
      const Fit fitted = fit(curves, options);
      const Curve unseen =
          noisy_curve(truth, "cooldown", synthetic_plan(Kind::cooldown, 10000), 1e-3, rho, stream, 60);
      const Band band = predict_band(fitted, unseen.plan, unseen.steps, 0.9);
      int rows = 0;
      for (std::size_t i = 0; i < unseen.losses.size(); ++i)
        rows += unseen.losses[i] >= band.low[i] && unseen.losses[i] <= band.high[i];
      inside += rows / 60.0 / 200;
      covered += unseen.losses.back() >= band.low.back() && unseen.losses.back() <= band.high.back();
    }
    EXPECT_NEAR(covered / 200.0, 0.9, 3 * std::sqrt(0.9 * 0.1 / 200)) << "rho " << rho;
    EXPECT_NEAR(inside, 0.9, 0.03) << "rho " << rho;
  }
}

TEST(Fit, EstimatesTheNoiseOfItsCurves) {
  double scale = 0, correlation = 0;
  for (std::uint64_t repeat = 1; repeat <= 20; ++repeat) {
    Stream stream(Seed{repeat}, lane("noise"));
    FitOptions options;
    options.draws = 0;
    const ErrorModel errors = fit(training_pair(stream, 1e-3, 0.9), options).errors;
    scale += errors.scale / 20;
    correlation += errors.autocorrelation / 20;
  }
  EXPECT_NEAR(scale, 1e-3, 1e-4);  // standard error 4e-5
  EXPECT_NEAR(correlation, 0.9, 0.03);
}

// Intervals of the parameters hold the truth at about their nominal 95 % (four parameters, 100 repetitions).
TEST(Fit, ParameterIntervalsCoverTheTruth) {
  int covered = 0;
  for (std::uint64_t repeat = 1; repeat <= 100; ++repeat) {
    Stream stream(Seed{repeat}, lane("intervals"));
    FitOptions options;
    options.draws = 40;
    const Fit fitted = fit(training_pair(stream, 1e-3, 0.7), options);
    const double values[] = {truth.L0, truth.A, truth.alpha, truth.C};
    for (std::size_t i = 0; i < 4; ++i)
      covered += values[i] >= fitted.parameters[i].low && values[i] <= fitted.parameters[i].high;
  }
  EXPECT_NEAR(covered / 400.0, 0.95, 3 * std::sqrt(0.95 * 0.05 / 100));  // the four are nearly one draw
}

TEST(Fit, TheLinearisedCovarianceAgreesWithTheBootstrap) {
  Stream stream(Seed{4}, lane("covariance"));
  const std::vector<Curve> curves = training_pair(stream, 1e-3, 0.6);
  FitOptions options;
  options.draws = 0;
  const Fit linear = fit(curves, options);
  options.draws = 400;
  const Fit resampled = fit(curves, options);
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(linear.parameters[i].standard_error / resampled.parameters[i].standard_error, 1, 0.25);
  EXPECT_LT(linear.correlation(0, 1), -0.9);  // L0 and A
  const Plan plan = synthetic_plan(Kind::cooldown, 10000);
  const Band a = predict_band(linear, plan, {9999}), b = predict_band(resampled, plan, {9999});
  EXPECT_NEAR((a.high[0] - a.low[0]) / (b.high[0] - b.low[0]), 1, 0.1);
}

TEST(Fit, DoesNotDependOnTheNumberOfThreads) {
  Stream stream(Seed{2}, lane("threads"));
  const std::vector<Curve> curves = training_pair(stream, 1e-3, 0.6);
  FitOptions options;
  options.draws = 40;
  set_threads(1);
  const Fit one = fit(curves, options);
  set_threads(0);
  const Fit all = fit(curves, options);
  EXPECT_EQ(one.covariance, all.covariance);
  for (std::size_t i = 0; i < one.parameters.size(); ++i)
    EXPECT_EQ(one.parameters[i].low, all.parameters[i].low);
}

TEST(Fit, SaysWhenConstantSchedulesDoNotIdentifyC) {
  Stream stream(Seed{1}, lane("constant"));
  const std::vector<Curve> curves{
      noisy_curve(truth, "constant", synthetic_plan(Kind::constant, 8000), 1e-3, 0, stream)};
  const Fit fitted = fit(curves);
  EXPECT_EQ(fitted.parameters[3].name, "C");
  EXPECT_EQ(fitted.parameters[3].value, 0);
  EXPECT_TRUE(fitted.parameters[3].fixed);
  EXPECT_THAT(fitted.warnings, testing::Contains(testing::HasSubstr("C is not identified")));
  FitOptions multi_power;
  multi_power.law = "multi_power";
  multi_power.draws = 0;
  EXPECT_THAT(fit(curves, multi_power).warnings,
              testing::Contains(testing::HasSubstr("they are the prior's")));
}

TEST(Fit, ProfilesLambdaOverItsGrid) {
  const AnnealingLaw known{3.0, 0.5, 0.5, 0.45, 0.998};
  std::vector<Curve> curves;
  for (const Kind kind : {Kind::cosine, Kind::cooldown}) {
    const Plan plan = synthetic_plan(kind, 8000);
    const std::vector<std::int64_t> steps = report_steps(plan, 120);
    curves.push_back(make_curve("run", plan, steps, known.predict(plan, steps)));
  }
  FitOptions options;
  options.profile_lambda = true;
  options.draws = 20;
  const Fit fitted = fit(curves, options);
  EXPECT_EQ(fitted.parameters[4].name, "lambda");
  EXPECT_EQ(fitted.parameters[4].value, 0.998);
  EXPECT_FALSE(fitted.parameters[4].fixed);
  EXPECT_NEAR(fitted.parameters[3].value, 0.45, 1e-6);
}

// Spikes of 20 % on every twentieth row move the estimates by little.
TEST(Fit, IsRobustAgainstSpikes) {
  Stream stream(Seed{6}, lane("spikes"));
  std::vector<Curve> curves = training_pair(stream, 1e-3, 0);
  for (Curve& curve : curves)
    for (std::size_t row = 10; row < curve.losses.size(); row += 20) curve.losses[row] *= 1.2;
  FitOptions options;
  options.draws = 0;
  const Fit fitted = fit(curves, options);
  EXPECT_NEAR(fitted.parameters[0].value, truth.L0, 0.05);
  EXPECT_NEAR(final_loss(fitted.law, synthetic_plan(Kind::cooldown, 10000)),
              final_loss(truth, synthetic_plan(Kind::cooldown, 10000)), 0.01);
}

// The smallest curve that is allowed, with every draw refitted.
TEST(Fit, EightRowsAreEnough) {
  Stream stream(Seed{8}, lane("eight"));
  const std::vector<Curve> curves{
      noisy_curve(truth, "cosine", synthetic_plan(Kind::cosine, 8000), 1e-3, 0, stream, 8)};
  for (const std::string law : {"annealing", "multi_power", "power"}) {
    FitOptions options;
    options.law = law;
    options.draws = 20;
    const Fit fitted = fit(curves, options);
    const Band band = predict_band(fitted, curves[0].plan, curves[0].steps);
    for (std::size_t i = 0; i < band.loss.size(); ++i) {
      EXPECT_TRUE(std::isfinite(band.low[i]) && std::isfinite(band.high[i])) << law;
      EXPECT_LT(band.low[i], band.high[i]) << law;
    }
  }
}

TEST(Fit, LeavesRowsOfTheWarmupOut) {
  const Plan plan = synthetic_plan(Kind::cosine, 8000);
  std::vector<std::int64_t> steps{100, 300, 500};
  for (std::int64_t s = 800; s < 8000; s += 100) steps.push_back(s);
  std::vector<double> losses = truth.predict(plan, steps);
  losses[0] = 10;
  FitOptions options;
  options.draws = 0;
  const std::vector<Curve> curves{make_curve("run", plan, steps, losses)};
  const Fit fitted = fit(curves, options);
  EXPECT_NEAR(fitted.parameters[0].value, 3.0, 1e-6);
  EXPECT_THAT(fitted.warnings, testing::Contains(testing::HasSubstr("3 rows inside the warm-up")));
}

TEST(Fit, RefusesUnknownLawsAndEmptyInput) {
  FitOptions options;
  options.law = "multipower";
  EXPECT_THROW(fit({}, FitOptions{}), InvalidInput);
  try {
    fit({}, options);
    FAIL();
  } catch (const InvalidInput& error) {
    EXPECT_STREQ(error.what(), "unknown law 'multipower' (did you mean 'multi_power'?)");
  }
}

TEST(ModelSizeFit, RecoversTheLawFromThreeSizes) {
  const ModelSizeLaw law{2.0, 0.5, 0.5, 30, 0.25, 2, 0.1, 0.999};
  std::vector<Curve> curves;
  for (const double size : {25e6, 100e6, 400e6}) {
    for (const Kind kind : {Kind::constant, Kind::cosine}) {
      Plan plan = synthetic_plan(kind, 8000);
      plan.model_size = size;
      const std::vector<std::int64_t> steps = report_steps(plan, 100);
      curves.push_back(make_curve("run", plan, steps, law.predict(plan, steps)));
    }
  }
  FitOptions options;
  options.law = "model_size";
  options.draws = 0;
  const auto fitted = std::get<ModelSizeLaw>(fit(curves, options).law);
  EXPECT_NEAR(fitted.L0, law.L0, 1e-4);
  EXPECT_NEAR(fitted.B, law.B, 1e-2);
  EXPECT_NEAR(fitted.beta, law.beta, 1e-4);
  EXPECT_NEAR(fitted.C, law.C, 1e-3);
  EXPECT_NEAR(fitted.gamma, law.gamma, 1e-4);
}

// Fits 25M and 100M jointly and predicts an unseen schedule of each.
TEST(ModelSizeFit, PredictsUnseenSchedulesOfTwoSizes) {
  SKIP_WITHOUT_SHARED_CURVES();
  std::vector<Curve> curves = shipped::curves(25, {"constant_24000", "cosine_24000"});
  for (Curve& curve : shipped::curves(100, {"constant_24000", "cosine_24000"}))
    curves.push_back(std::move(curve));
  FitOptions options;
  options.law = "model_size";
  options.draws = 0;
  const Fit fitted = fit(curves, options);
  EXPECT_THAT(fitted.warnings, testing::Contains(testing::HasSubstr("beta is not identified")));
  for (const int millions : {25, 100})
    EXPECT_LE(quality(fitted.law, shipped::curve(millions, "wsd_20000_24000")).mean_relative_error, 0.006);
}

}  // namespace
}  // namespace lehr::laws
