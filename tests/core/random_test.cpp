#include "lehr/core/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

#include "lehr/core/moment.hpp"

namespace lehr {
namespace {

constexpr std::uint64_t all_ones = ~std::uint64_t{0};

std::vector<std::uint64_t> words(Stream stream, int count) {
  std::vector<std::uint64_t> drawn;
  for (int i = 0; i < count; ++i) drawn.push_back(stream());
  return drawn;
}

// The lines "philox4x64 10 counter key result" of Random123's published kat_vectors.
TEST(Philox, KnownAnswers) {
  using Words = r123::Philox4x64::ctr_type;
  const r123::Philox4x64 philox;
  EXPECT_EQ(
      philox({{0, 0, 0, 0}}, {{0, 0}}),
      (Words{{0x16554d9eca36314cULL, 0xdb20fe9d672d0fdcULL, 0xd7e772cee186176bULL, 0x7e68b68aec7ba23bULL}}));
  EXPECT_EQ(
      philox({{all_ones, all_ones, all_ones, all_ones}}, {{all_ones, all_ones}}),
      (Words{{0x87b092c3013fe90bULL, 0x438c3c67be8d0224ULL, 0x9cc7d7c69cd777b6ULL, 0xa09caebf594f0ba0ULL}}));
  EXPECT_EQ(
      philox({{0x243f6a8885a308d3ULL, 0x13198a2e03707344ULL, 0xa4093822299f31d0ULL, 0x082efa98ec4e6c89ULL}},
             {{0x452821e638d01377ULL, 0xbe5466cf34e90c6cULL}}),
      (Words{{0xa528f45403e61d95ULL, 0x38c72dbd566e9788ULL, 0xa5a1610e72fd18b5ULL, 0x57bd43b5e52b7fe6ULL}}));
}

// NumPy 1.24: Philox(key=seed | lane << 64, counter=(step << 64 | block) - 1).random_raw(n); NumPy counts up
// before it draws. The first is also Random123's published answer for zeros.
TEST(Stream, MatchesNumpy) {
  EXPECT_EQ(words(Stream(Seed{0}, 0), 4),
            (std::vector<std::uint64_t>{0x16554d9eca36314cULL, 0xdb20fe9d672d0fdcULL, 0xd7e772cee186176bULL,
                                        0x7e68b68aec7ba23bULL}));
  const Stream stream(Seed{5}, lane("proposal"), 7);
  EXPECT_EQ(words(stream, 8),
            (std::vector<std::uint64_t>{0xe7ac99655ac5459cULL, 0xa09dd8248a31f540ULL, 0x021176e8359997afULL,
                                        0x616b515d16c3c579ULL, 0x8362013b846c0ff0ULL, 0x93c21a585c3cc78cULL,
                                        0x0d8ab1b37b0b43deULL, 0x8426abfbabe9c206ULL}));
  EXPECT_EQ(words(stream.at_block(3), 4),
            (std::vector<std::uint64_t>{0x31bb725664483058ULL, 0x065f1099156d22b8ULL, 0x9b3321d1dd00a58aULL,
                                        0x968f8b97765f14b2ULL}));
}

TEST(Stream, BlocksAreRandomAccess) {
  const Stream stream(Seed{3}, 4, 5);
  const std::vector<std::uint64_t> all = words(stream, 40);
  for (std::uint64_t block = 0; block < 10; ++block)
    EXPECT_EQ(words(stream.at_block(block), 4),
              std::vector<std::uint64_t>(all.begin() + 4 * static_cast<std::ptrdiff_t>(block),
                                         all.begin() + 4 * static_cast<std::ptrdiff_t>(block + 1)));
  Stream used = stream;
  used();
  EXPECT_EQ(words(used.at_block(2), 4), words(stream.at_block(2), 4))
      << "what was drawn does not move the address";
}

TEST(Stream, EveryPartOfTheAddressCounts) {
  std::set<std::uint64_t> first_words;
  for (std::uint64_t seed : {0, 1, 2})
    for (std::uint64_t purpose : {lane("a"), lane("b")})
      for (std::uint64_t step : {0, 1, 2}) first_words.insert(Stream(Seed{seed}, purpose, step)());
  EXPECT_EQ(first_words.size(), 18U);
}

// A lane's draws do not shift another's: the moment gives each a stream of its own.
TEST(Stream, LanesOfAMomentAreIndependent) {
  const Moment now{.step = 12, .steps = 0, .progress = 0, .seed = Seed{6}};
  Stream noise = now.random(lane("noise"));
  const std::uint64_t first = noise();
  Stream proposal = now.random(lane("proposal"));
  for (int i = 0; i < 100; ++i) proposal();
  EXPECT_EQ(now.random(lane("noise"))(), first);
}

// Streams at neighbouring addresses: correlations of n pairs of uniforms are normal with sd 1 / sqrt(n).
TEST(Stream, NeighboursAreUncorrelated) {
  constexpr int n = 40'000;
  const auto correlation = [](auto a, auto b) {
    double sum = 0;
    for (int i = 0; i < n; ++i) sum += (a(i) - 0.5) * (b(i) - 0.5);
    return sum / n * 12;
  };
  const auto draw = [](std::uint64_t seed, std::uint64_t purpose, std::uint64_t step) {
    Stream stream(Seed{seed}, purpose, step);
    return uniform(stream);
  };
  const auto at = [&](std::uint64_t seed, std::uint64_t purpose, int ahead) {
    return [=](int i) { return draw(seed, purpose, static_cast<std::uint64_t>(i + ahead)); };
  };
  const double limit = 4 / std::sqrt(n);
  EXPECT_NEAR(correlation(at(1, 0, 0), at(1, 0, 1)), 0, limit) << "steps";
  EXPECT_NEAR(correlation(at(1, 0, 0), at(2, 0, 0)), 0, limit) << "seeds";
  EXPECT_NEAR(correlation(at(1, 0, 0), at(1, 1, 0)), 0, limit) << "lanes";
}

// FNV-1a, 64 bits: published offset basis for "" and test values of "a" and "foobar".
TEST(Lane, IsFnv1a) {
  static_assert(lane("") == 0xcbf29ce484222325ULL);
  static_assert(lane("a") == 0xaf63dc4c8601ec8cULL);
  static_assert(lane("foobar") == 0x85944171f73967e8ULL);
}

// Moments of n draws within four standard errors.
TEST(Distributions, MomentsAreRight) {
  constexpr int n = 200'000;
  Stream stream(Seed{17}, lane("moments"));
  double sum_uniform = 0, sum_normal = 0, squares = 0, fourth = 0, sum_exponential = 0;
  for (int i = 0; i < n; ++i) {
    const double u = uniform(stream), z = normal(stream), e = exponential(stream);
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    ASSERT_GE(e, 0);
    sum_uniform += u;
    sum_normal += z;
    squares += z * z;
    fourth += z * z * z * z;
    sum_exponential += e;
  }
  const double error = 4 / std::sqrt(n);
  EXPECT_NEAR(sum_uniform / n, 0.5, error * std::sqrt(1.0 / 12));
  EXPECT_NEAR(sum_normal / n, 0, error);
  EXPECT_NEAR(squares / n, 1, error * std::sqrt(2));
  EXPECT_NEAR(fourth / n, 3, error * std::sqrt(96));
  EXPECT_NEAR(sum_exponential / n, 1, error);
}

TEST(Distributions, IndexesAreUniform) {
  constexpr int n = 60'000;
  Stream stream(Seed{18}, lane("index"));
  std::array<int, 6> counts{};
  for (int i = 0; i < n; ++i) ++counts.at(static_cast<std::size_t>(uniform_index(stream, 6)));
  for (const int count : counts) EXPECT_NEAR(count, n / 6, 4 * std::sqrt(n / 6.0 * 5 / 6));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(uniform_index(stream, 1), 0);
}

}  // namespace
}  // namespace lehr
