#include "lehr/spin/polynomial_model.hpp"

#include <gmock/gmock.h>

#include "lehr/core/errors.hpp"
#include "lehr/spin/flip_model.hpp"
#include "tests/core/test_files.hpp"
#include "tests/spin/states.hpp"

namespace lehr::spin {
namespace {

using ::lehr::test::message_of;
using ::testing::ElementsAre;

static_assert(FlipModel<PolynomialModel>);

// The polynomial straight from its terms, repeated variables and all.
double value_of(const std::vector<Term>& terms, Vartype vartype, double offset, const Spins& s) {
  double sum = offset;
  for (const Term& term : terms) {
    double product = term.weight;
    for (const Index i : term.variables) {
      const auto at = static_cast<std::size_t>(i);
      product *= vartype == Vartype::spin ? s[at] : test::bit(s, at);
    }
    sum += product;
  }
  return sum;
}

// Terms of orders 0 to 5 over n variables, some with repeated variables. Weights are eighths, so sums are
// exact in any order.
std::vector<Term> random_terms(Index n, std::uint64_t seed) {
  Stream random(Seed{seed}, lane("terms"));
  std::vector<Term> terms;
  for (int k = 0; k < 40; ++k) {
    Term term;
    for (auto order = uniform_index(random, 6); order > 0; --order)
      term.variables.push_back(static_cast<Index>(uniform_index(random, n)));
    term.weight = static_cast<double>(uniform_index(random, 33) - 16) / 8;
    terms.push_back(std::move(term));
  }
  return terms;
}

class PolynomialModels : public ::testing::TestWithParam<Vartype> {};

TEST_P(PolynomialModels, EnergiesAndFlipsAgreeWithTheTerms) {
  constexpr Index n = 7;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const std::vector<Term> terms = random_terms(n, seed);
    const PolynomialModel model(n, terms, GetParam(), 0.5);
    test::for_all_states(n, [&](const Spins& s) {
      EXPECT_EQ(model.energy(s), value_of(terms, GetParam(), 0.5, s));
      auto configuration = model.configuration(s);
      for (Index i = 0; i < n; ++i) {
        const double before = model.energy(configuration.spins);
        const double cost = model.flip_cost(configuration, i);
        model.flip(configuration, i);
        EXPECT_EQ(model.energy(configuration.spins), before + cost);
        EXPECT_EQ(configuration.down, model.configuration(configuration.spins).down);
      }
    });
  }
}

TEST_P(PolynomialModels, QuadraticOnesEqualTheirIsingModel) {
  const std::vector<Term> terms{{{0, 1}, 1.5}, {{2}, -1}, {{1, 2}, 0.25}, {{}, 4}, {{2, 2}, 3}};
  const PolynomialModel model(3, terms, GetParam());
  const IsingModel ising = model.to_ising();
  test::for_all_states(3, [&](const Spins& s) { EXPECT_DOUBLE_EQ(ising.energy(s), model.energy(s)); });
}

INSTANTIATE_TEST_SUITE_P(Both, PolynomialModels, ::testing::Values(Vartype::spin, Vartype::binary));

TEST(PolynomialModel, TermsAreReducedAndMerged) {
  const std::vector<Term> terms{{{2, 0, 1}, 1}, {{0, 1, 2}, 2}, {{1, 1}, 5},
                                {{3, 0, 3}, 7}, {{1, 2}, 1},    {{2, 1}, -1}};
  const PolynomialModel spins(4, terms, Vartype::spin);
  ASSERT_EQ(spins.terms(), 2);
  EXPECT_EQ(spins.offset(), 5) << "s^2 = 1";
  EXPECT_THAT(spins.variables(0), ElementsAre(0));
  EXPECT_EQ(spins.weight(0), 7);
  EXPECT_THAT(spins.variables(1), ElementsAre(0, 1, 2));
  EXPECT_EQ(spins.weight(1), 3);
  EXPECT_THAT(spins.terms_of(0), ElementsAre(0, 1));
  EXPECT_THAT(spins.terms_of(3), ElementsAre());
  EXPECT_EQ(spins.max_order(), 3);

  const PolynomialModel bits(4, terms, Vartype::binary);
  ASSERT_EQ(bits.terms(), 3);
  EXPECT_EQ(bits.offset(), 0);
  EXPECT_THAT(bits.variables(0), ElementsAre(1)) << "x^2 = x";
  EXPECT_THAT(bits.variables(1), ElementsAre(0, 3));
}

TEST(PolynomialModel, SweepsLowerTheEnergyByWhatTheySay) {
  constexpr Index n = 30;
  const PolynomialModel model(n, random_terms(n, 9), Vartype::binary);
  auto configuration = model.configuration(test::random_state(n, 1));
  const double before = model.energy(configuration.spins);
  Stream random(Seed{3}, lane("sweep"));
  const SweepCounts counts = sweep(model, configuration, HUGE_VAL, random);
  EXPECT_DOUBLE_EQ(model.energy(configuration.spins), before + counts.energy_change);
  EXPECT_LT(counts.energy_change, 0);
}

TEST(PolynomialModel, EmptyModelsWork) {
  EXPECT_EQ(PolynomialModel().energy({}), 0);
  const PolynomialModel none(2, {}, Vartype::spin, 1.5);
  EXPECT_EQ(none.energy(Spins{1, -1}), 1.5);
  EXPECT_EQ(none.flip_cost(none.configuration(Spins{1, -1}), 0), 0);
  EXPECT_EQ(none.max_order(), 0);
}

TEST(PolynomialModel, FaultsAreRefused) {
  const auto refusal = [](std::vector<Term> terms) {
    return message_of<InvalidInput>([&] { PolynomialModel(3, terms, Vartype::spin); });
  };
  EXPECT_EQ(refusal({{{0}, 1}, {{1, 3}, 1}}), "term 1: variable 3, but the model has variables 0 to 2");
  EXPECT_EQ(refusal({{{0}, HUGE_VAL}}), "term 0: weight inf is not finite");
  EXPECT_EQ(refusal({{{0}, 1e308}, {{0}, 1e308}}), "the weights of a term add up to inf");
  const std::vector<Term> cubic{{{0, 1, 2}, 1}};
  EXPECT_EQ(message_of<InvalidInput>([&] { PolynomialModel(3, cubic, Vartype::spin).to_ising(); }),
            "a term has 3 variables; an Ising model has at most 2 in a term");
}

}  // namespace
}  // namespace lehr::spin
