// A kick: the double bridge of Martin, Otto and Felten (1991) inside a window of the tour, so that it costs the window's length and
// the search that follows looks at a few cities only.
#pragma once

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

#include "lehr/core/quick_random.hpp"
#include "lehr/tour/kick_options.hpp"
#include "lehr/tour/tour_walk.hpp"

namespace lehr::tour {

// Uniform in [0, n), n < 2^32, by multiplication (Lemire 2019); the bias is below n / 2^32.
inline std::int32_t quick_index(QuickStream& random, std::int32_t n) {
  return static_cast<std::int32_t>(((random() >> 32) * static_cast<std::uint64_t>(n)) >> 32);
}

class SegmentKick {
 public:
  explicit SegmentKick(const KickOptions& options)
      : steps_(static_cast<std::int32_t>(options.walk)), window_(static_cast<std::int32_t>(options.window)) {}

  // Four edges near each other are chosen by random walks over candidate edges from a random city, those that are further along the tour than the
  // window passed over; the three segments B C D between them become D C B. The tour must have at
  // least 8 cities. What changes has its cities looked at.
  template <class Distance>
  void make(TourWalk& walk, const CandidateGraph& graph, const Distance& distance, QuickStream& random) {
    const std::int32_t n = walk.tour.cities();
    const City centre = quick_index(random, n);
    std::array<std::int32_t, 4> offset = choose(walk.tour, graph, random, centre);
    std::int32_t from = walk.tour.position(centre) + offset[0];
    from = from < 0 ? from + n : from >= n ? from - n : from;
    const std::array<std::int32_t, 3> cut{offset[1] - offset[0], offset[2] - offset[0],
                                          offset[3] - offset[0]};
    first_ = from + 1 == n ? 0 : from + 1;
    before_.clear(), after_.clear();
    for (std::int32_t i = 0, p = first_; i < cut[2]; ++i, p = p + 1 == n ? 0 : p + 1)
      before_.push_back(walk.tour.at(p));
    const City left = walk.tour.at(from);
    const City right = walk.tour.next(before_.back());
    append(cut[1], cut[2]), append(cut[0], cut[1]), append(0, cut[0]);
    const auto b = [&](std::int32_t i) { return before_[static_cast<std::size_t>(i)]; };
    const std::array<City, 8> ends{left,          b(0),      b(cut[0] - 1), b(cut[0]),
                                   b(cut[1] - 1), b(cut[1]), b(cut[2] - 1), right};
    walk.length += distance(ends[0], ends[5]) + distance(ends[6], ends[3]) + distance(ends[4], ends[1]) +
                   distance(ends[2], ends[7]) - distance(ends[0], ends[1]) - distance(ends[2], ends[3]) -
                   distance(ends[4], ends[5]) - distance(ends[6], ends[7]);
    walk.tour.rewrite(first_, after_);
    walk.note({first_, cut[2]});
    for (const City c : ends) walk.queue.push(c);
  }
  // After every later move has been undone.
  void undo(TourWalk& walk) const { walk.tour.rewrite(first_, before_); }

 private:
  // Four different positions from that of `centre`, rising, each after which an edge is removed.
  std::array<std::int32_t, 4> choose(const ArrayTour& tour, const CandidateGraph& graph, QuickStream& random,
                                     City centre) const {
    const std::int32_t n = tour.cities(), window = std::min(window_, n / 2 - 1), local = std::min(window, 25);
    const std::int32_t reach = std::min(graph.size(), 5);
    std::array<std::int32_t, 4> offset{};
    for (std::int32_t count = 1, tries = 0; count < 4; ++tries) {
      std::int32_t value = 0;
      if (steps_ > 0 && tries < 12) {
        City c = centre;
        for (std::int32_t i = 0; i < steps_; ++i) c = graph.candidates(c)[quick_index(random, reach)];
        value = tour.position(c) - tour.position(centre);
        value = 2 * value > n ? value - n : 2 * value < -n ? value + n : value;
        if (std::abs(value) > window) continue;
      } else {
        const std::int32_t around = steps_ > 0 ? local : window;
        value = quick_index(random, 2 * around + 1) - around;
      }
      std::int32_t place = count;
      while (place > 0 && offset[static_cast<std::size_t>(place - 1)] > value) --place;
      if (place > 0 && offset[static_cast<std::size_t>(place - 1)] == value) continue;
      for (std::int32_t j = count; j > place; --j)
        offset[static_cast<std::size_t>(j)] = offset[static_cast<std::size_t>(j - 1)];
      offset[static_cast<std::size_t>(place)] = value;
      ++count;
    }
    return offset;
  }
  void append(std::int32_t first, std::int32_t last) {
    after_.insert(after_.end(), before_.begin() + first, before_.begin() + last);
  }

  std::int32_t steps_, window_;
  std::int32_t first_ = 0;
  std::vector<City> before_, after_;
};

}  // namespace lehr::tour
