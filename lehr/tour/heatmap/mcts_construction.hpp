// Tours built from the weights of heatmap-guided tree search, from city 0 on: next an unvisited city j with probability in proportion to
// e^{W_ij}.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "lehr/tour/heatmap/mcts_work.hpp"

namespace lehr::tour {

template <class Distance>
class MctsConstruction {
 public:
  explicit MctsConstruction(MctsWork<Distance>& work) : work_(work) {}

  Order build() {
    const City n = work_.count;
    std::vector<City> left(at(n)), place(at(n));
    for (City i = 0; i < n; ++i) left[at(i)] = place[at(i)] = i;
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
    work_.spent += 20 * static_cast<std::int64_t>(n);
    return order;
  }

 private:
  template <class I>
  static std::size_t at(I i) {
    return static_cast<std::size_t>(i);
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
    for (std::int32_t k = work_.rows.begin(from); k < work_.rows.end(from); ++k)
      list(work_.rows.cities[at(k)], work_.state.memory.weight(k));
    for (const EdgeMemory::Other& other : work_.state.memory.others_of(from)) list(other.city, other.weight);
    const std::size_t rest = left.size() - listed_.size();
    if (rest == 0) top = listed_.front().weight;
    if (rest == 0)
      for (const EdgeMemory::Other& one : listed_) top = std::max<double>(top, one.weight);
    const double rest_weight = static_cast<double>(rest) * std::exp(-top);
    double total = rest_weight;
    powers_.clear();
    for (const EdgeMemory::Other& one : listed_) powers_.push_back(total += std::exp(one.weight - top));
    const double target = uniform(work_.random) * total;
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
      const City c = left[at(work_.below(left.size()))];
      if (!is_listed(c)) return c;
    }
    std::vector<City> rest;
    for (const City c : left)
      if (!is_listed(c)) rest.push_back(c);
    return rest[at(work_.below(rest.size()))];
  }

  MctsWork<Distance>& work_;
  std::vector<EdgeMemory::Other> listed_;
  std::vector<double> powers_;
};

}  // namespace lehr::tour
