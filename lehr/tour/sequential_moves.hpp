// The step of chained_lin_kernighan.hpp: the exchanges t_1 ... t_2k, found edge by edge.
#pragma once

#include <algorithm>

#include "lehr/tour/tour_walk.hpp"

namespace lehr::tour {

// How many continuations are tried at each level; the number of levels is one less than the most edges of an exchange.
struct Breadth {
  static constexpr int most = 16;
  std::array<int, ArrayTour::most_edges> at{};  // [i] after the removal of i edges
};

template <class Distance>
class SequentialMoves {
 public:
  SequentialMoves(const CandidateGraph& graph, TourWalk& walk, const Distance& distance,
                  const Breadth& breadth)
      : graph_(graph), walk_(walk), distance_(distance), least_(graph.least_gain()), breadth_(breadth) {}

  bool improve(City a) {
    t_[0] = a;
    for (const City b : {walk_.tour.next(a), walk_.tour.previous(a)}) {
      t_[1] = b;
      if (extend(1, distance_(a, b))) return true;
    }
    return false;
  }

 private:
  struct Choice {
    double gain;
    City a, b;
  };

  // t_1 ... t_{2 level} stand; `gain` is the sum of the `level` removed edges less that of the `level` - 1 added ones.
  bool extend(int level, double gain) {
    const auto top = static_cast<std::size_t>(2 * level);
    const int breadth = breadth_.at[static_cast<std::size_t>(level)];
    const City base = t_[top - 1];
    const City after = walk_.tour.next(base), before = walk_.tour.previous(base);
    const City* near = graph_.candidates(base);
    const double* lengths = graph_.lengths(base);
    std::array<Choice, Breadth::most> choices;
    int count = 0;
    for (int i = 0; i < graph_.size(); ++i) {
      const double open = gain - lengths[i];
      if (open <= least_) break;
      const City a = near[i];
      if (a == after || a == before) continue;
      for (const City b : {walk_.tour.next(a), walk_.tour.previous(a)}) {
        const double extended = open + distance_(a, b);
        const bool last = count == breadth &&
                          (breadth == 0 || extended <= choices[static_cast<std::size_t>(count - 1)].gain);
        const double closed = extended - distance_(b, t_[0]);
        if (last && closed <= least_) continue;
        if (is_removed(a, b, top)) continue;
        t_[top] = a, t_[top + 1] = b;
        if (closed > least_ && walk_.tour.closes({t_.data(), top + 2})) {
          walk_.exchange({t_.data(), top + 2}, closed);
          return true;
        }
        if (last) continue;
        int place = count < breadth ? count++ : count - 1;
        for (; place > 0 && choices[static_cast<std::size_t>(place - 1)].gain < extended; --place)
          choices[static_cast<std::size_t>(place)] = choices[static_cast<std::size_t>(place - 1)];
        choices[static_cast<std::size_t>(place)] = {extended, a, b};
      }
    }
    for (int i = 0; i < count; ++i) {
      const Choice& choice = choices[static_cast<std::size_t>(i)];
      t_[top] = choice.a, t_[top + 1] = choice.b;
      if (extend(level + 1, choice.gain)) return true;
    }
    return false;
  }

  bool is_removed(City a, City b, std::size_t top) const {
    for (std::size_t i = 0; i < top; i += 2)
      if ((t_[i] == a && t_[i + 1] == b) || (t_[i] == b && t_[i + 1] == a)) return true;
    return false;
  }

  const CandidateGraph& graph_;
  TourWalk& walk_;
  const Distance& distance_;
  double least_;
  const Breadth& breadth_;
  std::array<City, 2 * ArrayTour::most_edges> t_{};
};

}  // namespace lehr::tour
