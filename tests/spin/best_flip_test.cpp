#include "lehr/spin/best_flip.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "lehr/spin/best_states.hpp"
#include "tests/spin/instances.hpp"

namespace lehr::spin {
namespace {

using test::random_model;

struct Case {
  std::string name;
  test::Family family;
};

class BestFlip : public ::testing::TestWithParam<Case> {};

// The least cost over free spins by definition: the energy after the flip minus the energy before.
double least_cost(const IsingModel& model, Spins spins, const std::vector<bool>& barred) {
  const double before = model.energy(spins);
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < spins.size(); ++i) {
    if (barred[i]) continue;
    spins[i] = static_cast<std::int8_t>(-spins[i]);
    least = std::min(least, model.energy(spins) - before);
    spins[i] = static_cast<std::int8_t>(-spins[i]);
  }
  return least;
}

TEST_P(BestFlip, IsTheCheapestAmongFreeSpinsAfterManyFlips) {
  const IsingModel model = random_model(GetParam().family, 3);
  const auto n = static_cast<std::size_t>(model.size());
  Stream random(Seed{5}, lane("walk"));
  Spins spins(n);
  randomise(spins, random);
  std::vector<bool> barred(n, false);
  FlipSearch(model).with(spins, [&](auto& flips) {
    for (int step = 0; step < 40; ++step) {
      const Index chosen = flips.cheapest(random);
      ASSERT_GE(chosen, 0);
      ASSERT_FALSE(barred[static_cast<std::size_t>(chosen)]);
      ASSERT_NEAR(flips.cost(chosen), least_cost(model, spins, barred), 1e-9);
      const auto at = static_cast<std::size_t>(uniform_index(random, model.size()));
      barred[at] = !barred[at];
      barred[at] ? flips.bar(static_cast<Index>(at)) : flips.free(static_cast<Index>(at));
      const auto flipped = static_cast<std::size_t>(uniform_index(random, model.size()));
      flips.flip(static_cast<Index>(flipped));
      spins[flipped] = static_cast<std::int8_t>(-spins[flipped]);
      ASSERT_EQ(flips.spin(static_cast<Index>(flipped)), spins[flipped]);
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Kinds, BestFlip,
                         ::testing::Values(Case{"DenseFloat", {.size = 37, .density = 0.8, .integers = true}},
                                           Case{"DenseDouble", {.size = 37, .density = 0.8}},
                                           Case{"Buckets", {.size = 300, .density = 0.02, .integers = true}},
                                           Case{"Tree", {.size = 300, .density = 0.02}}),
                         [](const auto& info) { return info.param.name; });

TEST(BestFlipTies, AllCheapestSpinsAreChosenAlike) {
  const IsingModel model(std::vector<double>(20, 1.0), {});  // every flip of an up spin costs -2
  Stream random(Seed{1}, lane("ties"));
  std::vector<int> counts(20, 0);
  FlipSearch(model).with(Spins(20, 1), [&](auto& flips) {
    for (int k = 0; k < 20000; ++k) ++counts[static_cast<std::size_t>(flips.cheapest(random))];
  });
  // 1000 expected, standard deviation 31
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
}

TEST(BestFlipTies, NobodyIsFreeWhenAllAreBarred) {
  for (const auto& family :
       {test::Family{.size = 3}, test::Family{.size = 300, .density = 0.02, .integers = true},
        test::Family{.size = 300, .density = 0.02}}) {
    const IsingModel model = random_model(family, 1);
    Stream random(Seed{1}, lane("ties"));
    FlipSearch(model).with(Spins(static_cast<std::size_t>(model.size()), 1), [&](auto& flips) {
      for (Index i = 0; i < model.size(); ++i) flips.bar(i);
      EXPECT_EQ(flips.cheapest(random), -1);
      flips.free(2);
      EXPECT_EQ(flips.cheapest(random), 2);
    });
  }
}

}  // namespace
}  // namespace lehr::spin
