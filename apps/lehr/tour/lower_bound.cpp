#include "apps/lehr/tour/lower_bound.hpp"

#include "lehr/core/drive.hpp"
#include "lehr/tour/one_tree_bound.hpp"

namespace lehr::command {

void add_lower_bound(TourSolved& solved, const TaskContext& context) {
  const tour::Instance& instance = solved.searched();
  const tour::Neighbours near = tour::nearest_neighbours(instance, 7);
  const tour::OneTreeBound method{.instance = &instance, .neighbours = &near};
  Observers observers;
  observers.interrupted = context.observers.interrupted;
  const auto run = drive(method, Budget::steps(method.iterations), context.seed, observers);
  solved.bound = run.state.bound - solved.offset();
  solved.bound_name = "1-trees with penalties (Held and Karp)";
}

}  // namespace lehr::command
