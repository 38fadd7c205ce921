#include "lehr/sample/countdown.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/sample/entropic_particle_filter.hpp"

namespace lehr::sample {
namespace {

// Puzzles whose answers are known: the first was solved on television in 1997, ((100 + 6) * 3 * 75 - 50) / 25 = 952.
TEST(Countdown, SolverKnowsWhatCanBeReached) {
  EXPECT_EQ(Countdown({25, 50, 75, 100, 3, 6}, 952).least_distance(), 0);
  EXPECT_EQ(Countdown({2, 3}, 5).least_distance(), 0);
  EXPECT_EQ(Countdown({2, 3}, 100).least_distance(), 94);
  EXPECT_EQ(Countdown({1, 1, 1, 1}, 10).least_distance(), 6);  // (1 + 1) * (1 + 1)
  EXPECT_EQ(Countdown({6, 7}, 13).least_distance(), 0);
  EXPECT_EQ(Countdown({7}, 9).least_distance(), 2);
}

TEST(Countdown, StepsAreLegalArithmetic) {
  const Countdown puzzle({25, 50, 75, 100, 3, 6}, 952);
  Stream random(Seed{1}, 0);
  std::set<std::int32_t> operations;
  for (int trial = 0; trial < 2000; ++trial) {
    Countdown::Particle particle = puzzle.start();
    while (!puzzle.finished(particle)) puzzle.extend(particle, random);
    EXPECT_EQ(particle.count + particle.steps, 6);
    for (std::int32_t k = 0; k < particle.steps; ++k) {
      const Countdown::Step& s = particle.path[static_cast<std::size_t>(k)];
      operations.insert(s.operation);
      EXPECT_GT(s.result, 0);
      EXPECT_EQ(s.result, s.operation == '+'   ? s.a + s.b
                          : s.operation == '-' ? s.a - s.b
                          : s.operation == '*' ? s.a * s.b
                                               : s.a / s.b);
      EXPECT_TRUE(s.operation != '/' || s.a % s.b == 0);
    }
    EXPECT_EQ(puzzle.distance(particle) == 0, puzzle.score(particle) == 1);
  }
  EXPECT_EQ(operations.size(), 4U);
}

TEST(Countdown, RandomPuzzlesCanBeSolved) {
  Stream random(Seed{2}, 0);
  for (int trial = 0; trial < 20; ++trial) {
    const Countdown puzzle = Countdown::random(5, 10, random);
    EXPECT_EQ(puzzle.numbers().size(), 5U);
    EXPECT_GE(puzzle.target(), 101);
    EXPECT_EQ(puzzle.least_distance(), 0);
  }
}

TEST(Countdown, AParticleFilterFindsTheSum) {
  const Countdown puzzle({2, 3, 5, 10}, 80);
  ParticleFilterOptions options;
  options.method = "pf", options.particles = 8000, options.max_steps = 3;
  const EntropicParticleFilter filter(puzzle, puzzle, options);
  const auto state = drive(filter, Budget::steps(3), Seed{1}).state;
  const auto result = filter.result(state, Seed{1});
  EXPECT_EQ(puzzle.distance(result.particles[result.chosen]), 0);
  EXPECT_NE(puzzle.text(result.particles[result.chosen]).find("= 80"), std::string::npos);
}

TEST(Countdown, RefusesPuzzlesThatAreNone) {
  EXPECT_THROW(Countdown({}, 5), InvalidInput);
  EXPECT_THROW(Countdown({0, 3}, 5), InvalidInput);
  EXPECT_THROW(Countdown({1, 2, 3, 4, 5, 6, 7}, 5), InvalidInput);
  EXPECT_THROW(Countdown({1, 2}, 0), InvalidInput);
  EXPECT_THROW(Countdown({1, 2}, 3, 0), InvalidInput);
}

}  // namespace
}  // namespace lehr::sample
