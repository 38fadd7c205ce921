#include "lehr/tour/penalty_tree.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace lehr::tour {

namespace {

class Components {
 public:
  explicit Components(City count) : parent_(slot(count)) {
    std::iota(parent_.begin(), parent_.end(), City{0});
  }
  City find(City i) {
    while (parent_[slot(i)] != i) i = parent_[slot(i)] = parent_[slot(parent_[slot(i)])];
    return i;
  }
  bool join(City a, City b) {
    a = find(a), b = find(b);
    if (a == b) return false;
    parent_[slot(std::max(a, b))] = std::min(a, b);
    return true;
  }

 private:
  std::vector<City> parent_;
};

// Edges compare by weight, then by their cities, so that equal weights close no cycle.
struct Candidate {
  double weight = endless;
  City a = -1, b = -1;  // a < b
  bool operator<(const Candidate& other) const {
    if (weight != other.weight) return weight < other.weight;
    return a != other.a ? a < other.a : b < other.b;
  }
};

Candidate candidate(double weight, City a, City b) { return {weight, std::min(a, b), std::max(a, b)}; }

// Boxes around the cities; a rule applied to the gap between a city and a box is a lower bound of its distances, because all rules of positions
// grow with the differences of coordinates, rounded or not.
template <class Distance>
class PenaltyBoxes {
 public:
  PenaltyBoxes(const Instance& instance, std::span<const double> penalties, const Distance& distance)
      : instance_(instance), penalties_(penalties), distance_(distance), dimension_(instance.dimension) {
    order_.resize(slot(instance.cities()));
    std::iota(order_.begin(), order_.end(), City{0});
    build(0, order_.size());
  }

  // In an order in which cities near each other stand together.
  const std::vector<City>& order() const { return order_; }

  // The component that all cities of a box share, -1 where there are several.
  void set_components(Components& components) {
    component_.resize(order_.size());
    for (City i = 0; i < instance_.cities(); ++i) component_[slot(i)] = components.find(i);
    for (std::size_t k = boxes_.size(); k-- > 0;) {
      Box& box = boxes_[k];
      box.component = box.left == 0 ? component_[slot(order_[box.first])] : boxes_[box.left].component;
      if (box.left != 0) {
        if (boxes_[box.right].component != box.component) box.component = -1;
      } else {
        for (std::size_t i = box.first; i < box.last; ++i)
          if (component_[slot(order_[i])] != box.component) box.component = -1;
      }
    }
  }
  City component(City i) const { return component_[slot(i)]; }

  // The least edge from city i to a city of another component, if it is less than `best`.
  void foreign_edge(City i, Candidate& best) const { search<true>(i, -1, best); }
  void nearest_edge(City i, City without, Candidate& best) const { search<false>(i, without, best); }

 private:
  struct Box {
    double low[3] = {}, high[3] = {};
    double penalty = endless;  // the least inside
    std::size_t first = 0, last = 0, left = 0, right = 0;
    City component = -1;
  };

  double coordinate(City i, int axis) const {
    return instance_
        .coordinates[slot(i) * static_cast<std::size_t>(dimension_) + static_cast<std::size_t>(axis)];
  }

  std::size_t build(std::size_t first, std::size_t last) {
    Box box;
    box.first = first, box.last = last;
    for (int axis = 0; axis < dimension_; ++axis) box.low[axis] = endless, box.high[axis] = -endless;
    for (std::size_t i = first; i < last; ++i) {
      box.penalty = std::min(box.penalty, penalties_[slot(order_[i])]);
      for (int axis = 0; axis < dimension_; ++axis) {
        box.low[axis] = std::min(box.low[axis], coordinate(order_[i], axis));
        box.high[axis] = std::max(box.high[axis], coordinate(order_[i], axis));
      }
    }
    const std::size_t index = boxes_.size();
    boxes_.push_back(box);
    if (last - first <= 6) return index;
    int widest = 0;
    for (int axis = 1; axis < dimension_; ++axis)
      if (box.high[axis] - box.low[axis] > box.high[widest] - box.low[widest]) widest = axis;
    const std::size_t middle = (first + last) / 2;
    const auto begin = order_.begin();
    std::nth_element(begin + static_cast<std::ptrdiff_t>(first), begin + static_cast<std::ptrdiff_t>(middle),
                     begin + static_cast<std::ptrdiff_t>(last), [&](City a, City b) {
                       const double x = coordinate(a, widest), y = coordinate(b, widest);
                       return x != y ? x < y : a < b;
                     });
    const std::size_t left = build(first, middle), right = build(middle, last);
    boxes_[index].left = left, boxes_[index].right = right;
    return index;
  }

  double least(const Box& box, City i) const {
    double ends[6] = {};  // a pair of points as far apart as city and box
    for (int axis = 0; axis < dimension_; ++axis) {
      const double x = coordinate(i, axis);
      ends[dimension_ + axis] = x < box.low[axis]    ? box.low[axis] - x
                                : x > box.high[axis] ? x - box.high[axis]
                                                     : 0;
    }
    Distance gap = distance_;
    gap.x = ends;
    return gap(0, 1) + (penalties_[slot(i)] + box.penalty);
  }

  template <bool foreign>
  void search(City i, City without, Candidate& best) const {
    std::size_t stack[64];
    double bounds[64];
    int depth = 0;
    stack[0] = 0, bounds[0] = -endless;
    depth = 1;
    while (depth > 0) {
      --depth;
      const Box& box = boxes_[stack[depth]];
      if (bounds[depth] > best.weight) continue;
      if (foreign && box.component == component_[slot(i)]) continue;
      if (box.left == 0) {
        for (std::size_t k = box.first; k < box.last; ++k) {
          const City j = order_[k];
          if (j == i || (foreign ? component_[slot(j)] == component_[slot(i)] : j == without)) continue;
          const Candidate edge =
              candidate(distance_(i, j) + (penalties_[slot(i)] + penalties_[slot(j)]), i, j);
          if (edge < best) best = edge;
        }
        continue;
      }
      double near = least(boxes_[box.left], i), far = least(boxes_[box.right], i);
      std::size_t first = box.left, second = box.right;
      if (far < near) std::swap(near, far), std::swap(first, second);
      stack[depth] = second, bounds[depth++] = far;
      stack[depth] = first, bounds[depth++] = near;
    }
  }

  const Instance& instance_;
  std::span<const double> penalties_;
  Distance distance_;
  int dimension_;
  std::vector<City> order_, component_;
  std::vector<Box> boxes_;
};

template <class Distance>
std::vector<Edge> boruvka(const Instance& instance, std::span<const double> penalties,
                          std::span<const Edge> likely, const Distance& distance) {
  PenaltyBoxes<Distance> boxes(instance, penalties, distance);
  Components components(instance.cities());
  std::vector<Edge> tree;
  std::vector<double> lower(slot(instance.cities()),
                            -endless);  // no edge of city i to another component is less
  std::vector<Candidate> best(slot(instance.cities()));
  while (tree.size() + 1 < slot(instance.cities())) {
    boxes.set_components(components);
    std::fill(best.begin(), best.end(), Candidate{});
    const auto offer = [&](City component, const Candidate& edge) {
      if (edge < best[slot(component)]) best[slot(component)] = edge;
    };
    for (const Edge& e : likely) {
      const City a = boxes.component(e.a), b = boxes.component(e.b);
      if (a == b) continue;
      const Candidate edge =
          candidate(distance(e.a, e.b) + (penalties[slot(e.a)] + penalties[slot(e.b)]), e.a, e.b);
      offer(a, edge), offer(b, edge);
    }
    for (const City i : boxes.order()) {
      Candidate& least = best[slot(boxes.component(i))];
      if (lower[slot(i)] > least.weight) continue;
      boxes.foreign_edge(i, least);
      lower[slot(i)] = least.weight;
    }
    for (const Candidate& edge : best)
      if (edge.a >= 0 && components.join(edge.a, edge.b)) tree.push_back({edge.a, edge.b});
  }
  return tree;
}

template <class Distance>
std::vector<Edge> prim(const Instance& instance, std::span<const double> penalties,
                       const Distance& distance) {
  const City n = instance.cities();
  std::vector<double> nearest(slot(n), endless);
  std::vector<City> link(slot(n), 0);
  std::vector<char> inside(slot(n), 0);
  std::vector<Edge> tree;
  City newest = 0;
  inside[0] = 1;
  while (tree.size() + 1 < slot(n)) {
    City next = -1;
    for (City j = 0; j < n; ++j) {
      if (inside[slot(j)]) continue;
      const double w = distance(newest, j) + (penalties[slot(newest)] + penalties[slot(j)]);
      if (w < nearest[slot(j)]) nearest[slot(j)] = w, link[slot(j)] = newest;
      if (next < 0 || nearest[slot(j)] < nearest[slot(next)]) next = j;
    }
    inside[slot(next)] = 1;
    tree.push_back({link[slot(next)], next});
    newest = next;
  }
  return tree;
}

}  // namespace

std::vector<Edge> spanning_tree(const Instance& instance, std::span<const double> penalties,
                                std::span<const Edge> likely) {
  return with_distance(instance, [&](const auto& distance) {
    if constexpr (requires { distance.x; })
      return boruvka(instance, penalties, likely, distance);
    else
      return prim(instance, penalties, distance);
  });
}

std::vector<double> nearest_weights(const Instance& instance, std::span<const double> penalties,
                                    std::span<const City> cities, std::span<const City> without) {
  return with_distance(instance, [&](const auto& distance) {
    std::vector<double> weights(cities.size(), endless);
    if constexpr (requires { distance.x; }) {
      const PenaltyBoxes boxes(instance, penalties, distance);
      for (std::size_t k = 0; k < cities.size(); ++k) {
        Candidate best;
        boxes.nearest_edge(cities[k], without[k], best);
        weights[k] = best.weight;
      }
    } else {
      for (std::size_t k = 0; k < cities.size(); ++k)
        for (City j = 0; j < instance.cities(); ++j)
          if (j != cities[k] && j != without[k])
            weights[k] = std::min(weights[k],
                                  distance(cities[k], j) + (penalties[slot(cities[k])] + penalties[slot(j)]));
    }
    return weights;
  });
}

std::vector<Edge> spanning_tree_of(const Instance& instance, std::span<const double> penalties,
                                   std::span<const Edge> edges) {
  std::vector<std::pair<double, std::size_t>> sorted(edges.size());
  with_distance(instance, [&](const auto& distance) {
    for (std::size_t k = 0; k < edges.size(); ++k)
      sorted[k] = {
          distance(edges[k].a, edges[k].b) + (penalties[slot(edges[k].a)] + penalties[slot(edges[k].b)]), k};
  });
  std::sort(sorted.begin(), sorted.end());
  Components components(instance.cities());
  std::vector<Edge> tree;
  for (const auto& [w, k] : sorted)
    if (components.join(edges[k].a, edges[k].b)) tree.push_back(edges[k]);
  return tree;
}

double weight(const Instance& instance, std::span<const double> penalties, std::span<const Edge> edges) {
  return with_distance(instance, [&](const auto& distance) {
    double sum = 0;
    for (const Edge& e : edges) sum += distance(e.a, e.b) + (penalties[slot(e.a)] + penalties[slot(e.b)]);
    return sum;
  });
}

}  // namespace lehr::tour
