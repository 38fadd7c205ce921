// Tours from nothing: where a local search starts, and what it is compared with.
//
// On uniform random cities in the plane they are longer than the shortest tour by about 25 % (nearest neighbour), 13 to 19 %
// (greedy edge) and 30 to 40 % (space-filling curve); Johnson and McGeoch 1997, "The travelling salesman problem: a case study".
#pragma once

#include "lehr/tour/instance.hpp"
#include "lehr/tour/neighbours.hpp"
#include "lehr/tour/order.hpp"

namespace lehr::tour {

// From `start` always to the nearest city that is not visited yet, near by the distance before rounding. A k-d tree that loses the
// visited cities: O(n log n) or so; a table: O(n^2). Throws InvalidInput where there is no city `start`.
Order nearest_neighbour(const Instance& instance, City start = 0);

// The shortest edges first, each taken unless it gives a city three edges or closes a circle (Bentley 1992). The edges are those of
// the neighbour lists; the fragments that these leave are joined in rounds, the shortest way between free ends first.
// O(n k log(n k)).
Order greedy_edge(const Instance& instance, const Neighbours& neighbours);

// The cities along Hilbert's curve through the square, or cube, that holds them (Skilling 2004, "Programming the Hilbert curve");
// O(n log n). Throws InvalidInput for a table without positions.
Order space_filling_curve(const Instance& instance);

}  // namespace lehr::tour
