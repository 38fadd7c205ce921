// The moves of or_opt.hpp at one city: 2-opt, and Or-opt with segments of one to three cities in both directions.
#pragma once

#include <algorithm>

#include "lehr/tour/tour_walk.hpp"

namespace lehr::tour {

template <class Distance>
class OrOptMoves {
 public:
  OrOptMoves(const CandidateGraph& graph, TourWalk& walk, const Distance& distance)
      : graph_(graph), walk_(walk), distance_(distance), least_(graph.least_gain()) {}

  // Makes the first move found at city `a` that shortens the tour by more than `least`; false when there is none.
  bool improve(City a) {
    return two_opt(a, true) || two_opt(a, false) || or_opt(a, true) || or_opt(a, false);
  }

 private:
  City step(City c, bool forward) const { return forward ? walk_.tour.next(c) : walk_.tour.previous(c); }

  // The edges (a, b), (c, d), with b and d the next cities in one direction, become (a, c), (b, d).
  bool two_opt(City a, bool forward) {
    const City b = step(a, forward);
    const double removed = distance_(a, b);
    const City* near = graph_.candidates(a);
    const double* lengths = graph_.lengths(a);
    for (int i = 0; i < graph_.size(); ++i) {
      const double gain = removed - lengths[i];
      if (gain <= least_) return false;
      const City c = near[i], d = step(c, forward);
      if (c == b || d == a) continue;
      const double total = gain + distance_(c, d) - distance_(b, d);
      if (total <= least_) continue;
      walk_.exchange(std::array{b, a, c, d}, total);
      return true;
    }
    return false;
  }

  // The segment a ... e of one to three cities, which leads away from p, comes between neighbours c and o of the rest, a next to c:
  // the edges (p, a), (e, f), (c, o) become (p, f), (a, c), (e, o).
  bool or_opt(City a, bool forward) {
    const City p = step(a, !forward);
    const double first = distance_(p, a);
    if (first - graph_.lengths(a)[0] <= least_) return false;
    std::array<City, 3> segment{a, a, a};
    for (int size = 1; size <= 3; ++size) {
      const City e = segment[static_cast<std::size_t>(size - 1)], f = step(e, forward);
      if (f == p) return false;
      const double removed = first + distance_(e, f) - distance_(p, f);
      if (insert({p, a, e, f}, segment, size, first, removed)) return true;
      if (size < 3) segment[static_cast<std::size_t>(size)] = f;
    }
    return false;
  }

  struct Ends {
    City p, a, e, f;
  };

  bool insert(Ends ends, const std::array<City, 3>& segment, int size, double first, double removed) {
    const City* near = graph_.candidates(ends.a);
    const double* lengths = graph_.lengths(ends.a);
    for (int i = 0; i < graph_.size(); ++i) {
      if (first - lengths[i] <= least_) return false;
      const City c = near[i];
      if (c == ends.p || std::find(segment.begin(), segment.begin() + size, c) != segment.begin() + size)
        continue;
      for (const bool side : {true, false}) {
        const City o = step(c, side);
        if (o == ends.e || (c == ends.f && o == ends.p)) continue;
        const double total = removed - lengths[i] + distance_(c, o) - distance_(ends.e, o);
        if (total <= least_) continue;
        walk_.exchange(std::array{ends.p, ends.a, c, o, ends.e, ends.f}, total);
        return true;
      }
    }
    return false;
  }

  const CandidateGraph& graph_;
  TourWalk& walk_;
  const Distance& distance_;
  double least_;
};

}  // namespace lehr::tour
