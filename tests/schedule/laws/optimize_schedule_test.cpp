#include "lehr/schedule/laws/optimize_schedule.hpp"

#include <gmock/gmock.h>

#include "lehr/core/errors.hpp"
#include "lehr/core/random.hpp"
#include "lehr/schedule/laws/advice.hpp"
#include "lehr/schedule/laws/design_families.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::laws {
namespace {

const MultiPowerLaw published_25m{3.04045406, 0.52468604, 0.50786857, 363.78751622,
                                  2.06560812, 0.58279013, 0.64142257};
const MultiPowerLaw published_100m{2.6514477,  0.60115152, 0.45295811, 437.9464276,
                                   2.13245612, 0.59785199, 0.65523644};
const AnnealingLaw annealing_100m{2.78974, 0.591582, 0.455802, 0.480153, 0.999};

DesignOptions published_design() {
  DesignOptions options;
  options.steps = 24000;
  options.warmup = 2160;
  options.peak = 3e-4;
  return options;
}

double area_of(const Plan& plan) {
  double sum = 0;
  for (const double rate : plan.rates) sum += rate;
  return sum;
}

void expect_valid(const Plan& plan, const DesignOptions& options) {
  ASSERT_EQ(plan.steps(), options.steps);
  for (std::int64_t i = 0; i < options.steps; ++i) {
    const double rate = plan.rates[static_cast<std::size_t>(i)];
    if (i < options.warmup) {
      EXPECT_DOUBLE_EQ(rate, options.peak * static_cast<double>(i) / static_cast<double>(options.warmup));
      continue;
    }
    ASSERT_GE(rate, options.floor * (1 - 1e-12));
    ASSERT_LE(rate, options.peak * (1 + 1e-12));
    if (i > options.warmup) {
      ASSERT_LE(rate, plan.rates[static_cast<std::size_t>(i) - 1] * (1 + 1e-12)) << i;
    }
  }
}

TEST(OptimizeSchedule, ReachesThePublishedOptimaOfTheMultiPowerLaw) {
  const DesignOptions options = published_design();
  for (const auto& [law, limit] : {std::pair{published_25m, 3.1498}, std::pair{published_100m, 2.7942}}) {
    const Design design = optimize_schedule(law, options);
    EXPECT_LE(design.loss, limit);
    EXPECT_LE(design.text_loss, limit);
    EXPECT_LE(design.loss, design.text_loss);
    EXPECT_NEAR(final_loss(law, design.plan), design.loss, 1e-9);
    EXPECT_GE(final_loss(law, cosine_plan(options, 3e-5)) - design.loss, 0.05);
    expect_valid(design.plan, options);
    EXPECT_FALSE(design.trace.empty());
  }
}

TEST(OptimizeSchedule, ItsTextIsAScheduleWithTheSameRatesAndLoss) {
  for (const std::int64_t warmup : {0, 2160}) {
    DesignOptions options = published_design();
    options.warmup = warmup;
    const Design design = optimize_schedule(published_25m, options);
    const Plan parsed{Schedule::parse(design.text).sample(options.steps), warmup};
    for (std::size_t i = 0; i < parsed.rates.size(); ++i)
      ASSERT_NEAR(parsed.rates[i], design.text_plan.rates[i], 1e-12) << i;
    EXPECT_NEAR(final_loss(published_25m, parsed), design.text_loss, 1e-9);
  }
}

TEST(OptimizeSchedule, StairsProfitFromLargeDrops) {
  DesignOptions options = published_design();
  options.knots = 100;
  const Design lines = optimize_schedule(published_25m, options);
  options.stairs = true;
  const Design stairs = optimize_schedule(published_25m, options);
  EXPECT_LT(stairs.loss, lines.loss - 0.001);
  expect_valid(stairs.plan, options);
}

// The general optimiser approaches the exact optimum of the annealing law, which the result then uses.
TEST(OptimizeSchedule, FindsTheSingleDropOfTheAnnealingLaw) {
  const DesignOptions options = published_design();
  const SingleDrop exact = best_single_drop(annealing_100m, options.steps, options.warmup, options.peak);
  const Design design = optimize_schedule(annealing_100m, options);
  EXPECT_DOUBLE_EQ(design.loss, exact.loss);
  EXPECT_EQ(design.plan.rates, exact.plan.rates);
  EXPECT_LT(design.text_loss, exact.loss + 1e-4);
  EXPECT_GE(design.text_loss, exact.loss);
  EXPECT_THAT(design.notes, testing::ElementsAre(testing::HasSubstr("artefact of the law")));
}

TEST(OptimizeSchedule, KeepsTheFloor) {
  DesignOptions options = published_design();
  options.steps = 8000;
  options.warmup = 500;
  options.floor = 6e-5;
  const Design design = optimize_schedule(published_25m, options);
  expect_valid(design.plan, options);
  EXPECT_NEAR(design.plan.rates.back(), options.floor, 1e-8);
}

TEST(OptimizeSchedule, KeepsAFixedArea) {
  DesignOptions options = published_design();
  options.area = 5.5;
  const Design power = optimize_schedule(published_25m, options);
  EXPECT_NEAR(area_of(power.plan), 5.5, 1e-5);
  expect_valid(power.plan, options);
  // Not better than without the constraint, better than a cosine stretched to the same area.
  EXPECT_GT(power.loss, optimize_schedule(published_25m, published_design()).loss);
  double low = 0, high = options.peak;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    (area_of(cosine_plan(options, middle)) < 5.5 ? low : high) = middle;
  }
  EXPECT_LT(power.loss, final_loss(published_25m, cosine_plan(options, low)) - 0.01);

  const Design drop = optimize_schedule(annealing_100m, options);
  EXPECT_NEAR(area_of(drop.plan), 5.5, 1e-9);
  EXPECT_LE(drop.loss, drop.text_loss);
  options.area = 100;
  EXPECT_THROW(optimize_schedule(published_25m, options), InvalidInput);
}

TEST(OptimizeSchedule, ARobustDesignHasTheLowestMeanLoss) {
  DesignOptions options = published_design();
  options.steps = 6000;
  options.warmup = 500;
  options.knots = 60;
  MultiPowerLaw other = published_25m;
  other.gamma = 0.5;
  other.B *= 1.2;
  const std::vector<Law> laws{published_25m, other};
  const auto mean = [&](const Plan& plan) {
    return (final_loss(laws[0], plan) + final_loss(laws[1], plan)) / 2;
  };
  const Design robust = optimize_schedule(laws, options);
  EXPECT_NEAR(robust.loss, mean(robust.plan), 1e-12);
  EXPECT_LE(robust.loss, mean(optimize_schedule(laws[0], options).plan) + 1e-9);
  EXPECT_LE(robust.loss, mean(optimize_schedule(laws[1], options).plan) + 1e-9);
}

TEST(OptimizeSchedule, RefusesImpossibleOptions) {
  DesignOptions options = published_design();
  options.floor = 4e-4;
  EXPECT_THROW(optimize_schedule(published_25m, options), InvalidInput);
  options = published_design();
  options.warmup = 24000;
  EXPECT_THROW(optimize_schedule(published_25m, options), InvalidInput);
  EXPECT_THROW(optimize_schedule(std::span<const Law>{}, published_design()), InvalidInput);
}

TEST(DesignFamilies, TheirChainRuleAgreesWithCentralDifferences) {
  DesignOptions options = published_design();
  options.steps = 1000;
  options.warmup = 100;
  options.knots = 12;
  options.floor = 1e-5;
  Stream stream(Seed{1}, lane("chain rule"));
  for (const bool stairs : {false, true}) {
    options.stairs = stairs;
    const KnotFamily knots(options);
    Eigen::VectorXd u(knots.size());
    for (double& value : u) value = 0.3 * uniform(stream);
    const Family families[] = {knots.family(), cooldown_family(options)};
    const Eigen::VectorXd points[] = {u, Eigen::VectorXd{{0.4321, 1.7, -2}}};
    for (int f = 0; f < 2; ++f) {
      std::vector<double> gradient;
      final_loss(published_25m, families[f].plan(points[f]), gradient);
      const Eigen::VectorXd pull = families[f].pull_back(points[f], gradient);
      for (Eigen::Index j = 0; j < pull.size(); ++j) {
        Eigen::VectorXd up = points[f], down = points[f];
        up[j] += 1e-5;
        down[j] -= 1e-5;
        const double slope = (final_loss(published_25m, families[f].plan(up)) -
                              final_loss(published_25m, families[f].plan(down))) /
                             2e-5;
        EXPECT_NEAR(pull[j], slope, 1e-6) << "family " << f << " parameter " << j;
      }
    }
  }
}

}  // namespace
}  // namespace lehr::laws
