#include "lehr/core/tensor.hpp"

#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <limits>

#include "tests/core/test_files.hpp"

namespace lehr {
namespace {

using test::message_of;
using ::testing::ElementsAre;

template <class T>
Tensor typed(ElementType type, std::vector<T> stored) {
  const auto bytes = std::as_bytes(std::span(stored));
  return {type, {static_cast<std::int64_t>(stored.size())}, {bytes.begin(), bytes.end()}};
}

template <class Stored>
std::vector<Stored> encoded(ElementType type, const std::vector<double>& values) {
  std::vector<Stored> stored(values.size());
  encode(values, type, std::as_writable_bytes(std::span(stored)));
  return stored;
}

TEST(Tensor, TypesHaveNamesAndSizes) {
  for (const std::string& known : element_type_names()) EXPECT_EQ(name(*element_type_named(known)), known);
  EXPECT_EQ(element_type_names().size(), 15U);
  EXPECT_EQ(size_of(ElementType::bf16), 2U);
  EXPECT_FALSE(element_type_named("F128").has_value());
  EXPECT_EQ(element_type_of<std::uint16_t>(), ElementType::u16);
  EXPECT_EQ(element_type_of<bool>(), ElementType::boolean);
}

TEST(Tensor, ByteCountsAreCheckedForOverflow) {
  EXPECT_EQ(byte_count(ElementType::f32, {}), 4U);
  EXPECT_EQ(byte_count(ElementType::f32, {3, 5}), 60U);
  EXPECT_EQ(byte_count(ElementType::f32, {0, 5}), 0U);
  EXPECT_FALSE(byte_count(ElementType::f32, {-1, 5}).has_value());
  EXPECT_FALSE(byte_count(ElementType::u8, {std::int64_t{1} << 32, std::int64_t{1} << 31}).has_value());
}

TEST(Tensor, IntegersBecomeDoubles) {
  EXPECT_THAT(typed<std::int8_t>(ElementType::i8, {-128, 127}).to_doubles(), ElementsAre(-128, 127));
  EXPECT_THAT(typed<std::uint8_t>(ElementType::u8, {255}).to_doubles(), ElementsAre(255));
  EXPECT_THAT(typed<std::uint8_t>(ElementType::boolean, {0, 1, 2}).to_doubles(), ElementsAre(0, 1, 1));
  EXPECT_THAT(typed<std::int64_t>(ElementType::i64, {-5}).to_doubles(), ElementsAre(-5));
  EXPECT_THAT(typed<std::uint64_t>(ElementType::u64, {1ULL << 63}).to_doubles(), ElementsAre(0x1p63));
  EXPECT_THAT(typed<std::uint32_t>(ElementType::u32, {4294967295U}).to_doubles(), ElementsAre(4294967295.0));
}

// Values from IEEE 754-2019 (binary16), and tables 1 and 2 of Micikevicius et al., "FP8 formats for deep
// learning".
TEST(Tensor, NarrowFloatsBecomeDoubles) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_THAT(typed<std::uint16_t>(ElementType::f16, {0x3c00, 0xc100, 0x7bff, 0x0001, 0x7c00}).to_doubles(),
              ElementsAre(1, -2.5, 65504, 0x1p-24, infinity));
  EXPECT_THAT(typed<std::uint16_t>(ElementType::bf16, {0x3f80, 0xc020, 0x4049, 0xff80}).to_doubles(),
              ElementsAre(1, -2.5, 3.140625, -infinity));
  EXPECT_THAT(typed<std::uint8_t>(ElementType::f8_e4m3, {0x7e, 0x08, 0x07, 0x01, 0xb8}).to_doubles(),
              ElementsAre(448, 0x1p-6, 0.875 * 0x1p-6, 0x1p-9, -1));
  EXPECT_THAT(typed<std::uint8_t>(ElementType::f8_e5m2, {0x7b, 0x04, 0x03, 0x01, 0xfc}).to_doubles(),
              ElementsAre(57344, 0x1p-14, 0.75 * 0x1p-14, 0x1p-16, -infinity));
  EXPECT_TRUE(std::isnan(typed<std::uint8_t>(ElementType::f8_e4m3, {0xff}).to_doubles()[0]));
  EXPECT_TRUE(std::isnan(typed<std::uint16_t>(ElementType::f16, {0x7e00}).to_doubles()[0]));
}

TEST(Tensor, EveryHalfAndBfloat16SurvivesARoundTrip) {
  for (const ElementType type : {ElementType::f16, ElementType::bf16}) {
    std::vector<std::uint16_t> all(65536);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
    const std::vector<double> values = typed(type, all).to_doubles();
    const auto again = encoded<std::uint16_t>(type, values);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (std::isnan(values[i]))
        EXPECT_TRUE(std::isnan(typed(type, std::vector{again[i]}).to_doubles()[0]));
      else
        ASSERT_EQ(again[i], all[i]) << name(type);
    }
  }
}

TEST(Tensor, NarrowingRoundsOnceToNearestEven) {
  // Halves near 1 are 2^-10 apart. The last value lies above a midpoint by less than a float can show.
  EXPECT_THAT(encoded<std::uint16_t>(ElementType::f16, {1 + 0x1p-11, 1 + 0x3p-11, 1 + 0x1p-11 + 0x1p-40}),
              ElementsAre(0x3c00, 0x3c02, 0x3c01));
  // bfloat16 near 1: 2^-7 apart.
  EXPECT_THAT(encoded<std::uint16_t>(ElementType::bf16, {1 + 0x1p-8, 1 + 0x3p-8, 1 + 0x1p-8 + 0x1p-40, 1e39}),
              ElementsAre(0x3f80, 0x3f82, 0x3f81, 0x7f80));
  EXPECT_THAT(encoded<float>(ElementType::f32, {0.1}), ElementsAre(0.1F));
  EXPECT_EQ(message_of<InvalidInput>([] { encoded<std::uint8_t>(ElementType::u8, {1}); }),
            "values can be stored as F64, F32, F16 or BF16, not as U8");
}

TEST(Tensor, ElementsKeepTheirType) {
  const std::vector<std::int64_t> ids = {std::numeric_limits<std::int64_t>::max(), -1};
  const Tensor tensor = tensor_of(std::span<const std::int64_t>(ids), {2});
  EXPECT_EQ(tensor.view().elements<std::int64_t>(), ids);
  EXPECT_EQ(message_of<InvalidInput>([&] { tensor.view().elements<double>(); }),
            "expected a tensor of type F64, found I64");
}

TEST(Tensor, PointsAreColumns) {
  Eigen::MatrixXd points(2, 3);
  points << 1, 2, 3, 4, 5, 6;
  const Tensor tensor = tensor_of_points(points);
  EXPECT_THAT(tensor.shape, ElementsAre(3, 2));
  EXPECT_THAT(tensor.to_doubles(), ElementsAre(1, 4, 2, 5, 3, 6));
  EXPECT_EQ(points_of(tensor.view()), points);
  EXPECT_EQ(points_of(typed<double>(ElementType::f64, {7, 8}).view()),
            (Eigen::MatrixXd(1, 2) << 7, 8).finished());
  EXPECT_EQ(message_of<InvalidInput>([] {
              points_of(TensorView{ElementType::u8, {1, 1, 1}, {}});
            }),
            "expected an array of points, of shape [n, d] or [n], found shape [1,1,1]");
}

}  // namespace
}  // namespace lehr
