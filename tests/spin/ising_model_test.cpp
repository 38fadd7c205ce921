#include "lehr/spin/ising_model.hpp"

#include <gmock/gmock.h>

#include "lehr/core/errors.hpp"
#include "tests/core/test_files.hpp"
#include "tests/spin/states.hpp"

namespace lehr::spin {
namespace {

using ::lehr::test::message_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(IsingModel, EnergyIsThatOfTheFormula) {
  const std::vector<double> h{0.5, -1, 0, 2};
  const std::vector<Coupling> couplings{{0, 1, 1.5}, {3, 0, -0.25}, {2, 1, 4}};
  const IsingModel model(h, couplings, 0.125);
  test::for_all_states(4, [&](const Spins& s) {
    double expected = 0.125;
    for (std::size_t i = 0; i < 4; ++i) expected += h[i] * s[i];
    for (const auto& [i, j, w] : couplings)
      expected += w * s[static_cast<std::size_t>(i)] * s[static_cast<std::size_t>(j)];
    EXPECT_DOUBLE_EQ(model.energy(s), expected);
    for (Index i = 0; i < 4; ++i) {
      Spins flipped = s;
      flipped[static_cast<std::size_t>(i)] = static_cast<std::int8_t>(-flipped[static_cast<std::size_t>(i)]);
      EXPECT_DOUBLE_EQ(model.energy(flipped) - expected,
                       -2 * s[static_cast<std::size_t>(i)] * model.local_field(s, i));
    }
  });
}

TEST(IsingModel, RowsAscendAndEqualPairsAddUp) {
  const std::vector<Coupling> couplings{{2, 0, 1}, {0, 1, 3}, {0, 2, 2}, {1, 2, 5}, {2, 1, -5}};
  const IsingModel model(std::vector<double>(3), couplings);
  EXPECT_EQ(model.couplings(), 2) << "1-2 cancels";
  EXPECT_THAT(model.neighbours(0), ElementsAre(1, 2));
  EXPECT_THAT(model.weights(0), ElementsAre(3, 3));
  EXPECT_THAT(model.neighbours(2), ElementsAre(0));
  EXPECT_EQ(model.max_degree(), 2);
  EXPECT_EQ(model.reach(0), 6);
  EXPECT_TRUE(model.integral());
  EXPECT_FALSE(IsingModel({0.5}, {}).integral());
}

TEST(IsingModel, NoSpinsAndOneSpinWork) {
  EXPECT_EQ(IsingModel().energy({}), 0);
  EXPECT_EQ(IsingModel({}, {}, 2.5).energy({}), 2.5);
  const IsingModel one({-3}, {});
  EXPECT_EQ(one.energy(Spins{1}), -3);
  EXPECT_EQ(one.degree(0), 0);
}

TEST(IsingModel, FaultsAreRefused) {
  const auto refusal = [](std::vector<double> h, std::vector<Coupling> couplings, double offset = 0) {
    return message_of<InvalidInput>([&] { IsingModel(std::move(h), couplings, offset); });
  };
  EXPECT_EQ(refusal({0, 0}, {{0, 1, 1}, {0, 2, 1}}),
            "coupling 1: spins 0 and 2, but the model has spins 0 to 1");
  EXPECT_THAT(refusal({0, 0}, {{-1, 0, 1}}), HasSubstr("spins -1 and 0"));
  EXPECT_EQ(refusal({0, 0}, {{1, 1, 1}}), "coupling 0: couples spin 1 to itself");
  EXPECT_THAT(refusal({0, 0}, {{0, 1, std::nan("")}}), HasSubstr("weight nan is not finite"));
  EXPECT_THAT(refusal({0, HUGE_VAL}, {}), HasSubstr("field of spin 1: inf is not finite"));
  EXPECT_THAT(refusal({}, {}, HUGE_VAL), HasSubstr("offset inf is not finite"));
}

}  // namespace
}  // namespace lehr::spin
