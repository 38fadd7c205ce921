#include "lehr/core/idx.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lehr/core/errors.hpp"

namespace lehr {
namespace {

Tensor idx(const std::string& bytes) { return parse_idx(std::as_bytes(std::span(bytes)), "test.idx"); }

std::string text(std::initializer_list<int> bytes) {
  std::string made;
  for (const int byte : bytes) made.push_back(static_cast<char>(byte));
  return made;
}

TEST(Idx, ReadsImagesAndBigEndianNumbers) {
  const Tensor images = idx(text({0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 255}));
  EXPECT_EQ(images.shape, (Shape{2, 1, 2}));
  EXPECT_EQ(images.to_doubles(), (std::vector<double>{1, 2, 3, 255}));
  const Tensor shorts = idx(text({0, 0, 0x0B, 1, 0, 0, 0, 2, 1, 0, 0xFF, 0xFE}));
  EXPECT_EQ(shorts.to_doubles(), (std::vector<double>{256, -2}));
  const Tensor floats = idx(text({0, 0, 0x0D, 1, 0, 0, 0, 1, 0x3F, 0x80, 0, 0}));
  EXPECT_EQ(floats.to_doubles(), std::vector<double>{1});
}

TEST(Idx, RefusesDamagedFiles) {
  EXPECT_THROW(idx(""), InvalidInput);
  EXPECT_THROW(idx(text({0, 0, 8})), InvalidInput);
  EXPECT_THROW(idx(text({1, 0, 8, 1, 0, 0, 0, 1, 5})), InvalidInput);
  EXPECT_THROW(idx(text({0, 0, 7, 1, 0, 0, 0, 1, 5})), InvalidInput);
  EXPECT_THROW(idx(text({0, 0, 8, 1, 0, 0, 0, 2, 5})), InvalidInput);
  EXPECT_THROW(idx(text({0, 0, 8, 2, 0, 0, 0, 2})), InvalidInput);
  // Extents whose product overflows.
  EXPECT_THROW(idx(text({0, 0, 0x0E, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255})),
               InvalidInput);
}

}  // namespace
}  // namespace lehr
