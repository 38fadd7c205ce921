#include "lehr/tour/candidate_graph.hpp"

#include <numeric>

#include "lehr/core/errors.hpp"
#include "lehr/tour/constructions.hpp"

namespace lehr::tour {

namespace {

// The instance with city i of the new numbering being city original[i] of the old one. Tables keep their numbering.
Instance renumbered_instance(const Instance& instance, const Order& original) {
  Instance turned = instance;
  if (instance.metric == Metric::matrix) return turned;
  const auto dimension = static_cast<std::size_t>(instance.dimension);
  for (std::size_t i = 0; i < original.size(); ++i) {
    const auto from = static_cast<std::size_t>(original[i]);
    for (std::size_t axis = 0; axis < dimension; ++axis)
      turned.coordinates[i * dimension + axis] = instance.coordinates[from * dimension + axis];
    if (!instance.radians.empty())
      for (std::size_t axis = 0; axis < 2; ++axis)
        turned.radians[2 * i + axis] = instance.radians[2 * from + axis];
  }
  return turned;
}

Order numbering_of(const Instance& instance) {
  if (instance.metric != Metric::matrix) return space_filling_curve(instance);
  Order identity(static_cast<std::size_t>(instance.count));
  std::iota(identity.begin(), identity.end(), City{0});
  return identity;
}

}  // namespace

CandidateGraph::CandidateGraph(const Instance& instance, const Neighbours& neighbours)
    : size_(neighbours.size), original_(numbering_of(instance)), number_(original_.size()) {
  if (neighbours.size < 1 || neighbours.cities.size() != original_.size() * static_cast<std::size_t>(size_))
    throw InvalidInput("tour: {} neighbours are not {} for each of {} cities", neighbours.cities.size(),
                       neighbours.size, instance.count);
  instance_ = renumbered_instance(instance, original_);
  for (std::size_t i = 0; i < original_.size(); ++i)
    number_[static_cast<std::size_t>(original_[i])] = static_cast<City>(i);
  cities_.reserve(neighbours.cities.size());
  lengths_.reserve(neighbours.cities.size());
  with_distance(instance_, [&](const auto& distance) {
    for (City c = 0; c < instance_.count; ++c)
      for (const City j : neighbours.of(original(c))) {
        cities_.push_back(number_[static_cast<std::size_t>(j)]);
        lengths_.push_back(distance(c, cities_.back()));
      }
  });
  for (const double length : lengths_) least_gain_ += 1e-10 * length / static_cast<double>(lengths_.size());
  for (City c = 0; c < instance_.count; ++c) mean_nearest_ += lengths(c)[0] / instance_.count;
}

Order CandidateGraph::renumbered(const Order& order) const {
  Order turned(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) turned[i] = number_[static_cast<std::size_t>(order[i])];
  return turned;
}

Order CandidateGraph::original(const Order& order) const {
  Order turned(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) turned[i] = original(order[i]);
  return turned;
}

}  // namespace lehr::tour
