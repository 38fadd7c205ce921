#include "lehr/spin/wolff.hpp"

#include <gtest/gtest.h>

#include "tests/spin/reference_models.hpp"

namespace lehr::spin {
namespace {

using namespace test;

// Clusters alone are ergodic without fields; with fields they mix with one sweep in between. 30000 samples of
// a frustrated model; the same counts reject beta off by 0.1.
TEST(Wolff, SamplesBoltzmannsLaw) {
  for (const double field : {0.0, 0.4}) {
    const IsingModel model = random_dense_model(8, 7, field);
    const IsingFlips flips(model);
    const std::vector<double> energies = all_energies(model);
    Stream random(Seed{8}, lane("wolff"));
    auto configuration = flips.configuration(spins_of(0, 8));
    ClusterScratch scratch;
    std::vector<double> counts(energies.size());
    double energy = energies[0];
    for (int sample = 0; sample < 30'000; ++sample) {
      for (int k = 0; k < 20; ++k) {
        energy += wolff_move(flips, configuration, 0.7, random, scratch).energy_change;
        if (field != 0) energy += sweep(flips, configuration, 0.7, random).energy_change;
      }
      ++counts[state_of(configuration.spins)];
    }
    SCOPED_TRACE(field);
    EXPECT_NEAR(energy, model.energy(configuration.spins), 1e-9);
    EXPECT_GT(boltzmann_p(energies, 0.7, counts), 0.01);
    EXPECT_LT(boltzmann_p(energies, 0.8, counts), 1e-6);
  }
}

TEST(Wolff, AtZeroBetaFlipsSingleSpinsAndInTheColdTheWholeFerromagnet) {
  const IsingModel model = torus(4, 5, -1);
  const IsingFlips flips(model);
  auto configuration = flips.configuration(spins_of(0, 20));
  Stream random(Seed{9}, lane("wolff"));
  ClusterScratch scratch;
  EXPECT_EQ(wolff_move(flips, configuration, 0, random, scratch).size, 1);
  configuration = flips.configuration(spins_of(0, 20));
  const ClusterMove move = wolff_move(flips, configuration, 1000, random, scratch);
  EXPECT_EQ(move.size, 20);
  EXPECT_EQ(move.energy_change, 0);
}

}  // namespace
}  // namespace lehr::spin
