#include "lehr/spin/problem.hpp"

#include <gmock/gmock.h>

#include "lehr/core/errors.hpp"
#include "tests/core/test_files.hpp"
#include "tests/spin/states.hpp"

namespace lehr::spin {
namespace {

using ::lehr::test::message_of;
using ::testing::HasSubstr;

double cut_of(const std::vector<Coupling>& edges, const Spins& s) {
  double cut = 0;
  for (const auto& [i, j, w] : edges)
    if (s[static_cast<std::size_t>(i)] != s[static_cast<std::size_t>(j)]) cut += w;
  return cut;
}

TEST(Problem, ObjectiveOfMaxCutIsTheCut) {
  const std::vector<Coupling> edges{{0, 1, 2}, {1, 2, -3}, {3, 0, 0.5}, {2, 3, 7}, {0, 1, 1}};
  const Problem problem = max_cut_problem(4, edges);
  EXPECT_TRUE(problem.maximise());
  EXPECT_FALSE(problem.binary());
  EXPECT_EQ(problem.size(), 4);
  test::for_all_states(4, [&](const Spins& s) {
    const double cut = cut_of(edges, s);
    EXPECT_DOUBLE_EQ(problem.objective_of(s), cut);
    EXPECT_DOUBLE_EQ(problem.energy(cut), problem.energy_of(s));
  });
}

// The maximum cut of the 5-cycle is 4, that of the complete graph of 4 vertices is 4.
TEST(Problem, LeastEnergyIsTheLargestCut) {
  std::vector<Coupling> ring, complete;
  for (Index i = 0; i < 5; ++i) ring.push_back({i, (i + 1) % 5, 1});
  for (Index i = 0; i < 4; ++i)
    for (Index j = 0; j < i; ++j) complete.push_back({i, j, 1});
  const auto best = [](const Problem& problem) {
    double least = HUGE_VAL;
    test::for_all_states(problem.size(),
                         [&](const Spins& s) { least = std::min(least, problem.energy_of(s)); });
    return problem.objective(least);
  };
  EXPECT_EQ(best(max_cut_problem(5, ring)), 4);
  EXPECT_EQ(best(max_cut_problem(4, complete)), 4);
}

TEST(Problem, ObjectiveOfAQuboIsThatOfItsBits) {
  const std::vector<double> linear{-1, 2, 0.5, 0};
  const std::vector<Coupling> quadratic{{0, 1, 3}, {3, 1, -2}, {2, 3, 1}, {1, 0, 0.5}};
  for (const bool maximise : {false, true}) {
    const Problem problem = qubo_problem(linear, quadratic, 10, maximise);
    EXPECT_EQ(problem.maximise(), maximise);
    EXPECT_TRUE(problem.binary());
    test::for_all_states(4, [&](const Spins& s) {
      double value = 10;
      for (std::size_t i = 0; i < 4; ++i) value += linear[i] * test::bit(s, i);
      for (const auto& [i, j, q] : quadratic)
        value += q * test::bit(s, static_cast<std::size_t>(i)) * test::bit(s, static_cast<std::size_t>(j));
      EXPECT_DOUBLE_EQ(problem.objective_of(s), value);
      EXPECT_DOUBLE_EQ(problem.energy_of(s), maximise ? -value : value) << "H is minimised";
    });
  }
}

TEST(Problem, PolynomialsOfSecondOrderBecomeQuadratic) {
  const std::vector<Term> quadratic{{{0, 1}, 2}, {{1}, -1}}, cubic{{{0, 1, 2}, 1}};
  EXPECT_EQ(polynomial_problem({2, quadratic, Vartype::spin}).kind, ProblemKind::ising);
  const Problem bits = polynomial_problem({2, quadratic, Vartype::binary, 5});
  EXPECT_EQ(bits.kind, ProblemKind::qubo);
  EXPECT_EQ(bits.objective_of(Spins{1, 1}), 6);
  EXPECT_EQ(bits.objective_of(Spins{1, -1}), 5);
  const Problem higher = polynomial_problem({3, cubic, Vartype::spin});
  EXPECT_EQ(higher.kind, ProblemKind::polynomial);
  EXPECT_EQ(higher.size(), 3);
  EXPECT_FALSE(higher.binary());
  EXPECT_TRUE(polynomial_problem({3, cubic, Vartype::binary}).binary());
  EXPECT_EQ(higher.objective_of(Spins{-1, 1, 1}), -1);
}

TEST(Problem, FaultsAreRefused) {
  const std::vector<Coupling> outside{{0, 5, 1}};
  EXPECT_THAT(message_of<InvalidInput>([&] {
                qubo_problem({0, 0}, outside, 0, false);
              }),
              HasSubstr("spins 0 and 5"));
  EXPECT_THAT(message_of<InvalidInput>([&] { max_cut_problem(2, outside); }), HasSubstr("spins 0 and 5"));
}

}  // namespace
}  // namespace lehr::spin
