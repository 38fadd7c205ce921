#include "lehr/tour/asymmetric.hpp"

#include <gtest/gtest.h>

#include <random>

#include "lehr/core/errors.hpp"
#include "lehr/tour/held_karp.hpp"

namespace lehr::tour {
namespace {

TEST(Asymmetric, ShortestDirectedTours) {
  std::mt19937_64 random(3);
  for (const City n : {2, 3, 5, 7, 8})
    for (int trial = 0; trial < 5; ++trial) {
      std::vector<double> costs(static_cast<std::size_t>(n * n));
      for (double& c : costs) c = static_cast<double>(random() % 100);
      Order order(static_cast<std::size_t>(n));
      for (City i = 0; i < n; ++i) order[static_cast<std::size_t>(i)] = i;
      double shortest = 1e300;
      do shortest = std::min(shortest, directed_length(costs, n, order));
      while (std::next_permutation(order.begin() + 1, order.end()));
      const SymmetricForm form = symmetric_form(costs, n);
      const Order symmetric = held_karp(form.instance);
      const Order directed = directed_order(symmetric);
      EXPECT_NO_THROW(check_order(directed, n, "directed"));
      EXPECT_EQ(directed_length(costs, n, directed), shortest) << n;
      EXPECT_EQ(length(form.instance, symmetric) - form.offset, shortest);
      EXPECT_EQ(directed_length(costs, n, directed_order(Order(symmetric.rbegin(), symmetric.rend()))),
                shortest);
    }
}

TEST(Asymmetric, Refusals) {
  EXPECT_THROW(symmetric_form({0, 1, -1, 0}, 2), InvalidInput);
  EXPECT_THROW(symmetric_form({0, 1, 1}, 2), InvalidInput);
  EXPECT_THROW(directed_order({0, 1, 2, 3, 4, 5}), NumericalFailure);
}

}  // namespace
}  // namespace lehr::tour
