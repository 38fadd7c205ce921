#include "lehr/spin/files/generate.hpp"

#include <gmock/gmock.h>

#include <set>

#include "lehr/core/errors.hpp"
#include "lehr/spin/files/problem_file.hpp"
#include "tests/core/test_files.hpp"
#include "tests/spin/states.hpp"

namespace lehr::spin {
namespace {

using ::testing::HasSubstr;

GenerateOptions family(std::string name) {
  GenerateOptions options;
  options.family = std::move(name);
  return options;
}

std::string refusal(const GenerateOptions& options) {
  return lehr::test::message_of<InvalidInput>([&] { generate(options, Seed{1}); });
}

double best_objective(const Problem& problem) {
  double least = HUGE_VAL;
  test::for_all_states(problem.size(),
                       [&](const Spins& s) { least = std::min(least, problem.energy_of(s)); });
  return problem.objective(least);
}

// Unit tori of every parity, against enumeration.
TEST(Generate, TorusKnowsItsMaximumCut) {
  for (const auto& [rows, columns, expected] : {std::tuple{4, 4, 32}, {3, 4, 20}, {4, 3, 20}, {3, 5, 22}}) {
    GenerateOptions options = family("torus");
    options.rows = rows, options.columns = columns;
    const Problem problem = generate(options, Seed{1});
    EXPECT_EQ(problem.kind, ProblemKind::max_cut);
    EXPECT_EQ(problem.ising.couplings(), 2 * rows * columns);
    EXPECT_EQ(problem.ising.max_degree(), 4);
    ASSERT_TRUE(problem.optimum);
    EXPECT_EQ(*problem.optimum, expected) << "2ab - b [a odd] - a [b odd]";
    EXPECT_EQ(best_objective(problem), expected);
    options.kind = "ising";
    const Problem ising = generate(options, Seed{1});
    EXPECT_EQ(*ising.optimum, best_objective(ising));
    options.weights = "ferro";
    EXPECT_EQ(*generate(options, Seed{1}).optimum, -2 * rows * columns);
  }
  GenerateOptions g48 = family("torus");
  g48.rows = 50, g48.columns = 60;
  EXPECT_EQ(*generate(g48, Seed{1}).optimum, 6000) << "the G-set's G48 is such a torus";
  g48.rows = 25, g48.columns = 120;
  EXPECT_EQ(*generate(g48, Seed{1}).optimum, 5880) << "and G50";
}

TEST(Generate, GraphsHaveTheirDegreesAndSizes) {
  GenerateOptions lattice = family("lattice3d");
  lattice.rows = 4;
  const Problem glass = generate(lattice, Seed{3});
  EXPECT_EQ(glass.size(), 64);
  EXPECT_EQ(glass.kind, ProblemKind::ising);
  for (Index i = 0; i < 64; ++i) EXPECT_EQ(glass.ising.degree(i), 6);
  EXPECT_TRUE(glass.ising.integral());

  GenerateOptions regular = family("regular");
  regular.size = 50, regular.degree = 7;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Problem problem = generate(regular, Seed{seed});
    for (Index i = 0; i < 50; ++i) ASSERT_EQ(problem.ising.degree(i), 7);
  }
  regular.size = 8, regular.degree = 6;
  for (Index i = 0; i < 8; ++i) EXPECT_EQ(generate(regular, Seed{1}).ising.degree(i), 6) << "a dense one";

  GenerateOptions king = family("king");
  king.rows = 3, king.columns = 4;
  EXPECT_EQ(generate(king, Seed{1}).ising.couplings(), 3 * 3 + 2 * 4 + 2 * 2 * 3);

  GenerateOptions chimera = family("chimera");
  chimera.rows = 2, chimera.columns = 3;
  const Problem cells = generate(chimera, Seed{1});
  EXPECT_EQ(cells.size(), 48);
  EXPECT_EQ(cells.ising.couplings(), 6 * 16 + 3 * 4 + 2 * 2 * 4);
  EXPECT_EQ(cells.ising.max_degree(), 6);
}

// The number of edges is binomial: 5 standard deviations.
TEST(Generate, RandomGraphsHaveTheirDensity) {
  GenerateOptions options = family("gnp");
  options.size = 800, options.density = 0.06;
  const double pairs = 800 * 799 / 2.0, spread = 5 * std::sqrt(pairs * 0.06 * 0.94);
  EXPECT_NEAR(static_cast<double>(generate(options, Seed{4}).ising.couplings()), 0.06 * pairs, spread);
  options.size = 200'000, options.density = 1e-5;
  EXPECT_NEAR(static_cast<double>(generate(options, Seed{4}).ising.couplings()), 2e5, 5 * std::sqrt(2e5));
  options.size = 6, options.density = 1;
  EXPECT_EQ(generate(options, Seed{1}).ising.couplings(), 15);
  options.density = 0;
  EXPECT_EQ(generate(options, Seed{1}).ising.couplings(), 0);
}

// Each of the 15 graphs of two edges and four vertices is as likely as the others: chi-square with 14 degrees
// of freedom, p = 0.001 at 36.1.
TEST(Generate, EveryPairIsAsLikely) {
  GenerateOptions options = family("gnp");
  options.size = 4, options.density = 0.3;
  std::vector<int> counts(6);
  constexpr int kGraphs = 6000;
  for (int seed = 0; seed < kGraphs; ++seed) {
    const Problem problem = generate(options, Seed{static_cast<std::uint64_t>(seed)});
    int pair = 0;
    for (Index i = 0; i < 4; ++i)
      for (Index j = 0; j < i; ++j, ++pair)
        counts[static_cast<std::size_t>(pair)] +=
            std::ranges::count(problem.ising.neighbours(i), j) > 0 ? 1 : 0;
  }
  double chi_square = 0;
  const double expected = 0.3 * kGraphs;
  for (const int count : counts) chi_square += (count - expected) * (count - expected) / (expected * 0.7);
  EXPECT_LT(chi_square, 22.5) << "6 independent counts: p = 0.001 at 22.46";
}

TEST(Generate, PlanarGraphsAreMaximalAndSparse) {
  GenerateOptions options = family("planar");
  options.size = 100, options.layers = 1;
  EXPECT_EQ(generate(options, Seed{1}).ising.couplings(), 3 * 100 - 6) << "Euler: a triangulation";
  options.layers = 2;
  EXPECT_LE(generate(options, Seed{1}).ising.couplings(), 2 * (3 * 100 - 6));
  EXPECT_GT(generate(options, Seed{1}).ising.couplings(), 2 * (3 * 100 - 6) * 9 / 10);
}

TEST(Generate, SherringtonKirkpatrickWeightsHaveVarianceOneOverN) {
  GenerateOptions options = family("sk");
  options.size = 200;
  const Problem problem = generate(options, Seed{8});
  double sum = 0, squares = 0;
  for (Index i = 0; i < 200; ++i)
    for (const double w : problem.ising.weights(i)) sum += w / 2, squares += w * w / 2;
  const double count = 200 * 199 / 2.0;
  EXPECT_NEAR(squares / count * 200, 1, 5 * std::sqrt(2 / count));
  EXPECT_NEAR(sum / count, 0, 5 / std::sqrt(200 * count));
}

TEST(Generate, WishartHidesItsGroundState) {
  GenerateOptions options = family("wishart");
  options.size = 14;
  for (const double alpha : {0.5, 1.0, 2.0}) {
    options.alpha = alpha;
    const Problem problem = generate(options, Seed{2});
    ASSERT_TRUE(problem.optimum);
    EXPECT_NEAR(problem.objective_of(problem.planted), *problem.optimum, 1e-12);
    EXPECT_NEAR(best_objective(problem), *problem.optimum, 1e-9) << "nothing is lower, by enumeration";
    EXPECT_THAT(problem.planted, ::testing::Contains(-1)) << "the gauge hides it";
  }
  options.size = 300, options.alpha = 1;
  EXPECT_NEAR(*generate(options, Seed{2}).optimum, -150, 5) << "-alpha n / 2 on average, spread 0.7";
}

TEST(Generate, LoopsPlantTheirGroundState) {
  for (const char* const graph : {"chimera", "torus", "king", "lattice3d"}) {
    GenerateOptions options = family("loops");
    options.on = graph, options.rows = 4, options.columns = 4, options.alpha = 0.8;
    if (options.on == "chimera") options.rows = 1, options.columns = 2, options.shortest_loop = 4;
    if (options.on == "lattice3d") options.rows = 3, options.columns = 3, options.shortest_loop = 4;
    const Problem problem = generate(options, Seed{5});
    ASSERT_TRUE(problem.optimum);
    EXPECT_EQ(problem.objective_of(problem.planted), *problem.optimum);
    EXPECT_TRUE(problem.ising.integral());
    if (problem.size() > 16) continue;  // too large to enumerate
    EXPECT_EQ(best_objective(problem), *problem.optimum) << graph;
  }
}

TEST(Generate, TheSeedDecidesEverything) {
  for (const std::string& name : families()) {
    GenerateOptions options = family(name);
    options.rows = 4, options.size = 30, options.degree = 4;
    options.weights = "gaussian";
    const std::string once = problem_text(generate(options, Seed{7}), Format::ising);
    EXPECT_EQ(once, problem_text(generate(options, Seed{7}), Format::ising)) << name;
    EXPECT_NE(once, problem_text(generate(options, Seed{8}), Format::ising)) << name;
  }
}

TEST(Generate, ImpossibleSizesAreRefused) {
  EXPECT_EQ(refusal(family("tours")), "family 'tours' (did you mean 'torus'?)");
  GenerateOptions options = family("torus");
  options.rows = 2;
  EXPECT_THAT(refusal(options), HasSubstr("each side must be at least 3"));
  options = family("regular");
  options.size = 5, options.degree = 3;
  EXPECT_THAT(refusal(options), HasSubstr("no graph of 5 vertices has every degree 3"));
  options = family("sk");
  options.size = 1'000'000;
  EXPECT_THAT(refusal(options), HasSubstr("at most 20000 are made"));
  options = family("wishart");
  options.alpha = 1e-9;
  EXPECT_THAT(refusal(options), HasSubstr("0 columns of W"));
  options = family("loops");
  options.on = "king", options.rows = 1, options.columns = 30;
  EXPECT_THAT(refusal(options), HasSubstr("only 0 of 30 loops")) << "a path has none";
}

}  // namespace
}  // namespace lehr::spin
