#include "apps/lehr/tour/lower_bound.hpp"

#include "lehr/tour/neighbours.hpp"

namespace lehr::command {

// Every city has two edges, so no tour is shorter than half the sum of every city's two shortest: 0.7 of the optimum on uniform cities.
void add_lower_bound(TourSolved& solved, const TaskContext&) {
  const tour::Instance& instance = solved.problem.instance;
  const tour::Neighbours near = tour::nearest_neighbours(instance, 2);
  double sum = 0;
  for (tour::City c = 0; c < instance.count; ++c)
    for (const tour::City other : near.of(c)) sum += instance.distance(c, other);
  solved.bound = tour::is_whole(instance.metric) ? std::ceil(sum / 2) : sum / 2;
  solved.bound_name = "the two shortest edges of every city";
}

}  // namespace lehr::command
