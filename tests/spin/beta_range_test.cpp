#include "lehr/spin/beta_range.hpp"

#include <gtest/gtest.h>

#include "tests/spin/reference_models.hpp"

namespace lehr::spin {
namespace {

TEST(BetaRange, IsThatOfTheDwaveSampler) {
  // h = (0.5, 0, -2), J_01 = 1, J_12 = -0.25: reaches 1.5, 1.25, 2.25; least biases 0.5, 0.25, 0.25.
  const IsingModel model({0.5, 0, -2}, std::vector<Coupling>{{0, 1, 1}, {1, 2, -0.25}});
  const BetaRange range = default_beta_range(model);
  EXPECT_DOUBLE_EQ(range.hot, std::log(2.0) / (2 * 2.25));
  EXPECT_DOUBLE_EQ(range.cold, std::log(200.0) / (2 * 0.25));
  const BetaRange torus = default_beta_range(test::torus(6, 6, 1));
  EXPECT_DOUBLE_EQ(torus.hot, std::log(2.0) / 8);
  EXPECT_DOUBLE_EQ(torus.cold, std::log(3600.0) / 2);
}

TEST(BetaRange, OfAPolynomialEqualsThatOfItsIsingModel) {
  const std::vector<Term> terms{{{0}, 0.5}, {{0, 1}, 1}, {{1, 2}, -0.25}, {{2}, -2}};
  const PolynomialModel model(3, terms, Vartype::spin);
  EXPECT_DOUBLE_EQ(default_beta_range(model).hot, std::log(2.0) / (2 * 2.25));
  EXPECT_DOUBLE_EQ(default_beta_range(model).cold, std::log(200.0) / (2 * 0.25));
  const PolynomialModel bits(3, terms, Vartype::binary);
  EXPECT_DOUBLE_EQ(default_beta_range(bits).hot, std::log(2.0) / 2.25);
}

TEST(BetaRange, OfZerosIsFinite) {
  const BetaRange range = default_beta_range(IsingModel({0, 0}, {}));
  EXPECT_EQ(range.hot, 0.1);
  EXPECT_EQ(range.cold, 1);
}

}  // namespace
}  // namespace lehr::spin
