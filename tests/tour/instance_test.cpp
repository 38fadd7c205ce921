#include "lehr/tour/instance.hpp"

#include <gmock/gmock.h>

#include "lehr/core/errors.hpp"
#include "lehr/tour/order.hpp"

namespace lehr::tour {
namespace {

TEST(Instance, DistancesFollowTheRules) {
  const std::vector<double> x{0, 0, 3, 4, 1, 1, 0.5, 0, 10, 7};
  const auto distance = [&](Metric metric, City a, City b) {
    return with_positions(x, 2, metric).distance(a, b);
  };
  EXPECT_DOUBLE_EQ(distance(Metric::euclidean, 0, 2), std::sqrt(2.0));
  EXPECT_EQ(distance(Metric::euc_2d, 0, 1), 5);
  EXPECT_EQ(distance(Metric::euc_2d, 0, 2), 1);
  EXPECT_EQ(distance(Metric::euc_2d, 0, 3), 1);  // nint(1/2) = 1
  EXPECT_EQ(distance(Metric::ceil_2d, 0, 2), 2);
  EXPECT_EQ(distance(Metric::ceil_2d, 0, 1), 5);  // a whole number stays
  EXPECT_EQ(distance(Metric::man_2d, 1, 2), 5);
  EXPECT_EQ(distance(Metric::man_2d, 0, 3), 1);
  EXPECT_EQ(distance(Metric::max_2d, 1, 4), 7);
  EXPECT_EQ(distance(Metric::att, 0, 4), 4);  // sqrt(149 / 10) = 3.86, nint 4
  EXPECT_EQ(distance(Metric::att, 0, 1), 2);  // sqrt(25 / 10) = 1.58, nint 2
  EXPECT_EQ(distance(Metric::att, 1, 2), 2);  // sqrt(13 / 10) = 1.14, nint 1 is below
}

TEST(Instance, SolidDistances) {
  const std::vector<double> x{0, 0, 0, 1, 2, 2, 1.4, 0, 0};
  EXPECT_EQ(with_positions(x, 3, Metric::euc_3d).distance(0, 1), 3);
  EXPECT_EQ(with_positions(x, 3, Metric::man_3d).distance(0, 1), 5);
  EXPECT_EQ(with_positions(x, 3, Metric::max_3d).distance(0, 1), 2);
  EXPECT_EQ(with_positions(x, 3, Metric::euc_3d).distance(0, 2), 1);
  EXPECT_DOUBLE_EQ(with_positions(x, 3).distance(0, 1), 3);
}

TEST(Instance, GeographicalDistances) {
  // Cities 1 to 3 of burma14; 153 and 510 are what TSPLIB's formula gives by hand.
  const Instance burma = with_positions({16.47, 96.10, 16.47, 94.44, 20.09, 92.54}, 2, Metric::geo);
  EXPECT_EQ(burma.distance(0, 1), 153);
  EXPECT_EQ(burma.distance(0, 2), 510);
  EXPECT_EQ(burma.distance(1, 0), burma.distance(0, 1));
  EXPECT_EQ(burma.distance(2, 2), 0);
}

TEST(Instance, BadInputNamesTheCity) {
  const auto message = [](auto&& make) {
    try {
      make();
    } catch (const InvalidInput& error) {
      return std::string(error.what());
    }
    return std::string("nothing thrown");
  };
  EXPECT_THAT(message([] { with_positions({0, 0, 1, 1}, 2); }), testing::HasSubstr("at least 3"));
  EXPECT_THAT(message([] {
                with_positions({0, 0, 1, NAN, 2, 2}, 2);
              }),
              testing::HasSubstr("coordinate 2 of city 2 is nan"));
  EXPECT_THAT(message([] {
                with_positions({0, 0, 1, 1, 2, 2}, 2, Metric::euc_3d);
              }),
              testing::HasSubstr("EUC_3D"));
  EXPECT_THAT(message([] {
                with_table({0, 1, 2, 1, 0, 3, 2, 4, 0}, 3);
              }),
              testing::HasSubstr("not symmetric"));
  EXPECT_THAT(message([] {
                with_table({0, -1, 2, -1, 0, 3, 2, 3, 0}, 3);
              }),
              testing::HasSubstr("city 2 to city 1 is -1"));
}

TEST(Order, LengthCheckAndCanonicalForm) {
  const Instance square = with_positions({0, 0, 0, 1, 1, 1, 1, 0}, 2);
  EXPECT_DOUBLE_EQ(length(square, {0, 1, 2, 3}), 4);
  EXPECT_DOUBLE_EQ(length(square, {0, 2, 1, 3}), 2 + 2 * std::sqrt(2.0));
  EXPECT_EQ(canonical({2, 3, 0, 1}), (Order{0, 1, 2, 3}));
  EXPECT_EQ(canonical({1, 0, 3, 2}), (Order{0, 1, 2, 3}));
  EXPECT_THROW(check_order({0, 1, 1, 3}, 4, "t"), InvalidInput);
  EXPECT_THROW(check_order({0, 1, 2, 4}, 4, "t"), InvalidInput);
  EXPECT_THROW(check_order({0, 1, 2}, 4, "t"), InvalidInput);
  EXPECT_NO_THROW(check_order({3, 1, 0, 2}, 4, "t"));
}

}  // namespace
}  // namespace lehr::tour
