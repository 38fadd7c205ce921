#include "lehr/tour/unvisited_tree.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace lehr::tour {

namespace {
constexpr std::int32_t leaf_size = 8;
}

UnvisitedTree::UnvisitedTree(const Instance& instance)
    : norm_(instance.metric == Metric::man_2d || instance.metric == Metric::man_3d   ? Norm::sum
            : instance.metric == Metric::max_2d || instance.metric == Metric::max_3d ? Norm::largest
                                                                                     : Norm::straight),
      dimension_(instance.metric == Metric::geo ? 3 : instance.dimension),
      points_(instance.coordinates),
      cities_(static_cast<std::size_t>(instance.count)),
      leaf_(cities_.size()),
      gone_(cities_.size(), 0) {
  if (instance.metric == Metric::geo) {  // nearest on the sphere is nearest in space
    points_.clear();
    for (std::size_t i = 0; i < cities_.size(); ++i) {
      const double latitude = instance.radians[2 * i], longitude = instance.radians[2 * i + 1];
      points_.insert(points_.end(), {std::cos(latitude) * std::cos(longitude),
                                     std::cos(latitude) * std::sin(longitude), std::sin(latitude)});
    }
  }
  std::iota(cities_.begin(), cities_.end(), City{0});
  nodes_.reserve(cities_.size() / 2 + 4);
  build(0, instance.count, -1);
}

std::int32_t UnvisitedTree::build(std::int32_t first, std::int32_t last, std::int32_t parent) {
  const auto index = static_cast<std::int32_t>(nodes_.size());
  Node node{.first = first, .last = last, .parent = parent, .alive = last - first};
  if (last - first <= leaf_size) {
    for (std::int32_t i = first; i < last; ++i)
      leaf_[static_cast<std::size_t>(cities_[static_cast<std::size_t>(i)])] = index;
    nodes_.push_back(node);
    return index;
  }
  double widest = -1;
  for (int axis = 0; axis < dimension_; ++axis) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (std::int32_t i = first; i < last; ++i) {
      const double x = coordinate(cities_[static_cast<std::size_t>(i)], axis);
      low = std::min(low, x), high = std::max(high, x);
    }
    if (high - low > widest) widest = high - low, node.axis = axis;
  }
  const std::int32_t middle = first + (last - first) / 2;
  std::nth_element(cities_.begin() + first, cities_.begin() + middle, cities_.begin() + last,
                   [&](City a, City b) {
                     return std::pair(coordinate(a, node.axis), a) < std::pair(coordinate(b, node.axis), b);
                   });
  node.split = coordinate(cities_[static_cast<std::size_t>(middle)], node.axis);
  nodes_.push_back(node);
  const std::int32_t left = build(first, middle, index), right = build(middle, last, index);
  nodes_[static_cast<std::size_t>(index)].left = left;
  nodes_[static_cast<std::size_t>(index)].right = right;
  return index;
}

void UnvisitedTree::remove(City city) {
  if (std::exchange(gone_[static_cast<std::size_t>(city)], 1) != 0) return;
  for (std::int32_t i = leaf_[static_cast<std::size_t>(city)]; i >= 0;
       i = nodes_[static_cast<std::size_t>(i)].parent)
    --nodes_[static_cast<std::size_t>(i)].alive;
}

double UnvisitedTree::measure(City a, City b) const {
  double sum = 0;
  for (int axis = 0; axis < dimension_; ++axis) {
    const double d = std::abs(coordinate(a, axis) - coordinate(b, axis));
    sum = norm_ == Norm::straight ? sum + d * d : norm_ == Norm::sum ? sum + d : std::max(sum, d);
  }
  return sum;
}

void UnvisitedTree::search(std::int32_t index, City to, Found& found) const {
  const Node& node = nodes_[static_cast<std::size_t>(index)];
  if (node.alive == 0) return;
  if (node.left < 0) {
    for (std::int32_t i = node.first; i < node.last; ++i) {
      const City city = cities_[static_cast<std::size_t>(i)];
      if (gone_[static_cast<std::size_t>(city)] != 0) continue;
      const double d = measure(city, to);
      if (d < found.distance) found = {d, city};
    }
    return;
  }
  // The difference along one axis is a lower bound in each of the norms.
  const double aside = coordinate(to, node.axis) - node.split;
  search(aside < 0 ? node.left : node.right, to, found);
  if ((norm_ == Norm::straight ? aside * aside : std::abs(aside)) < found.distance)
    search(aside < 0 ? node.right : node.left, to, found);
}

City UnvisitedTree::nearest(City to) const {
  Found found{std::numeric_limits<double>::infinity(), -1};
  search(0, to, found);
  return found.city;
}

}  // namespace lehr::tour
