#include "lehr/tour/array_tour.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <set>

namespace lehr::tour {
namespace {

Order shuffled(City n, std::mt19937_64& random) {
  Order order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), City{0});
  std::shuffle(order.begin(), order.end(), random);
  return order;
}

using Edges = std::multiset<std::pair<City, City>>;
std::pair<City, City> edge(City a, City b) { return {std::min(a, b), std::max(a, b)}; }

Edges edges_of(const Order& order) {
  Edges edges;
  for (std::size_t i = 0; i < order.size(); ++i) edges.insert(edge(order[i], order[(i + 1) % order.size()]));
  return edges;
}

// Whether the edges form one circle through all n cities: by walking along them.
bool is_tour(const Edges& edges, City n) {
  std::vector<std::vector<City>> links(static_cast<std::size_t>(n));
  for (const auto& [a, b] : edges) links[a].push_back(b), links[b].push_back(a);
  for (const auto& l : links)
    if (l.size() != 2) return false;
  City before = 0, at = links[0][0], count = 1;
  for (; at != 0; ++count) {
    const City next = links[at][0] == before ? links[at][1] : links[at][0];
    before = at, at = next;
    if (count > n) return false;
  }
  return count == n;
}

void expect_consistent(const ArrayTour& tour) {
  const Order& order = tour.order();
  for (std::size_t p = 0; p < order.size(); ++p) {
    ASSERT_EQ(tour.position(order[p]), static_cast<std::int32_t>(p));
    ASSERT_EQ(tour.next(order[p]), order[(p + 1) % order.size()]);
    ASSERT_EQ(tour.previous(order[(p + 1) % order.size()]), order[p]);
  }
}

TEST(ArrayTour, BetweenIsMetOnTheWay) {
  std::mt19937_64 random(1);
  const ArrayTour tour(shuffled(9, random));
  for (City a = 0; a < 9; ++a)
    for (City c = 0; c < 9; ++c) {
      std::set<City> met{a};
      for (City at = a; at != c;) met.insert(at = tour.next(at));
      for (City b = 0; b < 9; ++b) EXPECT_EQ(tour.between(a, b, c), met.contains(b));
    }
}

TEST(ArrayTour, ReversalIsThatOfANaiveVector) {
  std::mt19937_64 random(2);
  for (const City n : {3, 4, 5, 8, 31, 200}) {
    ArrayTour tour(shuffled(n, random));
    for (int i = 0; i < 300; ++i) {
      const City a = static_cast<City>(random() % n), b = static_cast<City>(random() % n);
      Order naive = tour.order();
      std::rotate(naive.begin(), std::find(naive.begin(), naive.end(), a), naive.end());
      std::reverse(naive.begin(), std::find(naive.begin(), naive.end(), b) + 1);
      tour.reverse(a, b);
      expect_consistent(tour);
      ASSERT_EQ(canonical(tour.order()), canonical(naive));
    }
  }
}

// Random exchanges of 2 to 8 edges: `closes` against a walk along the edges; those that close give exactly the edges asked for,
// written nowhere but in the stretch told, and their inverse restores the array.
TEST(ArrayTour, ExchangesAgainstSetsOfEdges) {
  std::mt19937_64 random(3);
  int closed = 0, open = 0;
  for (const City n : {5, 6, 8, 13, 40}) {
    ArrayTour tour(shuffled(n, random));
    for (int i = 0; i < 6000; ++i) {
      const int k = 2 + static_cast<int>(random() % std::min<std::uint64_t>(n - 1, 7));
      std::vector<std::int32_t> cuts(static_cast<std::size_t>(n));
      std::iota(cuts.begin(), cuts.end(), 0);
      std::shuffle(cuts.begin(), cuts.end(), random);
      std::vector<City> t;
      for (int j = 0; j < k; ++j) {
        const City a = tour.at(cuts[static_cast<std::size_t>(j)]), b = tour.next(a);
        t.insert(t.end(), {a, b});
        if (random() % 2) std::swap(t[t.size() - 1], t[t.size() - 2]);
      }
      Edges expected = edges_of(tour.order());
      for (std::size_t j = 0; j < t.size(); j += 2) expected.erase(expected.find(edge(t[j], t[j + 1])));
      for (std::size_t j = 1; j < t.size(); j += 2) expected.insert(edge(t[j], t[(j + 1) % t.size()]));
      ASSERT_EQ(tour.closes(t), is_tour(expected, n)) << "n " << n << " k " << k;
      if (!tour.closes(t)) {
        ++open;
        continue;
      }
      ++closed;
      const Order before = tour.order();
      const Stretch written = tour.exchange(t);
      expect_consistent(tour);
      ASSERT_EQ(edges_of(tour.order()), expected);
      for (City p = 0; p < n; ++p) {
        if ((p - written.first + n) % n >= written.size) {
          ASSERT_EQ(tour.at(p), before[static_cast<std::size_t>(p)]);
        }
      }
      if (random() % 2) {
        std::rotate(t.begin(), t.begin() + 1, t.end());
        tour.exchange(t);
        ASSERT_EQ(tour.order(), before);
      }
    }
  }
  EXPECT_GT(closed, 1000);
  EXPECT_GT(open, 1000);
}

}  // namespace
}  // namespace lehr::tour
