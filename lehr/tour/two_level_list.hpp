// A tour as a doubly-linked list of segments of about sqrt(n) cities, each of which may be read backwards (Fredman, Johnson, McGeoch and
// Ostheimer 1995, "Data structures for traveling salesmen"): next, previous and between in O(1), a reversal in O(sqrt n) however long
// the path is. The searches of this room use
// ArrayTour.
#pragma once

#include <utility>
#include <vector>

#include "lehr/tour/order.hpp"

namespace lehr::tour {

class TwoLevelList {
 public:
  // `segment` is the number of cities of a segment; 0: sqrt(n).
  explicit TwoLevelList(const Order& order, City segment = 0);

  City cities() const { return static_cast<City>(cities_.size()); }
  City next(City c) const {
    const Node& node = at(c);
    return node.link[segment_of(node).backwards ? 0 : 1];
  }
  City previous(City c) const {
    const Node& node = at(c);
    return node.link[segment_of(node).backwards ? 1 : 0];
  }
  // Whether b is met on the way forward from a to c, ends included.
  bool between(City a, City b, City c) const;
  // Turns round the path from a forward to b (or the rest of the tour, which is the same closed tour).
  void reverse(City a, City b);
  // From city 0 on.
  Order order() const;

 private:
  struct Node {
    City link[2];          // in the segment's own direction: before, after
    std::int32_t segment;  // of segments_
    std::int32_t place;    // rises along the segment's own direction
  };
  struct Segment {
    bool backwards;
    City first, last;  // as the tour goes
    std::int32_t rank, size;
  };

  const Node& at(City c) const { return cities_[static_cast<std::size_t>(c)]; }
  Node& at(City c) { return cities_[static_cast<std::size_t>(c)]; }
  const Segment& segment_of(const Node& node) const {
    return segments_[static_cast<std::size_t>(node.segment)];
  }
  Segment& segment_of(const Node& node) { return segments_[static_cast<std::size_t>(node.segment)]; }
  void set_next(City c, City to) { at(c).link[segment_of(at(c)).backwards ? 0 : 1] = to; }
  void set_previous(City c, City to) { at(c).link[segment_of(at(c)).backwards ? 1 : 0] = to; }
  std::int32_t& ring(std::int32_t rank) {
    const auto size = static_cast<std::int32_t>(ring_.size());
    return ring_[static_cast<std::size_t>(rank >= size ? rank - size : rank)];
  }
  std::pair<std::int32_t, std::int32_t> key(City c) const;

  void build(const Order& order);
  void move(City c, std::int32_t segment, bool to_end);
  void make_first(City c, City untouched);
  void reverse_inside(City a, City b);
  void reverse_run(std::int32_t rank, std::int32_t count);

  City nominal_;
  std::vector<Node> cities_;
  std::vector<Segment> segments_;
  std::vector<std::int32_t> ring_;  // segments by rank
  std::vector<City> path_;          // room for reversals inside a segment
};

}  // namespace lehr::tour
