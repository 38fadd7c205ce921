// The moves of heatmap-guided tree search on one state; compiled once per metric. heatmap_mcts.hpp says
// what it computes.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "lehr/core/quick_random.hpp"
#include "lehr/tour/heatmap/heatmap_mcts.hpp"

namespace lehr::tour {

// The knobs as they stand during one advance.
struct MctsKnobs {
  double alpha, beta, pool, depth, fresh, temperature;
};

template <class Distance>
class MctsSearch {
 public:
  MctsSearch(const Distance& distance, const MctsSettings& settings, const MctsKnobs& knobs, MctsState& state,
             QuickStream random)
      : distance_(distance),
        knobs_(knobs),
        positive_gain_(settings.positive_gain),
        or_opt_(settings.or_opt),
        state_(state),
        rows_(state.memory.rows()),
        count_(rows_.count),
        tolerance_(1e-10 * state.length / count_),
        random_(random),
        cumulative_(at(4 + *std::ranges::max_element(rows_.sizes))) {}

  std::int64_t work() const { return work_; }

  // 1. The next city in proportion to e^W, from city 0 on.
  void build() {
    std::vector<City> left(at(count_)), place(at(count_));
    for (City i = 0; i < count_; ++i) left[at(i)] = place[at(i)] = i;
    const auto take = [&](City c) {
      const City last = left.back();
      left[at(place[at(c)])] = last;
      place[at(last)] = place[at(c)];
      place[at(c)] = -1;
      left.pop_back();
    };
    Order order = {0};
    take(0);
    while (!left.empty()) {
      const City next = draw_next(order.back(), left, place);
      take(next);
      order.push_back(next);
    }
    state_.tour.assign(std::move(order));
    state_.length = recomputed_length();
    tolerance_ = 1e-10 * state_.length / count_;
    state_.cursor = 0;
    state_.improved = false;
    state_.queue.clear();
    state_.is_queued.assign(at(count_), 0);
    if (or_opt_)
      for (City i = count_ - 1; i >= 0; --i) push(state_.tour.city_at(i));
    ++state_.restarts;
    work_ += 20 * static_cast<std::int64_t>(count_);
  }

  // 2. Goes on with the descent for as long as there is work to spend; true when no move is left.
  bool descend(std::int64_t most_work) {
    if (or_opt_) return descend_queue(most_work);
    while (work_ < most_work) {
      if (state_.cursor == count_) {
        if (!state_.improved) return true;
        state_.cursor = 0;
        state_.improved = false;
      }
      if (improve_by_2opt(state_.cursor++)) state_.improved = true;
    }
    return false;
  }

  void begin_actions() {
    state_.failed = 0;
    state_.tour.forget();
    state_.base = state_.tour;
  }
  // 3. One action; false when the pool is exhausted.
  bool act() {
    const double gain = try_action(random_city(), true);
    ++state_.simulations;
    state_.memory.count_evaluation();
    if (gain > 0) {
      accept_action(gain);
      state_.base.follow(state_.tour);
      state_.failed = 0;
      return true;
    }
    state_.tour.return_to(state_.base);
    return static_cast<double>(++state_.failed) < knobs_.pool * count_;
  }

  // A double bridge inside 50 consecutive cities, and all that it leads to; taken back if the tour
  // became longer, unless `temperature` keeps it.
  void kick() {
    const double before = state_.length;
    state_.tour.forget();
    touched_.clear();
    ++state_.kicks;
    double_bridge();
    descend_queue(INT64_MAX);
    std::int64_t failed = 0;
    while (static_cast<double>(failed) < knobs_.pool * static_cast<double>(touched_.size())) {
      const City from = touched_[static_cast<std::size_t>(below(touched_.size()))];
      const std::size_t mark = state_.tour.mark();
      const double gain = try_action(from, (random_() & 1) != 0);
      ++state_.simulations;
      state_.memory.count_evaluation();
      if (gain > 0) {
        accept_action(gain);
        for (const auto& [a, b] : added_) push(a), push(b);
        descend_queue(INT64_MAX);
        failed = 0;
      } else {
        state_.tour.undo(mark);
        ++failed;
      }
    }
    work_ += 50 + state_.tour.work();
    settle_kick(before);
    state_.tour.forget();
  }

  // The present tour becomes the best where it is shorter.
  void record() {
    if (!(state_.length < state_.best_length)) return;
    state_.length = recomputed_length();
    if (!(state_.length < state_.best_length)) return;
    state_.best = state_.tour.order();
    state_.best_length = state_.length;
  }

  // One action from `first` in one direction: the gain where it is above 0 (the tour is then changed), else
  // 0 (the caller takes the tour back). What it added stands in `added`.
  double try_action(City first, bool forward) {
    added_.clear();
    const double explore =
        knobs_.alpha == 0 ? 0 : knobs_.alpha * std::sqrt(std::log(state_.memory.evaluations() + 1.0));
    City end = state_.tour.ahead(first, forward);
    double gain = distance_(first, end);
    const auto depth = static_cast<std::int64_t>(knobs_.depth);
    const std::int64_t work_before = state_.tour.work();
    double result = 0;
    std::int64_t k = 0;
    for (; k < depth; ++k) {
      const City behind = state_.tour.ahead(end, forward);
      const std::int32_t slot = positive_gain_
                                    ? choose<true>(end, first, behind, gain, static_cast<float>(explore))
                                    : choose<false>(end, first, behind, gain, static_cast<float>(explore));
      if (slot < 0) break;
      const City joined = rows_.cities[at(slot)];
      if (knobs_.alpha != 0) state_.memory.visit(slot);
      const City freed = state_.tour.ahead(joined, !forward);
      gain += distance_(joined, freed) - rows_.distances[at(slot)];
      added_.emplace_back(end, joined);
      forward = state_.tour.reverse_path(end, freed, forward);
      end = freed;
      if (gain <= tolerance_) continue;  // closing costs at least 0
      const double closed = gain - distance_(freed, first);
      if (closed > tolerance_) {
        added_.emplace_back(freed, first);
        result = closed;
        break;
      }
    }
    state_.exchanges += static_cast<std::int64_t>(added_.size());
    work_ += 10 + 10 * k + (state_.tour.work() - work_before) / 2;
    return result;
  }
  const std::vector<std::pair<City, City>>& added() const { return added_; }

  // Teaches the edges that were added and accounts for the gain.
  void accept_action(double gain) {
    const double amount = lesson(gain);
    for (const auto& [a, b] : added_) state_.memory.learn(a, b, amount);
    state_.length -= gain;
    ++state_.improvements;
  }

 private:
  using Floats = float __attribute__((vector_size(16)));
  using Ints = std::int32_t __attribute__((vector_size(16)));
  template <class Vector>
  static Vector load(const void* from) {
    Vector vector;
    std::memcpy(&vector, from, sizeof vector);
    return vector;
  }

  template <class I>
  static std::size_t at(I i) {
    return static_cast<std::size_t>(i);
  }

  // Keeps what a kick led to unless it is longer; longer by d, keeps it with probability e^{-d /
  // (temperature times the mean edge)}.
  void settle_kick(double before) {
    const double longer = state_.length - before;
    if (longer > tolerance_) {
      const double scale = knobs_.temperature * before / count_;
      if (!(scale > 0) || uniform(random_) >= std::exp(-longer / scale)) {
        state_.tour.undo(0);
        state_.length = before;
        return;
      }
      if (before < state_.best_length) {
        const double after = state_.length;
        const auto taken = state_.tour.take_back();
        state_.length = before;
        record();
        state_.tour.replay(taken);
        state_.length += after - before;
        work_ += count_;
      }
    }
    ++state_.kept;
  }

  double lesson(double gain) const { return knobs_.beta * std::expm1(gain / state_.length); }
  std::uint64_t below(std::uint64_t n) { return ((random_() >> 32) * n) >> 32; }  // n < 2^32
  City random_city() { return static_cast<City>(below(static_cast<std::uint64_t>(count_))); }

  double recomputed_length() const {
    const Order& order = state_.tour.order();
    double sum = 0;
    for (std::size_t i = 0; i + 1 < order.size(); ++i) sum += distance_(order[i], order[i + 1]);
    return sum + distance_(order.back(), order.front());
  }

  void count_move(std::int32_t slot, City a, City b) {
    state_.memory.count_evaluation();
    if (knobs_.alpha == 0) return;  // visits only matter to exploration
    state_.memory.visit(slot);
    state_.memory.visit(a, b);
  }

  // Weights e^W of the unvisited cities of the row; all other unvisited cities have W = 0.
  City draw_next(City from, const std::vector<City>& left, const std::vector<City>& place) {
    listed_.clear();
    double top = 0;
    const auto list = [&](City city, float weight) {
      if (place[at(city)] < 0) return;
      listed_.push_back({city, weight});
      if (weight > top) top = weight;
    };
    for (std::int32_t k = rows_.begin(from); k < rows_.end(from); ++k)
      list(rows_.cities[at(k)], state_.memory.weight(k));
    for (const EdgeMemory::Other& other : state_.memory.others_of(from)) list(other.city, other.weight);
    const std::size_t rest = left.size() - listed_.size();
    if (rest == 0) top = listed_.front().weight;
    if (rest == 0)
      for (const EdgeMemory::Other& one : listed_) top = std::max<double>(top, one.weight);
    const double rest_weight = static_cast<double>(rest) * std::exp(-top);
    double total = rest_weight;
    powers_.clear();
    for (const EdgeMemory::Other& one : listed_) powers_.push_back(total += std::exp(one.weight - top));
    const double target = uniform(random_) * total;
    if (target < rest_weight) return draw_rest(left);
    for (std::size_t k = 0; k < listed_.size(); ++k)
      if (target < powers_[k]) return listed_[k].city;
    return listed_.empty() ? draw_rest(left) : listed_.back().city;
  }
  // Uniformly one of the unvisited cities that are not listed.
  City draw_rest(const std::vector<City>& left) {
    const auto is_listed = [&](City c) {
      for (const EdgeMemory::Other& one : listed_)
        if (one.city == c) return true;
      return false;
    };
    for (int attempt = 0; attempt < 64; ++attempt) {
      const City c = left[at(below(left.size()))];
      if (!is_listed(c)) return c;
    }
    std::vector<City> rest;
    for (const City c : left)
      if (!is_listed(c)) rest.push_back(c);
    return rest[at(below(rest.size()))];
  }

  // A slot of `from` in proportion to Z, or -1 where none has Z >= 1. Four slots at a time and without
  // branches on what they hold, which would be as random as the search.
  template <bool positive_gain>
  std::int32_t choose(City from, City first, City behind, double gain, float explore) {
    const std::int32_t begin = rows_.begin(from), groups = (rows_.size(from) + 3) / 4;
    const float inverse = state_.memory.inverse_mean(from), limit = static_cast<float>(gain);
    const EdgeMemory::Group* group = state_.memory.groups_of(from);
    const float* distances = rows_.near_distances.data() + begin;
    const Ints zeros = {};
    Floats carried = {};
    for (std::int32_t g = 0; g < groups; ++g) {
      const Floats z =
          load<Floats>(group[g].weights.data()) * inverse + load<Floats>(group[g].rarities.data()) * explore;
      const Ints cities = load<Ints>(group[g].cities.data());
      Ints allowed = (z >= 1.0F) & (cities != first) & (cities != behind);
      if constexpr (positive_gain) allowed &= load<Floats>(distances + 4 * g) < limit;
      Floats sums = reinterpret_cast<Floats>(reinterpret_cast<Ints>(z) & allowed);
      sums +=
          reinterpret_cast<Floats>(__builtin_shufflevector(zeros, reinterpret_cast<Ints>(sums), 3, 4, 5, 6));
      sums +=
          reinterpret_cast<Floats>(__builtin_shufflevector(zeros, reinterpret_cast<Ints>(sums), 2, 3, 4, 5));
      sums += carried;
      std::memcpy(cumulative_.data() + 4 * g, &sums, sizeof sums);
      carried = __builtin_shufflevector(sums, sums, 3, 3, 3, 3);
    }
    const float total = carried[0];
    if (!(total > 0)) return -1;
    const float target = static_cast<float>(random_() >> 40) * 0x1.0p-24F * total;
    Ints passed = {};
    for (std::int32_t g = 0; g < groups; ++g) passed += load<Floats>(cumulative_.data() + 4 * g) <= target;
    std::int32_t k = -(passed[0] + passed[1] + passed[2] + passed[3]);
    k = k < 4 * groups ? k : 4 * groups - 1;
    while (k > 0 && cumulative_[at(k)] == cumulative_[at(k - 1)])
      --k;  // rounding may have led beyond the last with Z >= 1
    return begin + k;
  }

  // The first improving 2-opt move that gives i a candidate as neighbour, for both of its edges.
  bool improve_by_2opt(City i) {
    for (const bool forward : {true, false})
      for (std::int32_t k = rows_.begin(i); k < rows_.end(i); ++k) {
        ++work_;
        const City j = rows_.cities[at(k)], after = state_.tour.ahead(i, forward);
        const City beyond = state_.tour.ahead(j, forward);
        if (j == after || beyond == i) continue;
        count_move(k, after, beyond);
        const double gain =
            distance_(i, after) + distance_(j, beyond) - rows_.distances[at(k)] - distance_(after, beyond);
        if (gain <= tolerance_) continue;
        apply_2opt(i, after, j, beyond, forward, gain);
        return true;
      }
    return false;
  }

  void apply_2opt(City i, City after, City j, City beyond, bool forward, double gain) {
    const std::int64_t before = state_.tour.work();
    state_.tour.reverse_path(after, j, forward);
    work_ += (state_.tour.work() - before) / 2;
    if (state_.phase == MctsState::Phase::descend) state_.tour.forget();
    const double amount = lesson(gain);
    state_.memory.learn(i, j, amount);
    state_.memory.learn(after, beyond, amount);
    state_.length -= gain;
  }

  void push(City c) {
    if (std::exchange(state_.is_queued[at(c)], 1) == 0) state_.queue.push_back(c);
    if (state_.phase == MctsState::Phase::kick) touch(c);
  }
  void touch(City c) {
    for (const City other : touched_)
      if (other == c) return;
    touched_.push_back(c);
  }

  bool descend_queue(std::int64_t most_work) {
    while (!state_.queue.empty()) {
      if (work_ >= most_work) return false;
      const City c = state_.queue.back();
      state_.queue.pop_back();
      state_.is_queued[at(c)] = 0;
      while (improve_city(c)) {
      }
    }
    return true;
  }

  // The first improving 2-opt or Or-opt move that gives c a nearer neighbour among its candidates.
  bool improve_city(City c) {
    for (const bool forward : {true, false}) {
      const City after = state_.tour.ahead(c, forward);
      const double removed = distance_(c, after);
      for (std::int32_t k = rows_.begin(c); k < rows_.end(c); ++k) {
        ++work_;
        if (rows_.distances[at(k)] >= removed) continue;
        const City j = rows_.cities[at(k)], beyond = state_.tour.ahead(j, forward);
        if (beyond == c) continue;
        count_move(k, after, beyond);
        const double gain =
            removed + distance_(j, beyond) - rows_.distances[at(k)] - distance_(after, beyond);
        if (gain > tolerance_) {
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
    const City j = rows_.cities[at(slot)];
    City e = c;
    for (int size = 1; size <= 3; ++size) {
      if (size > 1) e = state_.tour.ahead(e, !forward);
      const City f = state_.tour.ahead(e, !forward);
      if (e == j || f == after) return false;
      const double base = removed + distance_(e, f) - distance_(after, f) - rows_.distances[at(slot)];
      for (const bool nearer :
           {true,
            false}) {  // m stands on the side of c as the path c ... e f ... after is walked, or beyond j
        const City m = state_.tour.ahead(j, nearer ? forward : !forward);
        if ((j == f && m == e) || (j == after && m == c)) continue;
        const double gain = base + distance_(j, m) - distance_(e, m);
        work_ += 2;
        if (gain <= tolerance_) continue;
        apply_segment(c, e, f, j, m, after, forward, nearer, gain);
        return true;
      }
    }
    return false;
  }

  void apply_segment(City c, City e, City f, City j, City m, City after, bool forward, bool nearer,
                     double gain) {
    const std::int64_t before = state_.tour.work();
    bool way = !forward;
    if (nearer) {
      way = state_.tour.reverse_path(c, m, way);
      state_.tour.reverse_path(m, f, way);
    } else {
      way = state_.tour.reverse_path(c, j, way);
      way = state_.tour.reverse_path(j, f, way);
      state_.tour.reverse_path(e, c, way);
    }
    work_ += (state_.tour.work() - before) / 2;
    if (state_.phase == MctsState::Phase::descend) state_.tour.forget();
    state_.memory.count_evaluation();
    const double amount = lesson(gain);
    state_.memory.learn(after, f, amount);
    state_.memory.learn(c, j, amount);
    state_.memory.learn(e, m, amount);
    state_.length -= gain;
    push(c), push(e), push(f), push(j), push(m), push(after);
  }

  // c0 A B c1 becomes c0 B A c1.
  void double_bridge() {
    const City reach = std::min<City>(50, count_ - 2);
    const City start = random_city();
    const auto first = static_cast<City>(1 + below(at(reach - 1)));       // cities of A
    const auto second = static_cast<City>(1 + below(at(reach - first)));  // cities of B
    const auto city = [&](City offset) {
      const City place = start + offset;
      return state_.tour.city_at(place < count_ ? place : place - count_);
    };
    const City c0 = city(0), a0 = city(1), a1 = city(first), b0 = city(first + 1), b1 = city(first + second),
               c1 = city(first + second + 1 == count_ ? 0 : first + second + 1);
    bool way = state_.tour.reverse_path(a0, b1, true);
    way = state_.tour.reverse_path(b1, b0, way);
    state_.tour.reverse_path(a1, a0, way);
    state_.length += distance_(c0, b0) + distance_(b1, a0) + distance_(a1, c1) - distance_(c0, a0) -
                     distance_(a1, b0) - distance_(b1, c1);
    push(c0), push(a0), push(a1), push(b0), push(b1), push(c1);
  }

  const Distance& distance_;
  MctsKnobs knobs_;
  bool positive_gain_, or_opt_;
  MctsState& state_;
  const CandidateRows& rows_;
  City count_;
  double tolerance_;
  QuickStream random_;
  std::vector<float> cumulative_;
  std::int64_t work_ = 0;
  std::vector<std::pair<City, City>> added_;
  std::vector<City> touched_;
  std::vector<EdgeMemory::Other> listed_;
  std::vector<double> powers_;
};

}  // namespace lehr::tour
