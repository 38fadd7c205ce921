// The shortest tour by dynamic programming over subsets (Bellman 1962; Held and Karp 1962):
//
//   C(S, j) = min over i in S \ {j} of C(S \ {j}, i) + d(i, j)
//
// for paths that start at the last city, visit S and end in j. O(2^(n-1) n^2) time and 8 * 2^(n-1) (n-1) bytes: n <= 20.
#pragma once

#include "lehr/tour/order.hpp"

namespace lehr::tour {

inline constexpr City most_held_karp_cities = 20;

// Throws InvalidInput where the instance has more cities than that.
Order held_karp(const Instance& instance);

}  // namespace lehr::tour
