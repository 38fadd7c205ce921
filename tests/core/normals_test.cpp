#include "lehr/core/normals.hpp"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace lehr {
namespace {

std::vector<double> draw(std::uint64_t seed, std::int64_t n) {
  Stream stream(Seed{seed}, lane("test"), 3);
  std::vector<double> values(static_cast<std::size_t>(n));
  fill_normals(stream, 1, values.data(), n);
  return values;
}

// Kolmogorov-Smirnov at a million numbers: a defect of 1e-3 anywhere in the distribution shows. 1.95 is the 0.1 % point.
TEST(Normals, DistributionFunction) {
  std::vector<double> values = draw(5, 1'000'000);
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  double distance = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double exact = 0.5 * std::erfc(-values[i] / std::sqrt(2.0));
    distance = std::max({distance, std::abs(exact - static_cast<double>(i) / n),
                         std::abs(exact - static_cast<double>(i + 1) / n)});
  }
  EXPECT_LT(distance * std::sqrt(n), 1.95);
}

// Moments to four standard errors, over many short draws as sampling makes them.
TEST(Normals, MomentsOfShortDraws) {
  constexpr int draws = 40000, n = 27;
  std::array<double, 4> sums{};
  double neighbours = 0, tails = 0;
  for (int i = 0; i < draws; ++i) {
    const std::vector<double> values = draw(static_cast<std::uint64_t>(i), n);
    for (int j = 0; j < n; ++j) {
      const double x = values[static_cast<std::size_t>(j)];
      sums[0] += x, sums[1] += x * x, sums[2] += x * x * x, sums[3] += x * x * x * x;
      tails += std::abs(x) > 3.6541528853610088;
      if (j > 0) neighbours += x * values[static_cast<std::size_t>(j - 1)];
    }
  }
  const double count = draws * n;
  EXPECT_NEAR(sums[0] / count, 0, 4 * std::sqrt(1 / count));
  EXPECT_NEAR(sums[1] / count, 1, 4 * std::sqrt(2 / count));
  EXPECT_NEAR(sums[2] / count, 0, 4 * std::sqrt(15 / count));
  EXPECT_NEAR(sums[3] / count, 3, 4 * std::sqrt(96 / count));
  EXPECT_NEAR(neighbours / (draws * (n - 1)), 0, 4 * std::sqrt(1.0 / (draws * (n - 1))));
  const double beyond = std::erfc(3.6541528853610088 / std::sqrt(2.0));
  EXPECT_NEAR(tails / count, beyond, 4 * std::sqrt(beyond / count));
}

// The numbers themselves, so that a change of generator or of instruction set cannot go unseen.
TEST(Normals, SameNumbersEverywhere) {
  const std::vector<double> values = draw(1, 1000);
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) sum = 0.5 * sum + values[i] * static_cast<double>(i % 7);
  EXPECT_EQ(values[0], -0x1.abb6d4515a99bp-1);
  EXPECT_EQ(sum, -0x1.530856014a4f4p-1);
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    EXPECT_EQ(draw(1, 1000), values) << hwy::TargetName(target);
  }
  hwy::SetSupportedTargetsForTest(0);
  // A shorter draw has the same beginning where no number had to be settled.
  EXPECT_EQ(draw(1, 8)[0], values[0]);
  Stream stream(Seed{1}, lane("test"), 3);
  std::vector<double> scaled(8);
  fill_normals(stream, 2.5, scaled.data(), 8);
  EXPECT_EQ(scaled[0], 2.5 * values[0]);
}

}  // namespace
}  // namespace lehr
