#include "lehr/tour/constructions.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "lehr/core/errors.hpp"
#include "lehr/tour/unvisited_tree.hpp"

namespace lehr::tour {

namespace {

Order nearest_by_table(const Instance& instance, City start) {
  std::vector<City> left(static_cast<std::size_t>(instance.count));
  std::iota(left.begin(), left.end(), City{0});
  Order order{start};
  left.erase(left.begin() + start);
  while (!left.empty()) {
    const auto nearest = std::min_element(left.begin(), left.end(), [&](City a, City b) {
      return instance.distance(order.back(), a) < instance.distance(order.back(), b);
    });
    order.push_back(*nearest);
    *nearest = left.back();
    left.pop_back();
  }
  return order;
}

struct CandidateEdge {
  double length;
  City a, b;
  friend auto operator<=>(const CandidateEdge&, const CandidateEdge&) = default;
};

// Paths that grow together: at most two edges a city, and which end belongs to which.
class Fragments {
 public:
  explicit Fragments(City cities)
      : links_(static_cast<std::size_t>(cities), {-1, -1}), far_end_(links_.size()), paths_(cities) {
    std::iota(far_end_.begin(), far_end_.end(), City{0});
  }

  City paths() const { return paths_; }
  bool is_end(City c) const { return links_[index(c)][1] < 0; }
  City far_end(City c) const { return far_end_[index(c)]; }  // of an end

  // Joins two paths by the edge unless a city is inside a path or both belong to one.
  void join(City a, City b) {
    if (!is_end(a) || !is_end(b) || far_end(a) == b || a == b) return;
    const City left = far_end(a), right = far_end(b);
    link(a, b), link(b, a);
    far_end_[index(left)] = right, far_end_[index(right)] = left;
    --paths_;
  }

  std::vector<City> ends() const {
    std::vector<City> list;
    for (City c = 0; c < static_cast<City>(links_.size()); ++c)
      if (is_end(c)) list.push_back(c);
    return list;
  }

  // The only path left, from one end to the other.
  Order path() const {
    Order order{ends().front()};
    for (City before = -1; order.size() < links_.size();) {
      const auto& [first, second] = links_[index(order.back())];
      const City next = first == before ? second : first;
      before = order.back();
      order.push_back(next);
    }
    return order;
  }

 private:
  static std::size_t index(City c) { return static_cast<std::size_t>(c); }
  void link(City a, City b) { links_[index(a)][links_[index(a)][0] < 0 ? 0 : 1] = b; }

  std::vector<std::array<City, 2>> links_;
  std::vector<City> far_end_;
  City paths_;
};

void join_shortest_first(std::vector<CandidateEdge>& edges, Fragments& fragments) {
  std::sort(edges.begin(), edges.end());
  for (const CandidateEdge& edge : edges) fragments.join(edge.a, edge.b);
}

// The instance of some of the cities.
Instance part_of(const Instance& instance, const std::vector<City>& cities) {
  Instance part;
  part.metric = instance.metric;
  part.dimension = instance.dimension;
  part.count = static_cast<City>(cities.size());
  const auto copy = [&](const std::vector<double>& from, std::size_t each, std::vector<double>& to) {
    if (from.empty()) return;
    for (const City c : cities)
      to.insert(to.end(), from.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(c) * each),
                from.begin() + static_cast<std::ptrdiff_t>((static_cast<std::size_t>(c) + 1) * each));
  };
  copy(instance.coordinates, static_cast<std::size_t>(instance.dimension), part.coordinates);
  copy(instance.radians, 2, part.radians);
  if (instance.metric == Metric::matrix)
    for (const City a : cities)
      for (const City b : cities) part.table.push_back(instance.distance(a, b));
  return part;
}

// One round: every free end is offered its nearest free ends.
void join_ends(const Instance& instance, Fragments& fragments) {
  constexpr int offered = 8;
  const std::vector<City> ends = fragments.ends();
  std::vector<CandidateEdge> edges;
  const auto offer = [&](City a, City b) {
    if (fragments.far_end(a) != b) edges.push_back({instance.distance(a, b), std::min(a, b), std::max(a, b)});
  };
  if (ends.size() <= 2 * offered) {
    for (const City a : ends)
      for (const City b : ends)
        if (a < b) offer(a, b);
  } else {
    const Neighbours near = nearest_neighbours(part_of(instance, ends), offered);
    for (std::size_t i = 0; i < ends.size(); ++i)
      for (const City j : near.of(static_cast<City>(i))) offer(ends[i], ends[static_cast<std::size_t>(j)]);
  }
  join_shortest_first(edges, fragments);
}

// The place along Hilbert's curve of a point with `bits` bits a coordinate (Skilling 2004): the coordinates become the key's
// bits, those of equal weight side by side.
template <std::size_t dimension>
std::uint64_t hilbert_key(std::array<std::uint32_t, dimension> x, int bits) {
  const std::uint32_t top = 1U << (bits - 1);
  for (std::uint32_t q = top; q > 1; q >>= 1)
    for (std::size_t i = 0; i < dimension; ++i) {
      if (x[i] & q) {
        x[0] ^= q - 1;
      } else {
        const std::uint32_t t = (x[0] ^ x[i]) & (q - 1);
        x[0] ^= t, x[i] ^= t;
      }
    }
  for (std::size_t i = 1; i < dimension; ++i) x[i] ^= x[i - 1];
  std::uint32_t turned = 0;
  for (std::uint32_t q = top; q > 1; q >>= 1)
    if (x[dimension - 1] & q) turned ^= q - 1;
  std::uint64_t key = 0;
  for (int bit = bits - 1; bit >= 0; --bit)
    for (std::size_t i = 0; i < dimension; ++i) key = key << 1 | (((x[i] ^ turned) >> bit) & 1U);
  return key;
}

template <std::size_t dimension>
std::vector<std::uint64_t> hilbert_keys(const Instance& instance) {
  constexpr int bits = 20;
  std::array<double, dimension> low{};
  double width = 0;
  for (std::size_t axis = 0; axis < dimension; ++axis) {
    double high = low[axis] = instance.coordinates[axis];
    for (std::size_t i = axis; i < instance.coordinates.size(); i += dimension) {
      low[axis] = std::min(low[axis], instance.coordinates[i]);
      high = std::max(high, instance.coordinates[i]);
    }
    width = std::max(width, high - low[axis]);
  }
  const double scale = width > 0 ? ((1 << bits) - 1) / width : 0;
  std::vector<std::uint64_t> keys;
  for (std::size_t i = 0; i < instance.coordinates.size(); i += dimension) {
    std::array<std::uint32_t, dimension> x{};
    for (std::size_t axis = 0; axis < dimension; ++axis)
      x[axis] = static_cast<std::uint32_t>((instance.coordinates[i + axis] - low[axis]) * scale);
    keys.push_back(hilbert_key<dimension>(x, bits));
  }
  return keys;
}

}  // namespace

Order nearest_neighbour(const Instance& instance, City start) {
  if (start < 0 || start >= instance.count)
    throw InvalidInput("nearest_neighbour: no city {}; they are 1 to {}", start + 1, instance.count);
  if (instance.metric == Metric::matrix) return nearest_by_table(instance, start);
  UnvisitedTree tree(instance);
  Order order{start};
  order.reserve(static_cast<std::size_t>(instance.count));
  while (static_cast<City>(order.size()) < instance.count) {
    tree.remove(order.back());
    order.push_back(tree.nearest(order.back()));
  }
  return order;
}

Order greedy_edge(const Instance& instance, const Neighbours& neighbours) {
  Fragments fragments(instance.count);
  {
    std::vector<CandidateEdge> edges;
    edges.reserve(neighbours.cities.size());
    with_distance(instance, [&](const auto& distance) {
      for (City a = 0; a < instance.count; ++a)
        for (const City b : neighbours.of(a)) {
          const auto back = neighbours.of(b);
          if (a < b || std::find(back.begin(), back.end(), a) == back.end())
            edges.push_back({distance(a, b), std::min(a, b), std::max(a, b)});
        }
    });
    join_shortest_first(edges, fragments);
  }
  while (fragments.paths() > 1) join_ends(instance, fragments);
  return fragments.path();
}

Order space_filling_curve(const Instance& instance) {
  if (!instance.has_positions())
    throw InvalidInput("space_filling_curve: the problem is a table without positions");
  const std::vector<std::uint64_t> keys =
      instance.dimension == 3 ? hilbert_keys<3>(instance) : hilbert_keys<2>(instance);
  Order order(keys.size());
  std::iota(order.begin(), order.end(), City{0});
  std::sort(order.begin(), order.end(), [&](City a, City b) {
    return std::pair(keys[static_cast<std::size_t>(a)], a) < std::pair(keys[static_cast<std::size_t>(b)], b);
  });
  return order;
}

}  // namespace lehr::tour
