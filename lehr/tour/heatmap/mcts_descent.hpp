// The descents of heatmap-guided tree search: 2-opt in passes, or 2-opt and Or-opt over a queue of cities; and the double bridge
// that a kick begins with. Every improving move teaches the edges that it adds.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "lehr/tour/heatmap/mcts_work.hpp"

namespace lehr::tour {

template <class Distance>
class MctsDescent {
 public:
  explicit MctsDescent(MctsWork<Distance>& work) : work_(work) {}

  // Passes over all cities for as long as there is work to spend; true when no move is left.
  bool descend_passes(std::int64_t most_work) {
    MctsState& state = work_.state;
    while (work_.spent < most_work) {
      if (state.cursor == work_.count) {
        if (!state.improved) return true;
        state.cursor = 0;
        state.improved = false;
      }
      if (improve_by_2opt(state.cursor++)) state.improved = true;
    }
    return false;
  }
  // The same over the queue.
  bool descend_queue(std::int64_t most_work) {
    while (!work_.state.queue.empty()) {
      if (work_.spent >= most_work) return false;
      const City c = work_.state.queue.back();
      work_.state.queue.pop_back();
      work_.state.is_queued[at(c)] = 0;
      while (improve_city(c)) {
      }
    }
    return true;
  }

  void push(City c) {
    if (std::exchange(work_.state.is_queued[at(c)], 1) == 0) work_.state.queue.push_back(c);
    if (work_.state.phase == MctsState::Phase::kick) touch(c);
  }
  // The cities that came into the queue since a kick began.
  const std::vector<City>& touched() const { return touched_; }
  void begin_kick() { touched_.clear(); }

  // c0 A B c1 becomes c0 B A c1.
  void double_bridge() {
    const City reach = std::min<City>(50, work_.count - 2);
    const City start = work_.random_city();
    const auto first = static_cast<City>(1 + work_.below(at(reach - 1)));       // cities of A
    const auto second = static_cast<City>(1 + work_.below(at(reach - first)));  // cities of B
    const auto city = [&](City offset) {
      const City place = start + offset;
      return work_.state.tour.city_at(place < work_.count ? place : place - work_.count);
    };
    const City c0 = city(0), a0 = city(1), a1 = city(first), b0 = city(first + 1), b1 = city(first + second),
               c1 = city(first + second + 1 == work_.count ? 0 : first + second + 1);
    bool way = work_.state.tour.reverse_path(a0, b1, true);
    way = work_.state.tour.reverse_path(b1, b0, way);
    work_.state.tour.reverse_path(a1, a0, way);
    work_.state.length += work_.distance(c0, b0) + work_.distance(b1, a0) + work_.distance(a1, c1) -
                          work_.distance(c0, a0) - work_.distance(a1, b0) - work_.distance(b1, c1);
    push(c0), push(a0), push(a1), push(b0), push(b1), push(c1);
  }

 private:
  template <class I>
  static std::size_t at(I i) {
    return static_cast<std::size_t>(i);
  }
  void touch(City c) {
    for (const City other : touched_)
      if (other == c) return;
    touched_.push_back(c);
  }
  void count_move(std::int32_t slot, City a, City b) {
    work_.state.memory.count_evaluation();
    if (work_.knobs.alpha == 0) return;  // visits only matter to exploration
    work_.state.memory.visit(slot);
    work_.state.memory.visit(a, b);
  }

  // The first improving 2-opt move that gives i a candidate as neighbour, for both of its edges.
  bool improve_by_2opt(City i) {
    for (const bool forward : {true, false})
      for (std::int32_t k = work_.rows.begin(i); k < work_.rows.end(i); ++k) {
        ++work_.spent;
        const City j = work_.rows.cities[at(k)], after = work_.state.tour.ahead(i, forward);
        const City beyond = work_.state.tour.ahead(j, forward);
        if (j == after || beyond == i) continue;
        count_move(k, after, beyond);
        const double gain = work_.distance(i, after) + work_.distance(j, beyond) -
                            work_.rows.distances[at(k)] - work_.distance(after, beyond);
        if (gain <= work_.tolerance) continue;
        apply_2opt(i, after, j, beyond, forward, gain);
        return true;
      }
    return false;
  }

  void apply_2opt(City i, City after, City j, City beyond, bool forward, double gain) {
    const std::int64_t before = work_.state.tour.work();
    work_.state.tour.reverse_path(after, j, forward);
    work_.spent += (work_.state.tour.work() - before) / 2;
    if (work_.state.phase == MctsState::Phase::descend) work_.state.tour.forget();
    const double amount = work_.lesson(gain);
    work_.state.memory.learn(i, j, amount);
    work_.state.memory.learn(after, beyond, amount);
    work_.state.length -= gain;
  }

  // The first improving 2-opt or Or-opt move that gives c a nearer neighbour among its candidates.
  bool improve_city(City c) {
    for (const bool forward : {true, false}) {
      const City after = work_.state.tour.ahead(c, forward);
      const double removed = work_.distance(c, after);
      for (std::int32_t k = work_.rows.begin(c); k < work_.rows.end(c); ++k) {
        ++work_.spent;
        if (work_.rows.distances[at(k)] >= removed) continue;
        const City j = work_.rows.cities[at(k)], beyond = work_.state.tour.ahead(j, forward);
        if (beyond == c) continue;
        count_move(k, after, beyond);
        const double gain =
            removed + work_.distance(j, beyond) - work_.rows.distances[at(k)] - work_.distance(after, beyond);
        if (gain > work_.tolerance) {
          apply_2opt(c, after, j, beyond, forward, gain);
          push(c), push(after), push(j), push(beyond);
          return true;
        }
        if (move_segment(c, after, k, forward, removed)) return true;
      }
    }
    return false;
  }

  // Or-opt: the segment c ... e of 1 to 3 cities that goes away from `after` moves between j and m, with c
  // beside j.
  bool move_segment(City c, City after, std::int32_t slot, bool forward, double removed) {
    const City j = work_.rows.cities[at(slot)];
    City e = c;
    for (int size = 1; size <= 3; ++size) {
      if (size > 1) e = work_.state.tour.ahead(e, !forward);
      const City f = work_.state.tour.ahead(e, !forward);
      if (e == j || f == after) return false;
      const double base =
          removed + work_.distance(e, f) - work_.distance(after, f) - work_.rows.distances[at(slot)];
      for (const bool nearer :
           {true,
            false}) {  // m stands on the side of c as the path c ... e f ... after is walked, or beyond j
        const City m = work_.state.tour.ahead(j, nearer ? forward : !forward);
        if ((j == f && m == e) || (j == after && m == c)) continue;
        const double gain = base + work_.distance(j, m) - work_.distance(e, m);
        work_.spent += 2;
        if (gain <= work_.tolerance) continue;
        apply_segment(c, e, f, j, m, after, forward, nearer, gain);
        return true;
      }
    }
    return false;
  }

  void apply_segment(City c, City e, City f, City j, City m, City after, bool forward, bool nearer,
                     double gain) {
    const std::int64_t before = work_.state.tour.work();
    bool way = !forward;
    if (nearer) {
      way = work_.state.tour.reverse_path(c, m, way);
      work_.state.tour.reverse_path(m, f, way);
    } else {
      way = work_.state.tour.reverse_path(c, j, way);
      way = work_.state.tour.reverse_path(j, f, way);
      work_.state.tour.reverse_path(e, c, way);
    }
    work_.spent += (work_.state.tour.work() - before) / 2;
    if (work_.state.phase == MctsState::Phase::descend) work_.state.tour.forget();
    work_.state.memory.count_evaluation();
    const double amount = work_.lesson(gain);
    work_.state.memory.learn(after, f, amount);
    work_.state.memory.learn(c, j, amount);
    work_.state.memory.learn(e, m, amount);
    work_.state.length -= gain;
    push(c), push(e), push(f), push(j), push(m), push(after);
  }

  MctsWork<Distance>& work_;
  std::vector<City> touched_;
};

}  // namespace lehr::tour
