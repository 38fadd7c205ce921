#include "lehr/tour/heatmap/tuning.hpp"

#include <gmock/gmock.h>

#include <numeric>
#include <set>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/tour/heatmap/prior.hpp"
#include "tests/tour/heatmap/public_instances.hpp"

namespace lehr::tour {
namespace {

TEST(Tuning, TheSpaceIsThatOfThePaper) {
  const std::vector<MctsLevels> space = tuning_space(true);
  EXPECT_EQ(space.size(), 864U);
  EXPECT_EQ(std::set<MctsLevels>(space.begin(), space.end()).size(), 864U);
  EXPECT_EQ(tuning_space(false).size(), 432U);
  const MctsSettings settings = settings_at({2, 1, 0, 3, 1, 2});
  EXPECT_EQ(settings.alpha.text(), "2");
  EXPECT_EQ(settings.beta.text(), "100");
  EXPECT_EQ(settings.pool.text(), "2");
  EXPECT_EQ(settings.candidates, 0);
  EXPECT_TRUE(settings.use_heatmap);
  EXPECT_EQ(settings.depth.text(), "100");
}

// f = 3 a(x_0) + b(x_1) c(x_5): the product is shared equally, and the mean parts go to their own factors.
TEST(Tuning, ShapleyValuesByHand) {
  const std::vector<MctsLevels> space = tuning_space(true);
  const double a[] = {0, 1, 5}, b[] = {-1, 0, 1}, c[] = {0, 2, 4, 10};  // means 2, 0, 4
  std::vector<double> values;
  for (const MctsLevels& x : space) values.push_back(3 * a[x[0]] + b[x[1]] * c[x[5]]);
  const MctsLevels at = {2, 2, 0, 1, 0, 3};
  const auto phi = shapley_values(space, values, at);
  EXPECT_NEAR(phi[0], 3 * (5 - 2), 1e-12);
  // v({1}) = 1 * 4, v({5}) = 0 * 10, v({1, 5}) = 10, v({}) = 0
  EXPECT_NEAR(phi[1], (4 + 10) / 2., 1e-12);
  EXPECT_NEAR(phi[5], (0 + 10 - 4) / 2., 1e-12);
  EXPECT_NEAR(phi[2], 0, 1e-12);
  EXPECT_NEAR(phi[3], 0, 1e-12);
  EXPECT_NEAR(phi[4], 0, 1e-12);
  EXPECT_NEAR(std::accumulate(phi.begin(), phi.end(), 0.0), 15 + 10 - 6, 1e-12);
}

TEST(Tuning, SurrogateFindsAdditiveEffects) {
  const std::vector<MctsLevels> space = tuning_space(true);
  const auto truth = [](const MctsLevels& x) { return 1 + 0.5 * x[0] - 0.2 * x[3] + 0.1 * x[4]; };
  std::vector<MctsLevels> trials;
  std::vector<double> losses;
  for (std::size_t i = 0; i < space.size(); i += 7)
    trials.push_back(space[i]), losses.push_back(truth(space[i]));
  const TuningSurrogate surrogate = fit_surrogate(space, trials, losses);
  EXPECT_GT(surrogate.explained, .999);
  for (std::size_t i = 0; i < space.size(); ++i) EXPECT_NEAR(surrogate.values[i], truth(space[i]), .02);
}

TEST(Tuning, TrialsAreDrawnOnceAndResumed) {
  const Instance first = test::uniform_instance(60, 1), second = test::uniform_instance(60, 2);
  const Heatmap first_heat = gt_prior(first), second_heat = gt_prior(second);
  const MctsTuning tuning({{&first, &first_heat}, {&second, &second_heat}}, 6, Budget::evaluations(2000));
  const auto whole = drive(tuning, Budget::steps(100), Seed{3});
  EXPECT_EQ(whole.why, Stop::finished);
  EXPECT_EQ(whole.state.lengths.size(), 12U);
  EXPECT_EQ(std::set<std::int32_t>(whole.state.trials.begin(), whole.state.trials.end()).size(), 6U);
  const std::vector<double> losses = tuning.losses(whole.state);
  EXPECT_EQ(losses.size(), 6U);
  for (const double loss : losses) EXPECT_GE(loss, 0);
  EXPECT_EQ(tuning.trials(whole.state).front(), (MctsLevels{1, 0, 2, 3, 1, 0}));

  const auto path = std::filesystem::temp_directory_path() / "lehr_tour_tuning_test.safetensors";
  std::filesystem::remove(path);
  Observers observers;
  observers.checkpoints.path = path;
  drive(tuning, Budget::steps(2), Seed{3}, observers);
  const auto resumed = drive(tuning, Budget::steps(100), Seed{3}, observers);
  EXPECT_EQ(resumed.state.lengths, whole.state.lengths);
  std::filesystem::remove(path);
}

TEST(Tuning, AZeroHeatmapHasNoCandidatesByHeat) {
  const Instance instance = test::uniform_instance(30, 1);
  const Heatmap none = zero_heatmap(30);
  const MctsTuning tuning({{&instance, &none}}, 1000, Budget::evaluations(10));
  EXPECT_EQ(tuning.space().size(), 432U);
  for (const MctsLevels& levels : tuning.space()) EXPECT_EQ(levels[4], 0);
  EXPECT_THROW(MctsTuning({}, 5, Budget::steps(1)), InvalidInput);
}

}  // namespace
}  // namespace lehr::tour
