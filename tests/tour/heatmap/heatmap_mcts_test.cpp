#include "lehr/tour/heatmap/heatmap_mcts.hpp"

#include <gmock/gmock.h>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/tour/heatmap/mcts_search.hpp"
#include "lehr/tour/heatmap/prior.hpp"
#include "lehr/tour/heatmap/softdist.hpp"
#include "tests/tour/heatmap/public_instances.hpp"

namespace lehr::tour {
namespace {

using ::testing::HasSubstr;

double recomputed_sum(const EdgeMemory& memory, City i) {
  double sum = 0;
  for (std::int32_t k = memory.rows().begin(i); k < memory.rows().end(i); ++k) sum += memory.weight(k);
  for (const EdgeMemory::Other& other : memory.others_of(i)) sum += other.weight;
  return sum;
}

TEST(CutTour, ReversalsKeepPlacesAndCanBeTakenBack) {
  for (const City n : {3, 4, 5, 8, 51}) {
    Order order(static_cast<std::size_t>(n));
    for (City i = 0; i < n; ++i) order[static_cast<std::size_t>(i)] = i;
    CutTour tour(order), before = tour;
    Stream random(Seed{5}, lane("test.cut"));
    for (int step = 0; step < 300; ++step) {
      if (step % 7 == 0) before = tour, tour.forget(), before.forget();
      const bool forward = uniform(random) < .5;
      const auto first = static_cast<City>(uniform_index(random, n));
      const auto length = static_cast<City>(1 + uniform_index(random, n - 1));
      City last = first;
      std::vector<City> path = {first};
      while (static_cast<City>(path.size()) < length) path.push_back(last = tour.ahead(last, forward));
      const City outside = tour.ahead(first, !forward), beyond = tour.ahead(last, forward);
      const bool now = tour.reverse_path(first, last, forward);
      // The ring reads, in the new direction: outside, the path from its end, beyond.
      std::reverse(path.begin(), path.end());
      City at = path.front();
      EXPECT_EQ(tour.ahead(at, !now), length == n - 1 ? beyond : outside);
      for (const City c : path) {
        EXPECT_EQ(at, c);
        at = tour.ahead(at, now);
      }
      EXPECT_EQ(at, beyond);
      for (City place = 0; place < n; ++place) EXPECT_EQ(tour.place_of(tour.city_at(place)), place);
      if (step % 7 == 6) {
        CutTour undone = tour, copied = before;
        undone.undo(0);
        EXPECT_EQ(undone.order(), before.order());
        copied.follow(tour);
        EXPECT_EQ(copied.order(), tour.order());
      }
    }
  }
}

// Five cities on a line at 0, 1, 3, 6, 10 with a heatmap of two entries a row, worked out by hand.
TEST(EdgeMemory, PotentialsByHand) {
  const Instance line = with_positions({0, 0, 1, 0, 3, 0, 6, 0, 10, 0}, 2);
  const Heatmap heatmap = heatmap_of_rows(
      {{{1, .6}, {2, .2}}, {{0, .5}}, {{1, .3}, {3, .00005}}, {{2, .4}}, {{3, .1}}}, "x", "x");
  const auto rows = std::make_shared<CandidateRows>(candidate_rows(line, heatmap, true, 5));
  EdgeMemory memory(rows, heatmap);
  ASSERT_EQ(rows->size(0), 2);
  EXPECT_EQ(rows->size(2), 1);  // 5e-5 is below the threshold of candidates, but counts in Omega
  EXPECT_NEAR(memory.mean(0), 80. / 4, 1e-5);
  EXPECT_NEAR(memory.mean(2), 30.005 / 4, 1e-5);
  EXPECT_EQ(rows->mirrors[static_cast<std::size_t>(rows->find(0, 1))], rows->find(1, 0));
  EXPECT_EQ(rows->mirrors[static_cast<std::size_t>(rows->find(0, 2))], -1);

  memory.visit(rows->find(0, 1));  // counts from both ends
  memory.visit(1, 0);
  memory.visit(2, 0);  // 0 is no candidate of 2, but 2 of 0
  memory.learn(0, 1, 2.5);
  memory.learn(0, 4, 1.5);  // no candidates of each other
  for (int k = 0; k < 6; ++k) memory.count_evaluation();
  EXPECT_EQ(memory.visits(rows->find(0, 1)), 2U);
  EXPECT_EQ(memory.visits(rows->find(1, 0)), 2U);
  EXPECT_EQ(memory.visits(rows->find(0, 2)), 1U);
  EXPECT_NEAR(memory.mean(0), (62.5 + 20 + 1.5) / 4, 1e-5);
  EXPECT_NEAR(memory.mean(4), (10 + 1.5) / 4, 1e-5);
  // Z_01 = W / Omega + alpha sqrt(ln(M + 1) / (Q + 1)) with alpha = 2
  const std::int32_t k = rows->find(0, 1);
  const double z = memory.weight(k) * memory.row(0).inverse_mean +
                   2 * std::sqrt(std::log(memory.evaluations() + 1.0)) * memory.visits()[k / 4].rarities[0];
  EXPECT_NEAR(z, 62.5 / 21 + 2 * std::sqrt(std::log(7.0) / 3), 1e-5);
}

// Thousands of actions, kept or taken back: the tour stays a tour, the gain is what the length says, sums stay sums.
TEST(HeatmapMcts, ActionsKeepTheirBooks) {
  for (const City n : {5, 7, 30, 200}) {
    const Instance instance = test::uniform_instance(n, 11);
    const Heatmap heatmap = symmetric(softdist(instance, softdist_temperature(instance)));
    MctsSettings settings;
    settings.positive_gain = n == 30;
    HeatmapMcts method(instance, heatmap, settings);
    MctsState state = method.start({.seed = {3}});
    const rule::Euclidean distance{{instance.coordinates.data()}};
    Stream words(Seed{8}, lane("test.actions"));
    MctsSearch search(distance, settings, {1, 100, 10, 20, 1, 0}, state, QuickStream(words));
    search.build();
    search.begin_actions();
    EXPECT_NEAR(state.length, length(instance, state.tour.order()), 1e-9);
    int kept = 0;
    for (int step = 0; step < 4000; ++step) {
      const Order before = state.tour.order();
      const double length_before = length(instance, before);
      const auto first = static_cast<City>(uniform_index(words, n));
      const CutTour kept_tour = state.tour;
      const ActionWalk& walk = search.try_action(first, step % 2 == 0);
      const double gain = walk.gain();
      ASSERT_NO_THROW(check_order(state.tour.order(), n, "test"));
      if (gain > 0) {
        ++kept;
        ASSERT_NEAR(length_before - length(instance, state.tour.order()), gain, 1e-9);
        search.learn(walk);
        CutTour other = kept_tour;
        other.follow(state.tour);
        ASSERT_EQ(other.order(), state.tour.order());
        ASSERT_NEAR(state.length, length(instance, state.tour.order()), 1e-9);
        for (const auto& [a, b] : walk.added()) ASSERT_NE(a, b);
      } else {
        state.tour.return_to(kept_tour);
        ASSERT_EQ(state.tour.order(), before);
      }
    }
    if (n >= 30) {  // smaller ones may be built optimal
      EXPECT_GT(kept, 0);
    }
    for (City i = 0; i < n; ++i)
      EXPECT_NEAR(state.memory.mean(i) * (n - 1), recomputed_sum(state.memory, i),
                  1e-7 * recomputed_sum(state.memory, i));
  }
}

// The same of whole advances, with descents of both kinds and with kicks, under several metrics.
TEST(HeatmapMcts, AdvancesKeepTheirBooks) {
  for (const Metric metric : {Metric::euclidean, Metric::euc_2d, Metric::man_2d})
    for (const char* preset : {"paper", "gt-500", "zero-500", "tuned"}) {
      Instance instance = test::uniform_instance(80, 4);
      for (double& x : instance.coordinates) x *= 1000;
      instance = with_positions(instance.coordinates, 2, metric);
      const HeatmapMcts method(instance, gt_prior(instance), mcts_settings(preset, "gt", 80));
      MctsState state = method.start({.seed = {2}});
      double best = state.best_length;
      for (std::int64_t step = 0; step < 8; ++step) {
        method.advance(state, {.step = step, .seed = {2}});
        ASSERT_NO_THROW(check_order(state.tour.order(), 80, preset));
        ASSERT_NO_THROW(check_order(state.best, 80, preset));
        EXPECT_NEAR(state.length, length(instance, state.tour.order()), 1e-6) << preset;
        EXPECT_EQ(state.best_length, length(instance, state.best)) << preset;
        EXPECT_LE(state.best_length, best);
        EXPECT_LE(state.best_length, state.length + 1e-6) << preset;
        best = state.best_length;
      }
      for (City i = 0; i < 80; ++i)
        EXPECT_NEAR(state.memory.mean(i) * 79, recomputed_sum(state.memory, i),
                    1e-6 * (1 + recomputed_sum(state.memory, i)));
      EXPECT_GT(state.simulations, 0);
    }
}

TEST(HeatmapMcts, TheSmallestProblems) {
  for (const City n : {3, 4, 5, 6, 8, 9}) {
    const Instance instance = test::uniform_instance(n, 21);
    for (const char* preset : {"paper", "tuned"}) {
      const HeatmapMcts method(instance, gt_prior(instance), mcts_settings(preset, "gt", n));
      const auto run = drive(method, Budget::steps(2), Seed{1});
      Order order(static_cast<std::size_t>(n));
      std::iota(order.begin(), order.end(), 0);
      double best = length(instance, order);
      while (std::next_permutation(order.begin() + 1, order.end()))
        best = std::min(best, length(instance, order));
      EXPECT_NEAR(run.state.best_length, best, 1e-12) << n << preset;
    }
  }
}

TEST(HeatmapMcts, CitiesAtOnePlaceAreLegal) {
  const Instance instance = with_positions({0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 0, 0}, 2);
  for (const char* preset : {"paper", "tuned"}) {
    const HeatmapMcts method(instance, gt_prior(instance), mcts_settings(preset, "gt", 10));
    EXPECT_NEAR(drive(method, Budget::steps(2), Seed{1}).state.best_length, 4, 1e-12) << preset;
  }
}

TEST(HeatmapMcts, BadInputGetsOneLine) {
  const Instance instance = test::uniform_instance(20, 1);
  const auto told = [&](const Heatmap& heatmap, const MctsSettings& settings) -> std::string {
    try {
      HeatmapMcts(instance, heatmap, settings);
    } catch (const InvalidInput& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(told(zero_heatmap(20), {}), HasSubstr("set use_heatmap = false"));
  EXPECT_THAT(told(zero_heatmap(19), {}), HasSubstr("19 rows, the problem has 20 cities"));
  MctsSettings nearest;
  nearest.use_heatmap = false;
  EXPECT_EQ(told(zero_heatmap(20), nearest), "");
  const Instance large = test::uniform_instance(6000, 1);
  nearest.candidates = 0;
  EXPECT_THROW(HeatmapMcts(large, zero_heatmap(6000), nearest), InvalidInput);
  EXPECT_THROW(mcts_settings("gt-501", "gt", 500), InvalidInput);
  MctsSettings negative;
  negative.alpha = -1;
  const HeatmapMcts method(instance, gt_prior(instance), negative);
  EXPECT_THROW(drive(method, Budget::steps(1), Seed{1}), InvalidInput);
}

TEST(HeatmapMcts, TunedSettingsAreThoseOfTheNearestSize) {
  const MctsSettings gt = mcts_settings("published", "gt", 1100);
  EXPECT_EQ(gt.alpha.text(), "1");
  EXPECT_EQ(gt.depth.text(), "200");
  EXPECT_EQ(gt.candidates, 5);
  EXPECT_FALSE(mcts_settings("published", "gt", 9000).use_heatmap);
  EXPECT_EQ(mcts_settings("published", "zero", 300).alpha.text(), "2");
  MctsOptions options;
  options.preset = "gt-500";
  options.beta = Schedule(77);
  EXPECT_EQ(options.settings("gt", 500).beta.text(), "77");
  EXPECT_EQ(options.settings("gt", 500).depth.text(), "200");
  options.preset = "auto";  // what is given by hand stands on the published settings, not on our own
  EXPECT_EQ(options.settings("gt", 500).depth.text(), "200");
  EXPECT_TRUE(MctsOptions{}.settings("gt", 500).or_opt);
}

// Rows of every length, so that groups of four slots are filled in every way, and more of them than a mask holds:
// an action only ever adds edges to candidates, and every slot is drawn in proportion to Z.
TEST(HeatmapMcts, ChoicesKeepToCandidates) {
  const Instance instance = test::uniform_instance(60, 5);
  const rule::Euclidean distance{{instance.coordinates.data()}};
  for (const City candidates : {1, 2, 3, 5, 6, 7, 8, 11, 31, 33, 50}) {
    const Heatmap heatmap = softdist(instance, 0.5);
    const auto rows = std::make_shared<CandidateRows>(candidate_rows(instance, heatmap, false, candidates));
    EdgeMemory memory(rows, heatmap);
    const ActionRules rules{.alpha = candidates % 2 == 0 ? 1.0 : 0.0, .depth = 50, .tolerance = 1e-12};
    ActionWalker walker(distance, rules, memory);
    Stream words(Seed{4}, lane("test.choices"));
    QuickStream random(words);
    Order order(60);
    std::iota(order.begin(), order.end(), 0);
    const CutTour tour(order);
    ActionWalk walk;
    for (int attempt = 0; attempt < 2000; ++attempt) {
      CutTour trial = tour;
      walker.begin(walk, trial, static_cast<City>(uniform_index(words, 60)), attempt % 2 == 0);
      walker.run(walk, trial, random);
      const auto added = walk.added();
      const std::size_t chosen = added.size() - (walk.gain() > 0 ? 1 : 0);
      for (std::size_t k = 0; k < chosen; ++k) ASSERT_GE(rows->find(added[k].first, added[k].second), 0);
      ASSERT_NO_THROW(check_order(trial.order(), 60, "test"));
      if (walk.gain() > 0) {
        ASSERT_NEAR(length(instance, order) - length(instance, trial.order()), walk.gain(), 1e-9);
      }
    }
  }
}

// The first exchange of actions that all start at one edge: how often each candidate is chosen, by chi-square.
TEST(HeatmapMcts, ChoicesAreInProportionToZ) {
  const Instance instance = test::uniform_instance(60, 5);
  const rule::Euclidean distance{{instance.coordinates.data()}};
  for (const City candidates : {7, 50}) {
    const Heatmap heatmap = softdist(instance, 0.3);
    const auto rows = std::make_shared<CandidateRows>(candidate_rows(instance, heatmap, false, candidates));
    EdgeMemory memory(rows, heatmap);
    const ActionRules rules{.depth = 1, .tolerance = 1e9};
    ActionWalker walker(distance, rules, memory);
    Stream words(Seed{9}, lane("test.choices"));
    QuickStream random(words);
    Order order(60);
    std::iota(order.begin(), order.end(), 0);
    CutTour one(order), two(order);
    const City first = 20, end = 21, behind = 22;
    std::vector<double> expected(60), seen(60);
    double total = 0;
    for (std::int32_t k = rows->begin(end); k < rows->end(end); ++k) {
      const double z = memory.weight(k) * memory.row(end).inverse_mean;
      const City c = rows->cities[static_cast<std::size_t>(k)];
      if (z >= 1 && c != first && c != behind) total += expected[static_cast<std::size_t>(c)] = z;
    }
    std::array<ActionWalk, 2> walks;
    const int draws = 40000;
    for (int draw = 0; draw < draws / 2; ++draw) {
      walker.begin(walks[0], one, first, true);
      walker.begin(walks[1], two, first, true);
      walker.run_both(walks[0], one, walks[1], two, random);
      for (const ActionWalk& walk : walks) {
        ASSERT_EQ(walk.added().size(), 1U);
        ++seen[static_cast<std::size_t>(walk.added()[0].second)];
      }
    }
    double chi = 0;
    int kinds = 0;
    for (std::size_t c = 0; c < 60; ++c) {
      if (expected[c] == 0) {
        EXPECT_EQ(seen[c], 0);
        continue;
      }
      const double mean = draws * expected[c] / total;
      chi += (seen[c] - mean) * (seen[c] - mean) / mean;
      ++kinds;
    }
    ASSERT_GT(kinds, 2);
    EXPECT_LT(chi, kinds - 1 + 4 * std::sqrt(2.0 * (kinds - 1)));
  }
}

TEST(HeatmapMcts, SchedulesRuleTheKnobs) {
  const Instance instance = test::uniform_instance(100, 9);
  MctsOptions options;
  options.alpha = Schedule::parse("linear(from=2, to=0)");
  options.depth = Schedule::parse("linear(from=2, to=60)");
  options.fresh = Schedule::parse("linear(from=1, to=0)");
  const HeatmapMcts method(instance, gt_prior(instance), options.settings("gt", 100));
  const auto run = drive(method, Budget::steps(20), Seed{1});
  EXPECT_GT(run.state.kicks, 0);
  EXPECT_GT(run.state.restarts, 1);
}

template <class State>
std::string bits(const HeatmapMcts& method, State& state) {
  StateWriter writer;
  method.fields(writer, state);
  std::string all;
  for (const auto& [name, tensor] : writer.tensors)
    all.append(name).append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
  return all;
}

TEST(HeatmapMcts, ResumedRunsEqualUninterruptedOnes) {
  const auto path = std::filesystem::temp_directory_path() / "lehr_heatmap_mcts_test.safetensors";
  const Instance instance = test::uniform_instance(300, 6);
  for (const char* preset : {"paper", "gt-500", "tuned"}) {
    MctsOptions options;
    options.preset = preset;
    if (std::string(preset) == "tuned") options.fresh = Schedule(0.001);
    const HeatmapMcts method(instance, gt_prior(instance), options.settings("gt", 300));
    for (const std::int64_t stop : {1, 4, 9}) {
      std::filesystem::remove(path);
      auto whole = drive(method, Budget::steps(14), Seed{7});
      Observers observers;
      observers.checkpoints.path = path;
      observers.list.push_back({[&](const Moment& now, const Row&) {
                                  return now.step + 1 == stop ? Observer::stop_run : now.step + 1;
                                },
                                [] {}});
      drive(method, Budget::steps(14), Seed{7}, observers);
      observers.list.clear();
      auto resumed = drive(method, Budget::steps(14), Seed{7}, observers);
      EXPECT_EQ(resumed.used.steps, 14);
      EXPECT_TRUE(bits(method, resumed.state) == bits(method, whole.state))
          << preset << " stopped after " << stop;
    }
  }
  std::filesystem::remove(path);
}

TEST(HeatmapMcts, EqualSeedsGiveEqualTours) {
  const Instance instance = test::uniform_instance(200, 6);
  const HeatmapMcts method(instance, gt_prior(instance), mcts_settings("published", "gt", 200));
  const auto first = drive(method, Budget::steps(6), Seed{7}),
             second = drive(method, Budget::steps(6), Seed{7}),
             other = drive(method, Budget::steps(6), Seed{8});
  EXPECT_EQ(first.state.tour.order(), second.state.tour.order());
  EXPECT_EQ(first.state.best, second.state.best);
  EXPECT_NE(first.state.tour.order(), other.state.tour.order());
}

// Acceptance experiment 1: ten seeds of ten find the optimum. The budget in steps is far below the two seconds a seed.
struct Known {
  const char* file;
  double optimum;
};
class HeatmapMctsOptimum : public ::testing::TestWithParam<Known> {};
TEST_P(HeatmapMctsOptimum, TenSeedsOfTen) {
  if (test::shared_folder().empty()) GTEST_SKIP() << "no shared data";
  const Instance instance = test::tsplib_instance(GetParam().file);
  for (const char* preset : {"published", "tuned"}) {
    const HeatmapMcts method(instance, gt_prior(instance), mcts_settings(preset, "gt", instance.count));
    const auto found = parallel_map(10, [&](std::int64_t seed) {
      return drive(method, Budget::steps(400) | Budget::target("length", GetParam().optimum),
                   Seed{static_cast<std::uint64_t>(seed + 1)});
    });
    for (std::size_t s = 0; s < found.size(); ++s)
      EXPECT_EQ(found[s].state.best_length, GetParam().optimum) << preset << ", seed " << s + 1;
    std::int64_t most = 0;
    for (const auto& run : found) most = std::max(most, run.used.steps);
    RecordProperty(std::string("most_steps_") + preset, static_cast<int>(most));
  }
}
INSTANTIATE_TEST_SUITE_P(Tsplib, HeatmapMctsOptimum,
                         ::testing::Values(Known{"eil51.tsp", 426}, Known{"berlin52.tsp", 7542}));

// Acceptance experiment 2, with budgets in evaluations (actions) that take about ten seconds of one core: lines 2 to 5 of tsp500.txt.
TEST(HeatmapMctsSlow, ConfigurationMatters) {
  if (test::shared_folder().empty()) GTEST_SKIP() << "no shared data";
  struct Arm {
    const char *heatmap, *preset;
    std::int64_t actions;
  };
  const std::vector<Arm> arms = {
      {"gt", "gt-500", 800'000}, {"gt", "paper", 8'000'000}, {"zero", "zero-500", 1'200'000}};
  const auto gaps = parallel_map(12, [&](std::int64_t task) {
    const Arm& arm = arms[static_cast<std::size_t>(task / 4)];
    const int line = static_cast<int>(2 + task % 4);
    const Instance instance = test::public_instance("tsp500.txt", line);
    const Heatmap heatmap = std::string(arm.heatmap) == "gt" ? gt_prior(instance) : zero_heatmap(500);
    const HeatmapMcts method(instance, heatmap, mcts_settings(arm.preset, arm.heatmap, 500));
    const auto run = drive(method, Budget::evaluations(arm.actions), Seed{1});
    return 100 * (run.state.best_length / test::reference_length("tsp500.txt", line) - 1);
  });
  double mean[3] = {};
  for (std::size_t task = 0; task < 12; ++task) mean[task / 4] += gaps[task] / 4;
  std::printf("gt tuned %.3f %%, gt default %.3f %%, zero tuned %.3f %%\n", mean[0], mean[1], mean[2]);
  EXPECT_LE(mean[0], 1.3);
  EXPECT_GE(mean[1] - mean[0], 0.3);
  EXPECT_LE(std::abs(mean[2] - mean[0]), 0.5);
}

}  // namespace
}  // namespace lehr::tour
