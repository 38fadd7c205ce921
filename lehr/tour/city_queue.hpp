// The cities at which a local search has yet to look, first in, first out, each at most once: what don't-look bits say, as a list.
#pragma once

#include <vector>

#include "lehr/tour/instance.hpp"

namespace lehr::tour {

class CityQueue {
 public:
  CityQueue() = default;
  explicit CityQueue(City cities) : ring_(static_cast<std::size_t>(cities)), waits_(ring_.size(), 0) {}

  bool empty() const { return count_ == 0; }
  void push(City c) {
    if (waits_[static_cast<std::size_t>(c)] != 0) return;
    waits_[static_cast<std::size_t>(c)] = 1;
    const std::size_t end = head_ + count_++;
    ring_[end >= ring_.size() ? end - ring_.size() : end] = c;
  }
  City pop() {
    const City c = ring_[head_];
    head_ = head_ + 1 == ring_.size() ? 0 : head_ + 1;
    --count_;
    waits_[static_cast<std::size_t>(c)] = 0;
    return c;
  }
  // The cities that wait, the first to be looked at first.
  std::vector<City> list() const {
    std::vector<City> waiting;
    for (std::size_t i = 0; i < count_; ++i) waiting.push_back(ring_[(head_ + i) % ring_.size()]);
    return waiting;
  }

 private:
  std::vector<City> ring_;
  std::vector<char> waits_;
  std::size_t head_ = 0, count_ = 0;
};

}  // namespace lehr::tour
