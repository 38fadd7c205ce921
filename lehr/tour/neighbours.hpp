// The nearest neighbours of every city: candidates for the edges of a good tour.
#pragma once

#include <span>

#include "lehr/tour/instance.hpp"

namespace lehr::tour {

struct Neighbours {
  int size = 0;  // per city
  std::vector<City>
      cities;  // city i's neighbours stand at [i * size, (i + 1) * size), by rising distance, then by number

  std::span<const City> of(City i) const {
    return {cities.data() + static_cast<std::size_t>(i) * static_cast<std::size_t>(size),
            static_cast<std::size_t>(size)};
  }
};

// The min(size, n - 1) nearest of each city: by a k-d tree (nanoflann), O(n log n), of the straight distance (man: of the sum of
// differences; geo: on the sphere; max: the best by the rule of four times as many by the straight distance), then sorted by the
// instance's rule. A table: selection, O(n^2). In parallel; the result does not depend on the number of threads.
Neighbours nearest_neighbours(const Instance& instance, int size);

// Of the plane: up to `each` nearest in each of the four quadrants around the city, filled up to 4 * each by the nearest of the rest, by
// rising distance (Johnson and McGeoch 1997): clusters stay linked to what lies beyond them. Instances without positions in the
// plane throw InvalidInput.
Neighbours quadrant_neighbours(const Instance& instance, int each);

}  // namespace lehr::tour
