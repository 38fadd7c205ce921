#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/diffusion/point_file.hpp"
#include "lehr/diffusion/search/fitness.hpp"
#include "lehr/diffusion/search/solver_search.hpp"
#include "lehr/diffusion/search/step_plan.hpp"
#include "lehr/diffusion/search/subset_evolution.hpp"
#include "tests/core/test_files.hpp"
#include "tests/diffusion/wide3.hpp"

namespace lehr::diffusion {
namespace {

using test::Wide3;

// All 4060 subsets of 3 of 30 times are enumerated; 160 evaluations must come among the best 1 %.
TEST(StepSearch, ReachesTheBestOfAllSubsets) {
  const Wide3 c;
  const Fitness fitness(c.model, c.process, {.points = 400}, {}, Seed{11});
  const auto value = [&](const Subset& subset) { return fitness(step_plan(c.process, subset, 30, {})); };
  std::vector<double> all;
  for (std::int64_t i = 2; i < 30; ++i)
    for (std::int64_t j = 1; j < i; ++j)
      for (std::int64_t k = 0; k < j; ++k) all.push_back(value({{i, j, k}}));
  ASSERT_EQ(all.size(), 4060u);
  std::ranges::sort(all);
  int reached = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const SubsetEvolution search(
        {.population = 20, .select = 6, .mutation = 12, .crossover = 5, .evaluations = 160}, 30,
        {rule_steps("leading", 3, 30)}, value);
    const auto run = drive(search, Budget::steps(search.generations()), Seed{seed});
    EXPECT_EQ(run.state.values.size(), 160u);
    if (run.state.best <= all[40]) ++reached;
  }
  EXPECT_GE(reached, 4);
  // The rules are far from it.
  for (const char* rule : {"leading", "trailing", "linspace"})
    EXPECT_GT(value({rule_steps(rule, 3, 30)}), 1.5 * all[40]) << rule;
}

TEST(StepSearch, Rules) {
  EXPECT_EQ(rule_steps("leading", 4, 1000), (std::vector<std::int64_t>{750, 500, 250, 0}));
  EXPECT_EQ(rule_steps("trailing", 4, 1000), (std::vector<std::int64_t>{999, 749, 499, 249}));
  EXPECT_EQ(rule_steps("linspace", 4, 1000), (std::vector<std::int64_t>{999, 666, 333, 0}));
  EXPECT_EQ(rule_steps("quadratic", 6, 6), (std::vector<std::int64_t>{5, 4, 3, 2, 1, 0}));
  EXPECT_THROW(rule_steps("leading", 7, 6), InvalidInput);
  EXPECT_THROW(rule_steps("uniform", 4, 1000), InvalidInput);
}

// No candidate twice, times distinct and falling, the budget of blocks kept, stage 2 opens skipping.
TEST(StepSearch, CandidatesAreNewAndAffordable) {
  std::vector<Subset> seen;
  const SubsetEvolution search(
      {.population = 20, .select = 5, .mutation = 10, .crossover = 5, .evaluations = 240, .max_skip = 0.3},
      100, {{80, 50, 20, 5}},
      [&](const Subset& subset) {
        seen.push_back(subset);
        double value = 0;
        for (std::size_t i = 0; i < subset.times.size(); ++i)
          value += std::abs(static_cast<double>(subset.times[i]) - 30) + subset.skips[i];
        return value - 100 * static_cast<double>(subset.times.size());
      },
      4, 18);
  const auto run = drive(search, Budget::steps(search.generations()), Seed{3});
  std::vector<std::pair<std::vector<std::int64_t>, std::vector<std::uint32_t>>> keys;
  bool skipped = false;
  for (const Subset& subset : seen) {
    EXPECT_TRUE(std::ranges::is_sorted(subset.times, std::greater<>()));
    EXPECT_EQ(std::ranges::adjacent_find(subset.times), subset.times.end());
    int cost = 0;
    for (const std::uint32_t skip : subset.skips)
      cost += 4 - std::popcount(skip), skipped = skipped || skip != 0;
    EXPECT_LE(cost, 18);
    keys.emplace_back(subset.times, subset.skips);
  }
  EXPECT_TRUE(skipped);
  EXPECT_GT(search.best(run.state).times.size(), 4u);  // skipped blocks paid for a fifth step
  std::ranges::sort(keys);
  EXPECT_EQ(std::ranges::adjacent_find(keys), keys.end());
}

// The paper's claim at five calls: after 200 evaluations beyond the presets the searched schedule has at most 0.4 times the error of the best
// preset, on fresh starts.
TEST(SolverSearch, BeatsEveryPresetOnFreshStarts) {
  const Wide3 c;
  const Fitness fitness(c.model, c.process, {.points = 400}, {}, Seed{21}),
      fresh(c.model, c.process, {.points = 2000}, {}, Seed{22});
  for (const std::uint64_t seed : {1, 2}) {
    const SolverSearch search({}, c.process, 5, [&](const SolverSchedule& schedule) {
      return fitness(usf_plan(c.process, schedule));
    });
    const auto run = drive(search, Budget::steps(search.generations()), Seed{seed});
    ASSERT_EQ(run.state.presets, 36);
    const SolverSchedule best = search.member(run.state, search.ranking(run.state).front());
    EXPECT_EQ(best.evaluations(), 5);
    double preset = 1e9;
    for (std::size_t i = 0; i < 36; ++i)
      preset = std::min(preset, fresh(usf_plan(c.process, search.member(run.state, i))));
    EXPECT_LE(fresh(usf_plan(c.process, best)), 0.4 * preset) << "seed " << seed;
  }
}

// Mean over four seeds at equal evaluations.
TEST(SolverSearch, ThePredictorHelps) {
  const Wide3 c;
  const Fitness fitness(c.model, c.process, {.points = 200}, {}, Seed{31});
  double with = 0, without = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed)
    for (const bool predictor : {true, false}) {
      SolverSearchOptions options;
      options.evaluations = 136;
      options.predictor = predictor;
      const SolverSearch search(options, c.process, 5, [&](const SolverSchedule& schedule) {
        return fitness(usf_plan(c.process, schedule));
      });
      const auto run = drive(search, Budget::steps(search.generations()), Seed{seed});
      (predictor ? with : without) += run.state.values[search.ranking(run.state).front()] / 4;
    }
  EXPECT_LE(with, without);
}

// A search that was saved and goes on ends with the same bits.
TEST(SolverSearch, ResumesBitForBit) {
  const Wide3 c;
  const Fitness fitness(c.model, c.process, {.points = 50, .fine_steps = 200}, {}, Seed{41});
  SolverSearchOptions options;
  options.evaluations = 86;
  const SolverSearch search(options, c.process, 4, [&](const SolverSchedule& schedule) {
    return fitness(usf_plan(c.process, schedule));
  });
  const auto whole = drive(search, Budget::steps(search.generations()), Seed{5});
  Observers observers;
  observers.checkpoints.path = std::filesystem::temp_directory_path() / "lehr_solver_search.safetensors";
  observers.checkpoints.every_steps = 1;
  drive(search, Budget::steps(3), Seed{5}, observers);
  observers.checkpoints.resume = true;
  const auto resumed = drive(search, Budget::steps(search.generations()), Seed{5}, observers);
  std::filesystem::remove(observers.checkpoints.path);
  EXPECT_EQ(resumed.state.values, whole.state.values);
  EXPECT_EQ(resumed.state.codes, whole.state.codes);
}

// Four steps of DDIM on the digits, 500 evaluations, judged on fresh noise; half a minute on one core.
TEST(StepSearchSlow, FourStepsOnDigits) {
  const auto digits = lehr::test::shared_data("autodiffusion");
  if (digits.empty()) GTEST_SKIP() << "the shared data are not here";
  const Process process = Process::vp_linear();
  const ScoreModel model = residual_network(read_network(digits / "eps_network.json"), "eps_network.json");
  const Features features =
      feature_network(read_network(digits / "feature_network.json"), "feature_network.json");
  const Eigen::MatrixXd reference =
      read_point_set(digits / "digits_first1397.csv").points.topRows(64).array() / 8 - 1;
  const Fitness fitness(model, process, {.metric = Metric::frechet, .points = 500, .features = features},
                        reference, Seed{1});
  const Fitness fresh(model, process, {.metric = Metric::frechet, .points = 1400, .features = features},
                      reference, Seed{2});
  const StepPlanOptions ddim{.clip = std::pair{-1.0, 1.0}};
  const auto plan = [&](const Subset& subset) { return step_plan(process, subset, 1000, ddim); };
  double rule = 1e9;
  for (const std::string& name : step_rules())
    rule = std::min(rule, fresh(plan({rule_steps(name, 4, 1000)})));
  for (const std::uint64_t seed : {1, 2}) {
    const SubsetEvolution search({}, 1000, {rule_steps("leading", 4, 1000)},
                                 [&](const Subset& subset) { return fitness(plan(subset)); });
    const auto run = drive(search, Budget::steps(search.generations()), Seed{seed});
    EXPECT_LE(fresh(plan(search.best(run.state))), 0.6 * rule) << "seed " << seed;
  }
}

}  // namespace
}  // namespace lehr::diffusion
