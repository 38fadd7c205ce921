// What a local search reads at every move, laid out for it: the cities renumbered along a space-filling curve, so that cities that
// are near each other stand near each other in memory, and the candidate edges of each with their lengths.
#pragma once

#include <span>
#include <vector>

#include "lehr/tour/instance.hpp"
#include "lehr/tour/neighbours.hpp"
#include "lehr/tour/order.hpp"

namespace lehr::tour {

class CandidateGraph {
 public:
  // Throws InvalidInput unless the neighbours are those of as many cities.
  CandidateGraph(const Instance& instance, const Neighbours& neighbours);

  const Instance& instance() const { return instance_; }  // renumbered
  City cities() const { return instance_.count; }
  int size() const { return size_; }  // candidates of each city
  const City* candidates(City c) const { return cities_.data() + at(c); }
  const double* lengths(City c) const { return lengths_.data() + at(c); }  // of the edges to them
  double mean_nearest() const { return mean_nearest_; }  // mean distance of a city to its first candidate

  // Gains below this are rounding: 1e-10 of the mean length of the candidate edges.
  double least_gain() const { return least_gain_; }

  City original(City c) const { return original_[static_cast<std::size_t>(c)]; }
  Order renumbered(const Order& order) const;
  Order original(const Order& order) const;

 private:
  std::size_t at(City c) const { return static_cast<std::size_t>(c) * static_cast<std::size_t>(size_); }

  Instance instance_;
  int size_;
  std::vector<City> cities_;
  std::vector<double> lengths_;
  Order original_, number_;
  double mean_nearest_ = 0, least_gain_ = 0;
};

// call(distance) as with_distance does, compiled for the usual rules alone: a local search is much code for each.
template <class Call>
decltype(auto) with_usual_distance(const Instance& instance, Call&& call) {
  const double* x = instance.coordinates.data();
  if (instance.metric == Metric::euclidean && instance.dimension == 2) return call(rule::Euclidean{{x}});
  if (instance.metric == Metric::euc_2d) return call(rule::Euc2d{{x}});
  if (instance.metric == Metric::matrix) return call(rule::Table{instance.table.data(), instance.count});
  return call([&instance](City a, City b) { return instance.distance(a, b); });
}

}  // namespace lehr::tour
