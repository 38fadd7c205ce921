#include "lehr/schedule/search_space.hpp"

#include <gmock/gmock.h>

#include "lehr/core/random.hpp"
#include "tests/core/test_files.hpp"

namespace lehr {
namespace {

using Order = ScheduleFamily::Order;
using Scale = ScheduleFamily::Scale;
using testing::ElementsAre;
using testing::HasSubstr;

Eigen::VectorXd point(std::initializer_list<double> values) {
  return Eigen::Map<const Eigen::VectorXd>(values.begin(), static_cast<Eigen::Index>(values.size()));
}

Eigen::VectorXd random_point(Eigen::Index dimension, Stream& random) {
  Eigen::VectorXd u(dimension);
  for (double& value : u) value = uniform(random);
  return u;
}

TEST(ScheduleFamily, DecodesPoints) {
  const ScheduleFamily geometric = ScheduleFamily::parse("geometric", {.low = 0.01, .high = 100});
  EXPECT_EQ(geometric.dimension(), 2);
  const Schedule schedule = geometric.decode(point({1, 0}));
  EXPECT_EQ(schedule(0), 100);
  EXPECT_EQ(schedule(1), 0.01);
  EXPECT_NEAR(geometric.decode(point({0.5, 0.25}))(0), 1, 1e-14);

  EXPECT_EQ(ScheduleFamily::parse("knots(3)", {.low = 0.01, .high = 100}).decode(point({1, 0.5, 0})).text(),
            "knots(values=[100, 1, 0.01])");

  const ScheduleFamily wsd =
      ScheduleFamily::parse("wsd(shape=sqrt)", {.low = 0, .high = 2, .scale = Scale::linear});
  EXPECT_THAT(wsd.coordinate_names(), ElementsAre("peak", "to", "start"));
  EXPECT_EQ(wsd.decode(point({0.5, 0.25, 1})).text(), "wsd(peak=1, to=0.5, start=0.95, shape=sqrt)");

  const ScheduleFamily knots =
      ScheduleFamily::parse("knots(3, shape=cubic)", {.low = 0, .high = 4, .scale = Scale::linear});
  EXPECT_EQ(knots.decode(point({1, 0.25, -3})).text(), "knots(values=[4, 1, 0], shape=cubic)");

  const ScheduleFamily warm =
      ScheduleFamily::parse("warmup(cosine)", {.low = 0, .high = 4, .scale = Scale::linear});
  EXPECT_THAT(warm.coordinate_names(), ElementsAre("warmup", "from", "to"));
  EXPECT_EQ(warm.decode(point({0.5, 1, 0})).text(), "warmup(0.15, cosine(from=4, to=0))");
}

TEST(ScheduleFamily, EveryPointDecodesWithinTheBounds) {
  Stream random(Seed{5}, lane("points"));
  for (const char* text :
       {"constant", "linear", "geometric", "cosine", "cosine_power", "polynomial", "wsd",
        "wsd(shape=inverse)", "knots(7)", "knots(4, shape=geometric)", "knots(5, shape=cubic)", "steps(9)"})
    for (const Order order : {Order::free, Order::falling, Order::rising}) {
      const ScheduleFamily family = ScheduleFamily::parse(text, {.low = 1e-4, .high = 10, .order = order});
      EXPECT_EQ(ScheduleFamily::parse(family.text(), {.low = 1, .high = 10}).text(), text);
      for (int i = 0; i < 50; ++i) {
        const std::vector<double> values =
            family.decode(random_point(family.dimension(), random)).sample(101, true);
        EXPECT_GE(*std::min_element(values.begin(), values.end()), 1e-4 * (1 - 1e-12)) << text;
        EXPECT_LE(*std::max_element(values.begin(), values.end()), 10 * (1 + 1e-12)) << text;
        const double slack = 1e-12 * 10;
        for (std::size_t k = 1; k < values.size(); ++k) {
          const double rise = values[k] - values[k - 1];
          ASSERT_TRUE(order != Order::falling || rise <= slack) << text;
          ASSERT_TRUE(order != Order::rising || rise >= -slack) << text;
        }
      }
    }
}

// Ordered values are the order statistics of uniforms: the k-th greatest of n has mean (n + 1 - k) / (n + 1).
TEST(ScheduleFamily, OrderedValuesAreUniform) {
  const ScheduleFamily family = ScheduleFamily::parse(
      "steps(4)", {.low = 0, .high = 1, .scale = Scale::linear, .order = Order::falling});
  Stream random(Seed{11}, lane("points"));
  std::vector<double> sum(4, 0.0);
  const int points = 20'000;
  for (int i = 0; i < points; ++i) {
    const std::vector<double> values = family.decode(random_point(4, random)).sample(4);
    for (std::size_t k = 0; k < 4; ++k) sum[k] += values[k];
  }
  for (std::size_t k = 0; k < 4; ++k)  // standard error at most 0.2 / sqrt(20000) = 0.0014
    EXPECT_NEAR(sum[k] / points, (4.0 - static_cast<double>(k)) / 5, 0.006);
}

TEST(ScheduleFamily, RefusesWhatCannotBe) {
  const auto refusal = [](const std::string& text, const ScheduleFamily::Bounds& bounds) -> std::string {
    return test::message_of<InvalidInput>([&] { ScheduleFamily::parse(text, bounds); });
  };
  const ScheduleFamily::Bounds bounds{.low = 1, .high = 2};
  EXPECT_THAT(refusal("knot(6)", bounds),
              HasSubstr("column 1: no family that can be searched is called 'knot' (did you mean 'knots'?)"));
  EXPECT_THAT(refusal("knots", bounds), HasSubstr("needs the argument 'count'"));
  EXPECT_THAT(refusal("knots(1)", bounds),
              HasSubstr("'count' of 'knots' must be a whole number in [2, 1000], found 1"));
  EXPECT_THAT(refusal("cosine(3)", bounds), HasSubstr("column 8"));
  EXPECT_THAT(refusal("warmup", bounds), HasSubstr("no family"));
  EXPECT_THAT(refusal("warmup(cosine, 3)", bounds), HasSubstr("takes one family"));
  EXPECT_THAT(refusal("cosine", {.low = 0, .high = 1}), HasSubstr("needs low above 0"));
  EXPECT_THAT(refusal("geometric", {.low = 0, .high = 1, .scale = Scale::linear}),
              HasSubstr("its shape needs low above 0"));
  EXPECT_THAT(refusal("inverse_sqrt", {.low = 1, .high = 2, .order = Order::rising}),
              HasSubstr("cannot rise"));
  EXPECT_THAT(refusal("cosine", {.low = 2, .high = 1}), HasSubstr("low must be below high"));
  const ScheduleFamily family = ScheduleFamily::parse("cosine", bounds);
  EXPECT_THROW(family.decode(point({1})), InvalidInput);
  EXPECT_THROW(family.decode(point({1, std::nan("")})), InvalidInput);
}

}  // namespace
}  // namespace lehr
