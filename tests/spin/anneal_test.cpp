#include "lehr/spin/anneal.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/spin/exact_enumeration.hpp"
#include "lehr/spin/flip_anneal.hpp"
#include "lehr/spin/problem.hpp"
#include "tests/spin/instances.hpp"
#include "tests/spin/reference_models.hpp"

namespace lehr::spin {
namespace {

// The unit torus of rows x columns, both even, as a graph to cut: bipartite, so every edge is cut.
IsingModel even_torus(Index rows, Index columns) {
  std::vector<Coupling> edges;
  for (Index y = 0; y < rows; ++y)
    for (Index x = 0; x < columns; ++x) {
      edges.push_back({y * columns + x, y * columns + (x + 1) % columns, 1});
      edges.push_back({y * columns + x, (y + 1) % rows * columns + x, 1});
    }
  return {std::vector<double>(static_cast<std::size_t>(rows * columns), 0.0), edges};
}

AnnealOptions with_beta(const std::string& text, std::int64_t reads = 64) {
  AnnealOptions options;
  options.reads = reads;
  options.cooling.beta = Control::parse(text);
  return options;
}

TEST(Anneal, CutsABipartiteTorusWhole) {
  const IsingModel model = even_torus(10, 10);
  const Anneal method(model, with_beta("linear(from=0.1, to=3)"));
  const SolutionPool pool = method.solutions(drive(method, Budget::steps(300), Seed{1}).state);
  EXPECT_EQ(pool.best().front().energy, -200);
  EXPECT_EQ(pool.energies().size(), 64u);
}

TEST(Anneal, FindsTheGroundStatesOfSmallModelsOfEveryKind) {
  for (const IsingModel& model :
       {test::random_model({.size = 16, .density = 0.5, .integers = true, .largest = 3}, 1),
        test::random_model({.size = 16, .density = 0.5}, 2)}) {
    const Anneal method(model);  // the default schedule
    const SolutionPool pool = method.solutions(drive(method, Budget::steps(400), Seed{2}).state);
    EXPECT_NEAR(pool.best().front().energy, exact_enumeration(model).energy, 1e-9);
  }
}

TEST(Anneal, IsReproducible) {
  const test::Family few{.size = 60, .density = 0.1},
      small{.size = 60, .density = 0.1, .integers = true, .largest = 2};
  const IsingModel integers = test::random_model(small, 3), reals = test::random_model(few, 4);
  test::expect_reproducible(Anneal(integers), 40, 17);
  test::expect_reproducible(Anneal(reals), 40, 23);
  test::expect_reproducible(Anneal(reals, with_beta("linear(from=0.1, to=3)", 4)), 130, 55);
}

TEST(Anneal, EssTemperingEndsAtTheColdestTemperature) {
  const IsingModel model = even_torus(8, 8);
  const Anneal method(model, with_beta("ess_tempering(target=0.9)", 256));
  const auto run = drive(method, Budget::steps(100000), Seed{3});
  EXPECT_EQ(run.why, Stop::finished);
  EXPECT_GT(run.used.steps, 10);
  EXPECT_LE(run.state.last_beta, method.range().cold);
  EXPECT_EQ(method.solutions(run.state).best().front().energy, -128);
}

TEST(Anneal, AcceptanceRateIsHeld) {
  const IsingModel model = even_torus(16, 16);
  const Anneal method(model, with_beta("acceptance_rate(target=0.44)", 64));
  const auto run = drive(method, Budget::steps(2000), Seed{4});
  EXPECT_NEAR(run.state.acceptance, 0.44, 0.03);
}

TEST(Anneal, StartsFromGivenStates) {
  const IsingModel model = even_torus(6, 6);
  Spins checkerboard(36);
  for (std::size_t i = 0; i < 36; ++i) checkerboard[i] = (i / 6 + i % 6) % 2 == 0 ? 1 : -1;
  AnnealOptions options = with_beta("8", 3);
  const Anneal method(model, options, {checkerboard});
  const auto run = drive(method, Budget::steps(5), Seed{5});
  EXPECT_EQ(run.state.reads->energies().front(), -72);
  EXPECT_THROW(Anneal(model, options, {Spins(35, 1)}), InvalidInput);
}

TEST(Anneal, RefusesWhatCannotBeMeant) {
  const IsingModel model = even_torus(4, 4);
  AnnealOptions both = with_beta("1");
  both.cooling.temperature = Schedule(1.0);
  EXPECT_THROW(Anneal(model, both), InvalidInput);
  EXPECT_THROW(Anneal(model, with_beta("step_size_pid()")), InvalidInput);
  EXPECT_THROW(drive(Anneal(model, with_beta("linear(from=1, to=-1)")), Budget::steps(10), Seed{1}),
               InvalidInput);
  AnnealOptions unknown;
  unknown.rule = "glauber";
  EXPECT_THROW(Anneal(model, unknown), InvalidInput);
}

TEST(FlipAnneal, FindsTheMinimumOfAPolynomial) {
  // (1 - x0 x1 x2) + 2 x0 (1 - x3) + x3 x4 over bits: 0 at x0 = x1 = x2 = x3 = 1, x4 = 0.
  const std::vector<Term> terms = {{{}, 1}, {{0, 1, 2}, -1}, {{0}, 2}, {{0, 3}, -2}, {{3, 4}, 1}};
  const PolynomialModel model(5, terms, Vartype::binary);
  double lowest = std::numeric_limits<double>::infinity();
  for (unsigned bits = 0; bits < 32; ++bits) {
    Spins spins;
    for (unsigned i = 0; i < 5; ++i) spins.push_back((bits >> i & 1) != 0 ? 1 : -1);
    lowest = std::min(lowest, model.energy(spins));
  }
  const FlipAnneal<PolynomialModel> method(model, default_beta_range(model), {.reads = 8});
  const auto run = drive(method, Budget::steps(100), Seed{6});
  EXPECT_NEAR(method.solutions(run.state).best().front().energy, lowest, 1e-12);
  test::expect_reproducible(method, 20, 9);
}

}  // namespace
}  // namespace lehr::spin
