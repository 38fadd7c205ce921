#include "lehr/spin/solutions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lehr::spin {
namespace {

using ::testing::ElementsAre;

TEST(SolutionPool, KeepsTheLowestDistinctStatesInAnyOrder) {
  const std::vector<std::pair<Spins, double>> found{{{1, 1}, 3},   {{1, -1}, -2}, {{-1, 1}, -2},
                                                    {{1, -1}, -2}, {{-1, -1}, 5}, {{1, 1}, 3}};
  for (const bool backwards : {false, true}) {
    SolutionPool pool(2);
    auto order = found;
    if (backwards) std::reverse(order.begin(), order.end());
    for (const auto& [spins, energy] : order) pool.add(spins, energy);
    const auto best = pool.best();
    ASSERT_EQ(best.size(), 2u);
    EXPECT_THAT(best[0].spins, ElementsAre(-1, 1));
    EXPECT_EQ(best[0].occurrences, 1);
    EXPECT_THAT(best[1].spins, ElementsAre(1, -1));
    EXPECT_EQ(best[1].occurrences, 2);
    EXPECT_EQ(pool.energies().size(), 6u);
  }
}

TEST(SolutionPool, CountsOccurrencesAndCanKeepNothing) {
  SolutionPool pool(0);
  pool.add({1}, 2.0, 3);
  EXPECT_TRUE(pool.best().empty());
  EXPECT_THAT(pool.energies(), ElementsAre(2.0, 2.0, 2.0));
}

}  // namespace
}  // namespace lehr::spin
