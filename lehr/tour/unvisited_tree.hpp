// A k-d tree of cities that loses cities: the nearest of those left.
#pragma once

#include <array>
#include <vector>

#include "lehr/tour/instance.hpp"

namespace lehr::tour {

// By the straight distance; man: by the sum of differences; max: by the largest; geo: on the sphere. Not for tables.
class UnvisitedTree {
 public:
  explicit UnvisitedTree(const Instance& instance);

  void remove(City city);
  // The nearest city left, of equally near ones any; -1 when none is left.
  City nearest(City to) const;

 private:
  struct Node {
    std::int32_t first = 0, last = 0;  // cities_[first, last)
    std::int32_t left = -1, right = -1, parent = -1;
    std::int32_t alive = 0;
    std::int32_t axis = 0;
    double split = 0;
  };
  struct Found {
    double distance;  // by `measure`
    City city;
  };
  enum class Norm { straight, sum, largest };

  std::int32_t build(std::int32_t first, std::int32_t last, std::int32_t parent);
  double coordinate(City city, int axis) const {
    return points_[static_cast<std::size_t>(city) * static_cast<std::size_t>(dimension_) +
                   static_cast<std::size_t>(axis)];
  }
  double measure(City a, City b) const;  // straight: squared
  void search(std::int32_t node, City to, Found& found) const;

  Norm norm_;
  int dimension_;
  std::vector<double> points_;
  std::vector<City> cities_;
  std::vector<std::int32_t> leaf_;  // of each city
  std::vector<char> gone_;
  std::vector<Node> nodes_;
};

}  // namespace lehr::tour
