#include "lehr/spin/houdayer.hpp"

#include <gtest/gtest.h>

#include "tests/spin/reference_models.hpp"

namespace lehr::spin {
namespace {

using namespace test;

TEST(Houdayer, KeepsTheSumOfEnergiesAndTheOverlaps) {
  Stream random(Seed{1}, lane("test"));
  for (const double field : {0.0, 0.5}) {
    std::vector<Coupling> couplings;
    for (Index i = 0; i < 36; ++i)
      for (const Index j : {(i + 1) % 36, (i + 6) % 36}) couplings.push_back({i, j, normal(random)});
    const IsingModel model(std::vector<double>(36, field), couplings);
    const IsingFlips flips(model);
    ClusterScratch scratch;
    for (int trial = 0; trial < 50; ++trial) {
      auto a = flips.configuration(spins_of(random() >> 28, 36)),
           b = flips.configuration(spins_of(random() >> 28, 36));
      const Spins before_a = a.spins, before_b = b.spins;
      const double energy_a = model.energy(a.spins), energy_b = model.energy(b.spins);
      const ClusterMove move = houdayer_move(flips, a, b, random, scratch);
      EXPECT_GT(move.size, 0);
      EXPECT_NEAR(model.energy(a.spins), energy_a + move.energy_change, 1e-11);
      EXPECT_NEAR(model.energy(b.spins), energy_b - move.energy_change, 1e-11);
      std::int64_t flipped = 0;
      for (std::size_t i = 0; i < 36; ++i) {
        EXPECT_EQ(a.spins[i] * b.spins[i], before_a[i] * before_b[i]);
        flipped += a.spins[i] != before_a[i];
      }
      EXPECT_EQ(flipped, move.size);
    }
  }
}

TEST(Houdayer, EqualReplicasStay) {
  const IsingModel model = torus(4, 4, 1);
  const IsingFlips flips(model);
  auto a = flips.configuration(spins_of(5, 16)), b = a;
  Stream random(Seed{1}, 2);
  ClusterScratch scratch;
  EXPECT_EQ(houdayer_move(flips, a, b, random, scratch).size, 0);
  EXPECT_EQ(a.spins, spins_of(5, 16));
}

}  // namespace
}  // namespace lehr::spin
