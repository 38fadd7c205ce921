#include "lehr/schedule/laws/annealing_law.hpp"

#include <gmock/gmock.h>

#include "lehr/core/errors.hpp"
#include "lehr/core/random.hpp"
#include "lehr/schedule/laws/fit.hpp"
#include "shipped_curves.hpp"

namespace lehr::laws {
namespace {

// The schedule with warm-up, a re-warm-up and a random tail: every feature of the sums at once.
Plan rough_plan() {
  Plan plan = shipped::constant(3000);
  plan.warmup = 200;
  Stream stream(Seed{5}, lane("rough plan"));
  for (std::size_t i = 0; i < plan.rates.size(); ++i) {
    const double x = static_cast<double>(i);
    plan.rates[i] = i < 200 ? 3e-4 * x / 200 : i < 1500 ? 3e-4 - 1e-7 * x : 1e-4 * (1 + uniform(stream));
  }
  return plan;
}

// The 100M fit of the shipped curves (constant_24000 and cosine_24000) before rounding.
const AnnealingLaw law_100m{2.78974, 0.591582, 0.455802, 0.480153, 0.999};

TEST(AnnealingLaw, TheRecursionEqualsTheDoubleSum) {
  const Plan plan = rough_plan();
  const double lambda = 0.997;
  const Areas sums = areas(plan, lambda);
  for (const std::size_t s : {150UL, 200UL, 201UL, 1499UL, 2999UL}) {
    double forward = 0, annealing = 0;
    for (std::size_t i = 0; i <= s; ++i) forward += plan.rates[i];
    for (std::size_t i = 201; i <= s; ++i)
      for (std::size_t k = 201; k <= i; ++k)
        annealing += (plan.rates[k - 1] - plan.rates[k]) * std::pow(lambda, static_cast<double>(i - k));
    EXPECT_NEAR(sums.forward[s], forward, 1e-12 * std::max(forward, 1.0));
    EXPECT_NEAR(sums.annealing[s], annealing, 1e-12);
  }
}

TEST(AnnealingLaw, BothAreasScaleWithTheLearningRate) {
  Plan plan = rough_plan();
  const Areas before = areas(plan, 0.999);
  for (double& rate : plan.rates) rate *= 7;
  const Areas after = areas(plan, 0.999);
  EXPECT_NEAR(after.forward.back(), 7 * before.forward.back(), 1e-12);
  EXPECT_NEAR(after.annealing.back(), 7 * before.annealing.back(), 1e-12);
}

TEST(AnnealingLaw, CountsTheWarmupAsARampOrAtThePeak) {
  const Plan plan = shipped::constant(3000);
  const Areas ramp = areas(plan, 0.999), peak = areas(plan, 0.999, WarmupArea::peak);
  const double w = static_cast<double>(shipped::warmup);
  EXPECT_NEAR(ramp.forward.back(), shipped::peak * (3000 - w + (w - 1) / 2), 1e-12);
  EXPECT_NEAR(peak.forward.back(), shipped::peak * 3000, 1e-12);
  EXPECT_EQ(ramp.annealing.back(), 0);  // the warm-up's rise does not count
}

TEST(AnnealingLaw, PredictsABumpWhenTheRateRises) {
  Plan plan = shipped::constant(12000);
  std::fill(plan.rates.begin() + 6000, plan.rates.begin() + 9000, 3e-5);
  const std::vector<std::int64_t> steps{8999, 9300};
  const std::vector<double> losses = law_100m.predict(plan, steps);
  EXPECT_GT(losses[1], losses[0] + 0.01);
}

TEST(AnnealingLaw, ItsGradientAgreesWithCentralDifferences) {
  for (const WarmupArea area : {WarmupArea::ramp, WarmupArea::peak}) {
    AnnealingLaw law = law_100m;
    law.warmup = area;
    const Plan plan = rough_plan();
    std::vector<double> gradient;
    const double value = law.final_loss(plan, gradient);
    EXPECT_NEAR(value, law.final_loss(plan), 1e-13);
    for (const std::size_t i : {0UL, 100UL, 199UL, 200UL, 201UL, 1400UL, 2500UL, 2998UL, 2999UL}) {
      Plan up = plan, down = plan;
      const double step = 1e-7;
      up.rates[i] += step;
      down.rates[i] -= step;
      const double slope = (law.final_loss(up) - law.final_loss(down)) / (2 * step);
      EXPECT_NEAR(gradient[i], slope, 1e-6 * std::max(1.0, std::abs(slope))) << i;
    }
  }
}

// A prototype's figures for 24000 steps of which 2160 warm up, peak 3e-4. Its own 100M parameters, known to
// four digits, leave the fifth decimal of a loss open.
TEST(BestSingleDrop, AgreesWithThePrototype) {
  const SingleDrop best = best_single_drop(law_100m, 24000, shipped::warmup, shipped::peak);
  EXPECT_NEAR(best.steps_before_end, 3166, 3);
  EXPECT_NEAR(best.loss, 2.91470, 6e-5);
  EXPECT_NEAR(law_100m.final_loss(shipped::constant(24000)), 3.03544, 6e-5);
  EXPECT_NEAR(law_100m.final_loss(shipped::plan_of("cosine_24000")), 2.97856, 6e-5);
  Plan cooldown = shipped::constant(24000);
  for (std::size_t i = 20000; i < 24000; ++i) cooldown.rates[i] *= static_cast<double>(24000 - i) / 4000;
  EXPECT_NEAR(law_100m.final_loss(cooldown), 2.93717, 6e-5);
}

TEST(BestSingleDrop, NoOtherDropLengthIsBetter) {
  for (const double floor : {0.0, 3e-5}) {
    const SingleDrop best = best_single_drop(law_100m, 6000, 500, 3e-4, floor);
    for (std::int64_t drop = 0; drop < 5500; drop += 7) {
      Plan plan = best.plan;
      std::fill(plan.rates.begin() + 500, plan.rates.end() - drop, 3e-4);
      std::fill(plan.rates.end() - drop, plan.rates.end(), floor);
      EXPECT_GE(law_100m.final_loss(plan), best.loss - 1e-12) << drop;
    }
  }
  EXPECT_THROW(best_single_drop(law_100m, 500, 500, 3e-4), InvalidInput);
  EXPECT_THROW(best_single_drop(law_100m, 600, 500, 3e-4, 3e-4), InvalidInput);
}

double mean_error(const Law& law, const std::vector<Curve>& curves, double* worst_curve = nullptr,
                  double* r2 = nullptr) {
  double mean = 0, worst = 0, mean_r2 = 0;
  for (const Curve& curve : curves) {
    const CurveQuality q = quality(law, curve);
    mean += q.mean_relative_error / static_cast<double>(curves.size());
    mean_r2 += q.r2 / static_cast<double>(curves.size());
    worst = std::max(worst, q.mean_relative_error);
  }
  if (worst_curve != nullptr) *worst_curve = worst;
  if (r2 != nullptr) *r2 = mean_r2;
  return mean;
}

FitOptions quick(const std::string& law = "annealing", const std::string& area = "ramp") {
  FitOptions options;
  options.law = law;
  options.warmup_area = area;
  options.draws = 0;
  return options;
}

const std::vector<std::string> two_curves{"constant_24000", "cosine_24000"};

TEST(AnnealingFit, PredictsUnseenSchedulesOfThe25MModel) {
  SKIP_WITHOUT_SHARED_CURVES();
  const std::vector<Curve> unseen = shipped::others(25, two_curves);
  const Fit fitted = fit(shipped::curves(25, two_curves), quick());
  const auto& law = std::get<AnnealingLaw>(fitted.law);
  EXPECT_NEAR(law.L0, 3.164, 0.02 * 3.164);
  EXPECT_NEAR(law.A, 0.509, 0.02 * 0.509);
  EXPECT_NEAR(law.alpha, 0.524, 0.02 * 0.524);
  EXPECT_NEAR(law.C, 0.406, 0.02 * 0.406);
  double worst = 0, r2 = 0;
  const double error = mean_error(fitted.law, unseen, &worst, &r2);
  EXPECT_LE(error, 0.0018);
  EXPECT_LE(worst, 0.0030);
  EXPECT_GE(r2, 0.997);
  const Fit baseline = fit(shipped::curves(25, two_curves), quick("power"));
  EXPECT_GE(mean_error(baseline.law, unseen), 4 * error);
  const Fit peak = fit(shipped::curves(25, two_curves), quick("annealing", "peak"));
  EXPECT_GT(mean_error(peak.law, unseen), 1.1 * error);
}

TEST(AnnealingFit, PredictsUnseenSchedulesOfThe100MModel) {
  SKIP_WITHOUT_SHARED_CURVES();
  const std::vector<Curve> unseen = shipped::others(100, two_curves);
  const Fit fitted = fit(shipped::curves(100, two_curves), quick());
  const auto& law = std::get<AnnealingLaw>(fitted.law);
  EXPECT_NEAR(law.L0, 2.790, 0.02 * 2.790);
  EXPECT_NEAR(law.A, 0.5915, 0.02 * 0.5915);
  EXPECT_NEAR(law.alpha, 0.456, 0.02 * 0.456);
  EXPECT_NEAR(law.C, 0.480, 0.02 * 0.480);
  const std::map<std::string, double> measured{{"wsdcon_9", 0.00119},     {"constant_72000", 0.00084},
                                               {"cosine_72000", 0.00338}, {"wsd_20000_24000", 0.00080},
                                               {"wsdcon_3", 0.00220},     {"wsdcon_18", 0.00130}};
  for (const Curve& curve : unseen)
    EXPECT_NEAR(quality(fitted.law, curve).mean_relative_error, measured.at(curve.name), 2e-5) << curve.name;
  const double error = mean_error(fitted.law, unseen);
  EXPECT_LE(error, 0.0019);
  const Fit baseline = fit(shipped::curves(100, two_curves), quick("power"));
  EXPECT_GE(mean_error(baseline.law, unseen), 4 * error);
  const Fit peak = fit(shipped::curves(100, two_curves), quick("annealing", "peak"));
  EXPECT_GT(mean_error(peak.law, unseen), 1.1 * error);
}

TEST(AnnealingFit, ACosineAloneIsEnoughWithFixedLambda) {
  SKIP_WITHOUT_SHARED_CURVES();
  const std::vector<std::string> cosine{"cosine_24000"};
  for (const auto& [millions, limit] : {std::pair{25, 0.0032}, std::pair{100, 0.0023}}) {
    const Fit fitted = fit(shipped::curves(millions, cosine), quick());
    EXPECT_LE(mean_error(fitted.law, shipped::others(millions, cosine)), limit);
    FitOptions profiled = quick();
    profiled.profile_lambda = true;
    const Fit profile = fit(shipped::curves(millions, cosine), profiled);
    EXPECT_LE(profile.objective, fitted.objective);
    EXPECT_THAT(profile.warnings, testing::Contains(testing::HasSubstr("lambda is not identified")));
  }
}

}  // namespace
}  // namespace lehr::laws
