#include "lehr/tour/two_level_list.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "lehr/tour/array_tour.hpp"

namespace lehr::tour {
namespace {

// Random reversals of every length against a naive vector: the closed tour, and next and previous of all cities, agree after each.
TEST(TwoLevelList, ReversalsAreThoseOfANaiveVector) {
  std::mt19937_64 random(4);
  for (const City n : {3, 4, 5, 9, 30, 121})
    for (const City segment : {1, 2, 5, 11, 200}) {
      Order naive(static_cast<std::size_t>(n));
      std::iota(naive.begin(), naive.end(), City{0});
      std::shuffle(naive.begin(), naive.end(), random);
      TwoLevelList tour(naive, segment);
      for (int i = 0; i < 400; ++i) {
        const City a = static_cast<City>(random() % static_cast<std::uint64_t>(n)),
                   b = static_cast<City>(random() % static_cast<std::uint64_t>(n));
        // The naive vector as the list sees it: a reversal may be made by turning the rest.
        naive = tour.order();
        std::rotate(naive.begin(), std::find(naive.begin(), naive.end(), a), naive.end());
        std::reverse(naive.begin(), std::find(naive.begin(), naive.end(), b) + 1);
        tour.reverse(a, b);
        const Order order = tour.order();
        ASSERT_EQ(order.size(), naive.size());
        ASSERT_EQ(canonical(order), canonical(naive)) << n << ' ' << segment << " at " << i;
        for (std::size_t p = 0; p < order.size(); ++p)
          ASSERT_EQ(tour.previous(order[(p + 1) % order.size()]), order[p]);
      }
    }
}

TEST(TwoLevelList, BetweenIsThatOfTheArray) {
  std::mt19937_64 random(5);
  const City n = 40;
  Order order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), City{0});
  TwoLevelList list(order, 6);
  for (int i = 0; i < 60; ++i) {
    list.reverse(static_cast<City>(random() % n), static_cast<City>(random() % n));
    const ArrayTour array(list.order());
    for (City a = 0; a < n; a += 3)
      for (City b = 0; b < n; ++b)
        for (City c = 0; c < n; c += 2) ASSERT_EQ(list.between(a, b, c), array.between(a, b, c));
  }
}

}  // namespace
}  // namespace lehr::tour
