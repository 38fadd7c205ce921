// A tour as an array of cities with the place of every city, changed by reversals, and how a sequential
// move walks on it.
//
// The tour is a ring: which way round it is stored is arbitrary, and a reversal of a part equals the
// reversal of the rest. So `reverse_path` always reverses the shorter of the two, at most n / 2 exchanges,
// and hands back in which direction the path now runs. Nothing outside may rely on `next` meaning the same
// way round before and after: a walk keeps its direction instead.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "lehr/tour/order.hpp"

namespace lehr::tour {

class CutTour {
 public:
  CutTour() = default;
  explicit CutTour(Order order) { assign(std::move(order)); }

  void assign(Order order) {
    order_ = std::move(order);
    count_ = static_cast<City>(order_.size());
    place_.resize(order_.size());
    for (City i = 0; i < count_; ++i) place_[at(order_[at(i)])] = i;
    log_.clear();
    work_ = 0;
  }

  City size() const { return count_; }
  const Order& order() const { return order_; }
  City city_at(City place) const { return order_[at(place)]; }
  City place_of(City city) const { return place_[at(city)]; }
  City next(City city) const { return ahead(city, true); }
  City previous(City city) const { return ahead(city, false); }
  // The city after this one in a direction; without a branch, since directions change at random.
  [[gnu::always_inline]] City ahead(City city, bool forward) const {
    City i = place_[at(city)] + 2 * static_cast<City>(forward) - 1;
    i += count_ & (i >> 31);
    i = i == count_ ? 0 : i;
    return order_[at(i)];
  }

  // Walking in the direction `forward`, the path from `first` to `last` is reversed. Returns the direction
  // in which, from then on, the walk goes on from where it was: the ring then reads, in the returned
  // direction, (before first) last ... first (after last).
  bool reverse_path(City first, City last, bool forward) {
    const City a = place_[at(first)], b = place_[at(last)];
    const City from = forward ? a : b, to = forward ? b : a;
    City length = to - from + 1;
    length += length <= 0 ? count_ : 0;
    const bool inner = length <= count_ / 2;
    const City after = to + 1 == count_ ? 0 : to + 1;
    reverse_places(inner ? from : after, inner ? length : count_ - length);
    return forward == inner;
  }

  // The log of reversals since the last `forget`: `undo(mark)` takes back what came after `mark`.
  std::size_t mark() const { return log_.size(); }
  void undo(std::size_t mark) {
    while (log_.size() > mark) {
      const auto [from, length] = log_.back();
      log_.pop_back();
      exchange(from, length);
    }
  }
  // Takes everything back; `replay` of what it returns leads to where the tour was.
  struct Reversal {
    City from, length;
  };
  std::vector<Reversal> take_back() {
    std::vector<Reversal> taken = log_;
    undo(0);
    return taken;
  }
  void replay(const std::vector<Reversal>& taken) {
    for (const auto& [from, length] : taken) reverse_places(from, length);
  }
  void forget() {
    log_.clear();
    work_ = 0;
  }
  std::int64_t work() const { return work_; }  // exchanges since the last forget or undo by copy

  // A tour that was a copy of `other` when it last forgot becomes one again, by undoing or by copying,
  // whichever is less; `follow` is the other way round and takes over what `other` has done since.
  void return_to(const CutTour& other) {
    // An exchange takes two cycles, the end of a reversal comes as a surprise and takes twenty, a copy
    // moves sixteen places a cycle.
    if (2 * work_ + 20 * static_cast<std::int64_t>(log_.size()) < 60 + count_ / 4) {
      undo(0);
    } else {
      std::copy(other.order_.begin(), other.order_.end(), order_.begin());
      std::copy(other.place_.begin(), other.place_.end(), place_.begin());
    }
    forget();
  }
  void follow(CutTour& other) {
    if (2 * other.work_ < count_) {
      for (const auto& [from, length] : other.log_) exchange(from, length);
    } else {
      std::copy(other.order_.begin(), other.order_.end(), order_.begin());
      std::copy(other.place_.begin(), other.place_.end(), place_.begin());
    }
    other.forget();
  }

 private:
  static std::size_t at(City i) { return static_cast<std::size_t>(i); }

  void reverse_places(City from, City length) {
    log_.push_back({from, length});
    work_ += length / 2;
    exchange(from, length);
  }

  void exchange(City from, City length) {
    City i = from, j = from + length - 1, pairs = length / 2;
    if (j < count_) {
      exchange_pairs(i, j, pairs);
      return;
    }
    for (j -= count_; pairs > 0 && i < count_ && j >= 0; --pairs) exchange_pair(i++, j--);
    exchange_pairs(i == count_ ? 0 : i, j < 0 ? count_ - 1 : j, pairs);  // no longer round the end
  }
  // Places i, i + 1, ... with j, j - 1, ...
  void exchange_pairs(City i, City j, City pairs) {
    using Four = City __attribute__((vector_size(16)));
    City *order = order_.data(), *place = place_.data();
    for (; pairs >= 4; pairs -= 4, i += 4, j -= 4) {
      Four low, high;
      std::memcpy(&low, order + i, sizeof low);
      std::memcpy(&high, order + j - 3, sizeof high);
#pragma GCC unroll 4
      for (int k = 0; k < 4; ++k) {
        const City a = order[i + k], b = order[j - k];
        place[a] = j - k;
        place[b] = i + k;
      }
      low = __builtin_shufflevector(low, low, 3, 2, 1, 0);
      high = __builtin_shufflevector(high, high, 3, 2, 1, 0);
      std::memcpy(order + i, &high, sizeof high);
      std::memcpy(order + j - 3, &low, sizeof low);
    }
    for (; pairs > 0; --pairs) exchange_pair(i++, j--);
  }
  void exchange_pair(City i, City j) {
    const City a = order_[at(i)], b = order_[at(j)];
    order_[at(i)] = b;
    order_[at(j)] = a;
    place_[at(b)] = i;
    place_[at(a)] = j;
  }

  Order order_;
  std::vector<City> place_;
  City count_ = 0;
  std::vector<Reversal> log_;
  std::int64_t work_ = 0;
};

}  // namespace lehr::tour
