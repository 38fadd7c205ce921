#include "lehr/core/parallel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace lehr {
namespace {

// Sets the number of threads and puts back the default at the end.
class Threads {
 public:
  explicit Threads(int count) { set_threads(count); }
  ~Threads() { set_threads(0); }
};

TEST(Parallel, ForVisitsEveryIndexOnce) {
  for (const std::int64_t block : {1, 7, 1000}) {
    std::vector<std::atomic<int>> visits(523);
    parallel_for(
        523, [&](std::int64_t i) { ++visits[static_cast<std::size_t>(i)]; }, block);
    for (const auto& count : visits) ASSERT_EQ(count, 1);
  }
}

TEST(Parallel, NothingToDo) {
  int calls = 0;
  parallel_for(0, [&](std::int64_t) { ++calls; });
  EXPECT_EQ(calls, 0);
  EXPECT_TRUE(parallel_map(0, [](std::int64_t i) { return i; }).empty());
  EXPECT_EQ(parallel_reduce(
                0, 4, 7, [](std::int64_t, std::int64_t) { return 1; }, [](int a, int b) { return a + b; }),
            7);
}

TEST(Parallel, MapKeepsTheOrder) {
  const std::vector<std::string> texts = parallel_map(100, [](std::int64_t i) { return std::to_string(i); });
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(texts[i], std::to_string(i));
}

// Blocks are combined from the first to the last: concatenation shows their order and their borders.
TEST(Parallel, ReduceCombinesBlocksInOrder) {
  const auto text = parallel_reduce(
      10, 4, std::string(">"),
      [](std::int64_t from, std::int64_t to) {
        return "[" + std::to_string(from) + "," + std::to_string(to) + ")";
      },
      [](std::string a, const std::string& b) { return a + b; });
  EXPECT_EQ(text, ">[0,4)[4,8)[8,10)");
}

// Sums of numbers of very different size depend on the order of additions, so equal bits show an equal order.
TEST(Parallel, SumsDoNotDependOnThreads) {
  const auto sum = [] {
    return parallel_reduce(
        100'000, 128, 0.0,
        [](std::int64_t from, std::int64_t to) {
          double part = 0;
          for (std::int64_t i = from; i < to; ++i)
            part += std::sin(static_cast<double>(i)) * std::pow(10.0, i % 17);
          return part;
        },
        [](double a, double b) { return a + b; });
  };
  std::vector<double> sums;
  for (const int count : {1, 2, 8}) {
    const Threads threads(count);
    sums.push_back(sum());
  }
  EXPECT_EQ(sums[0], sums[1]);
  EXPECT_EQ(sums[0], sums[2]);
}

TEST(Parallel, ErrorsReachTheCaller) {
  EXPECT_THROW(parallel_for(100,
                            [](std::int64_t i) {
                              if (i == 63) throw std::runtime_error("body 63");
                            }),
               std::runtime_error);
}

TEST(Parallel, NestsWithoutHarm) {
  const auto outer = parallel_map(20, [](std::int64_t i) {
    const auto inner = parallel_map(20, [i](std::int64_t j) { return i * j; });
    return std::accumulate(inner.begin(), inner.end(), std::int64_t{0});
  });
  for (std::size_t i = 0; i < outer.size(); ++i) EXPECT_EQ(outer[i], static_cast<std::int64_t>(i) * 190);
}

TEST(Parallel, ThreadsAreWhatWasSet) {
  {
    const Threads three(3);
    EXPECT_EQ(threads(), 3);
  }
  EXPECT_GE(threads(), 1);
}

}  // namespace
}  // namespace lehr
