// A travelling salesman problem as a file gave it: the instance, and what belongs to the person who asks: the cities' own numbers
// and names, the positions for the map, a tour that came along.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lehr/tour/instance.hpp"
#include "lehr/tour/order.hpp"

namespace lehr::tour {

struct Problem {
  std::string file;       // its name without folders; empty: generated
  std::int64_t line = 0;  // of a file with a problem per line
  bool is_tsplib = false;

  Instance instance;  // without cities where `directed` holds the distances
  std::vector<double>
      directed;  // of an asymmetric problem: n x n, row by row, from row to column; the diagonal is 0
  std::vector<std::int64_t> ids;    // the cities' numbers in the file; empty: 1 to n
  std::vector<std::string> labels;  // names; empty: none
  std::vector<double> positions;    // two per city, for the map alone; empty: the instance's own
  Order stored;                     // the tour that stands beside the problem; empty: none
  std::vector<std::string> notes;

  City cities() const;
  bool is_directed() const { return !directed.empty(); }
  std::int64_t id(City city) const { return ids.empty() ? city + 1 : ids[static_cast<std::size_t>(city)]; }
  std::string title() const;  // "berlin52", "tsp500.txt line 2"
  // Two numbers per city to draw; empty: a matrix without a picture. Of three coordinates the first two; of GEO longitude, latitude.
  std::vector<double> map() const;
};

// The cities of `numbers` (as the file counts them) in the problem's own counting. Throws InvalidInput that starts with `what`, for a
// number that no city has, for one that comes twice and for those that are missing.
Order order_of_ids(const Problem& problem, const std::vector<std::int64_t>& numbers, std::string_view what);

}  // namespace lehr::tour
