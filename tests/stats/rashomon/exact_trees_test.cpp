#include "lehr/stats/rashomon/exact_trees.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>
#include <tuple>

#include "lehr/core/errors.hpp"
#include "lehr/stats/rashomon/existence_bounds.hpp"
#include "lehr/stats/rashomon/rashomon_set.hpp"
#include "tests/stats/rashomon/tables.hpp"

namespace lehr::stats {
namespace {

using test::random_binary;
using test::stored;

double total(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

// The errors of every tree of depth 1 or 2, by plain enumeration: features of the inner nodes, labels of the leaves.
std::vector<double> enumerated(const LabelledTable& table, int depth) {
  const auto p = static_cast<int>(table.features.size()), classes = static_cast<int>(table.classes.size());
  const int nodes = (1 << depth) - 1, leaves = 1 << depth;
  std::vector<double> counts(static_cast<std::size_t>(table.records()) + 1, 0);
  double trees = 0;
  for (int splits = 0; splits < std::pow(p, nodes); ++splits) {
    std::vector<int> feature;
    for (int rest = splits, k = 0; k < nodes; ++k, rest /= p) feature.push_back(rest % p);
    std::vector<std::vector<int>> held(static_cast<std::size_t>(leaves),
                                       std::vector<int>(static_cast<std::size_t>(classes)));
    for (Eigen::Index i = 0; i < table.records(); ++i) {
      int node = 0;
      for (int level = 0; level < depth; ++level)
        node = 2 * node + 1 + static_cast<int>(table.values(i, feature[static_cast<std::size_t>(node)]));
      ++held[static_cast<std::size_t>(node - nodes)]
            [static_cast<std::size_t>(table.labels[static_cast<std::size_t>(i)])];
    }
    for (int labels = 0; labels < std::pow(classes, leaves); ++labels) {
      std::int64_t right = 0;
      for (int rest = labels, leaf = 0; leaf < leaves; ++leaf, rest /= classes)
        right += held[static_cast<std::size_t>(leaf)][static_cast<std::size_t>(rest % classes)];
      ++counts[static_cast<std::size_t>(table.records() - right)], ++trees;
    }
  }
  for (double& count : counts) count /= trees;
  return counts;
}

struct Known {
  const char* file;
  int depth;
  std::int64_t best, limit;
  double ratio;
};
void PrintTo(const Known& known, std::ostream* out) { *out << known.file << " depth " << known.depth; }

class KnownRatio : public testing::TestWithParam<Known> {};

// Ratios of an independent prototype in Python, theta = 0.05.
TEST_P(KnownRatio, IsReproduced) {
  const auto path = stored(std::string("rashomon/") + GetParam().file);
  if (path.empty()) GTEST_SKIP() << "the stored tables are not there";
  const TreeRecords records(read_labelled_table(path));
  ExactTrees exact(records, {});
  const auto best = exact.best_errors(GetParam().depth);
  ASSERT_TRUE(best.has_value());
  EXPECT_EQ(*best, GetParam().best);
  const std::int64_t limit = Tolerance{0.05}.error_limit(static_cast<double>(*best), records.total());
  EXPECT_EQ(limit, GetParam().limit);
  const auto distribution = exact.error_distribution(GetParam().depth, limit);
  ASSERT_TRUE(distribution.has_value());
  EXPECT_NEAR(total(*distribution) / GetParam().ratio, 1, 1e-9);
}

INSTANTIATE_TEST_SUITE_P(Stored, KnownRatio,
                         testing::Values(Known{"monk_1.csv", 1, 33, 39, 0.02272727272727273},
                                         Known{"monk_1.csv", 2, 22, 28, 3.756574004507889e-4},
                                         Known{"monk_1.csv", 3, 11, 17, 1.1502158586795388e-5},
                                         Known{"monk_1.csv", 4, 3, 9, 2.6831949896e-8},
                                         Known{"monk_1.csv", 5, 0, 6, 6.8838594382e-9},
                                         Known{"monk_3.csv", 2, 27, 33, 1.8313298271975958e-3},
                                         Known{"monk_3.csv", 3, 17, 23, 2.650982856875e-6},
                                         Known{"monk_3.csv", 4, 8, 14, 4.215416231e-9},
                                         Known{"car_evaluation.csv", 2, 250, 336, 1.24074074074e-3},
                                         Known{"car_evaluation.csv", 3, 224, 310, 3.8836957018747e-4}));

TEST(ExactTrees, StoredTablesAgreeWithEnumerationAtDepthTwo) {
  for (const char* file : {"rashomon/monk_1.csv", "rashomon/monk_3.csv"}) {
    const auto path = stored(file);
    if (path.empty()) GTEST_SKIP() << "the stored tables are not there";
    const LabelledTable table = read_labelled_table(path);
    const TreeRecords records(table);
    const auto distribution = ExactTrees(records, {}).error_distribution(2, records.total());
    const std::vector<double> known = enumerated(table, 2);
    for (std::size_t e = 0; e < known.size(); ++e)
      ASSERT_NEAR((*distribution)[e], known[e], 1e-13) << file << " " << e;
  }
}

TEST(ExactTrees, SeveralClassesAgreeWithEnumeration) {
  const LabelledTable table = random_binary(25, 4, 3, 1);
  const TreeRecords records(table);
  for (const int depth : {1, 2}) {
    const std::vector<double> known = enumerated(table, depth);
    const auto distribution = ExactTrees(records, {}).error_distribution(depth, records.total());
    for (std::size_t e = 0; e < known.size(); ++e) EXPECT_NEAR((*distribution)[e], known[e], 1e-13) << e;
  }
}

// Every depth's distribution sums to 1, and cutting it at a limit changes nothing below.
TEST(ExactTrees, IsADistribution) {
  const TreeRecords records(random_binary(60, 8, 2, 2));
  for (const double penalty : {1.0, 0.6})
    for (int depth = 1; depth <= 5; ++depth) {
      ExactTrees exact(records, {.depth_penalty = penalty});
      const auto all = exact.error_distribution(depth, records.total());
      EXPECT_NEAR(total(*all), 1, 1e-12) << depth;
      const auto cut = exact.error_distribution(depth, 10);
      for (std::size_t e = 0; e <= 10; ++e) EXPECT_NEAR((*cut)[e], (*all)[e], 1e-15 + 1e-12 * (*all)[e]);
    }
}

// With depth penalty g a node at depth 1 is a leaf with probability 1 - g: depth 2 by the law of total probability.
TEST(ExactTrees, DepthPenaltyMixesStumpsAndTrees) {
  const LabelledTable table = random_binary(20, 1, 2, 3);  // one feature: deeper splits separate nothing
  const TreeRecords records(table);
  const auto stump = ExactTrees(records, {}).error_distribution(1, records.total());
  const auto penalised = ExactTrees(records, {.depth_penalty = 0.3}).error_distribution(3, records.total());
  for (std::size_t e = 0; e < stump->size(); ++e) EXPECT_NEAR((*penalised)[e], (*stump)[e], 1e-14);
}

TEST(ExactTrees, BestErrorsAreTheLeastPossible) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const TreeRecords records(random_binary(40, 6, 2, seed));
    for (int depth = 1; depth <= 4; ++depth) {
      ExactTrees exact(records, {});
      const auto all = exact.error_distribution(depth, records.total());
      const auto least = std::ranges::find_if(*all, [](double x) { return x > 0; }) - all->begin();
      EXPECT_EQ(*exact.best_errors(depth), least) << seed << " " << depth;
    }
  }
}

// Trees drawn backwards follow the prior restricted to the set: their errors have the known distribution (chi-square
// by hand: every count within 4.5 standard deviations), and their own predictions make these errors.
TEST(ExactTrees, MembersFollowTheRestrictedPrior) {
  const LabelledTable table = random_binary(40, 5, 2, 7);
  const TreeRecords records(table);
  ExactTrees exact(records, {});
  const std::int64_t limit = *exact.best_errors(3) + 3;
  const auto distribution = exact.error_distribution(3, limit);
  std::map<std::int64_t, double> counts;
  constexpr int draws = 4000;
  for (int m = 0; m < draws; ++m) {
    Stream random(Seed{5}, lane("test.members"), static_cast<std::uint64_t>(m));
    const auto tree = exact.draw(limit, random);
    ASSERT_TRUE(tree.has_value());
    std::int64_t errors = 0;
    for (Eigen::Index i = 0; i < table.records(); ++i)
      errors += tree->predict(table.values, i) != table.labels[static_cast<std::size_t>(i)];
    ASSERT_LE(errors, limit);
    ASSERT_LE(tree->depth(), 3);
    ++counts[errors];
  }
  for (std::int64_t e = 0; e <= limit; ++e) {
    const double share = (*distribution)[static_cast<std::size_t>(e)] / total(*distribution);
    EXPECT_NEAR(counts[e], draws * share, 4.5 * std::sqrt(draws * share * (1 - share)) + 1e-9) << e;
  }
}

TEST(ExactTrees, GivesUpInsteadOfFillingTheMemory) {
  const TreeRecords records(random_binary(3000, 14, 2, 1));
  ExactTrees exact(records, {.memory = 0.05});
  EXPECT_FALSE(exact.error_distribution(6, 2000).has_value());
  EXPECT_FALSE(exact.best_errors(6).has_value());
  const std::atomic<bool> interrupted = true;
  ExactTrees stopped(records, {.interrupted = &interrupted});
  EXPECT_FALSE(stopped.error_distribution(6, 20).has_value());
}

TEST(ExactTrees, RefusesWhatItCannotCount) {
  EXPECT_THROW(ExactTrees(TreeRecords(random_binary(50, 25, 2, 1)), {}), InvalidInput);
  LabelledTable real = random_binary(50, 3, 2, 1);
  real.values(0, 0) = 0.5;
  EXPECT_THROW(ExactTrees(TreeRecords(real), {}), InvalidInput);
}

// Theorem on random subclasses: a random half hundred of the trees of depth 2 meets the set with the hypergeometric
// probability. The class is enumerated; trees are drawn without replacement.
TEST(ExactTrees, RandomSubsetsMeetTheSetAsTheHypergeometricLawSays) {
  const auto path = stored("rashomon/monk_1.csv");
  if (path.empty()) GTEST_SKIP() << "the stored tables are not there";
  const LabelledTable table = read_labelled_table(path);
  const TreeRecords records(table);
  const struct {
    int depth;
    std::int64_t limit;
  } cases[] = {{1, 39}, {2, 28}};
  for (const auto& [depth, limit] : cases) {
    const double models = depth == 1 ? 11 * 4 : 11. * 11 * 11 * 16;
    const auto distribution = ExactTrees(records, {}).error_distribution(depth, limit);
    const double ratio = total(*distribution), good = std::round(ratio * models);
    const double s = depth == 1 ? 20 : 50;
    int hits = 0;
    constexpr int repeats = 2000;
    Stream random(Seed{11}, lane("test.subset"), static_cast<std::uint64_t>(depth));
    for (int r = 0; r < repeats; ++r) {
      // The first `good` models stand for the members.
      std::map<std::int64_t, std::int64_t> moved;  // a partial Fisher-Yates shuffle
      bool hit = false;
      for (std::int64_t k = 0; k < static_cast<std::int64_t>(s); ++k) {
        const std::int64_t j = k + uniform_index(random, static_cast<std::int64_t>(models) - k);
        const std::int64_t drawn = moved.contains(j) ? moved[j] : j;
        moved[j] = moved.contains(k) ? moved[k] : k;
        hit = hit || drawn < static_cast<std::int64_t>(good);
      }
      hits += hit;
    }
    const double p = subset_hit_probability(models, good, s), share = static_cast<double>(hits) / repeats;
    const double se = std::sqrt(p * (1 - p) / repeats);
    EXPECT_NEAR(share, p, 4 * se) << depth;
    EXPECT_GE(share, subset_hit_bound(std::log10(ratio), s) - 4 * se) << depth;
    EXPECT_GE(p, subset_hit_bound(std::log10(ratio), s)) << depth;
  }
}

}  // namespace
}  // namespace lehr::stats
