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
  City ahead(City city, bool forward) const {
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

  // `other` must be the same tour but for the reversals since the last forget: becomes equal to it, by
  // undoing or by copying, whichever is less; and `other` takes over this tour's reversals.
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
    City *order = order_.data(), *place = place_.data();
    City i = from, j = from + length - 1;
    if (j < count_) {
      for (; i < j; ++i, --j) swap_places(order, place, i, j);
      return;
    }
    j -= count_;
    for (City k = length / 2; k > 0; --k) {
      swap_places(order, place, i, j);
      if (++i == count_) i = 0;
      if (--j < 0) j = count_ - 1;
    }
  }
  static void swap_places(City* order, City* place, City i, City j) {
    const City a = order[i], b = order[j];
    order[i] = b;
    order[j] = a;
    place[b] = i;
    place[a] = j;
  }

  Order order_;
  std::vector<City> place_;
  City count_ = 0;
  std::vector<Reversal> log_;
  std::int64_t work_ = 0;
};

}  // namespace lehr::tour
