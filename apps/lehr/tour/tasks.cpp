#include "apps/lehr/tour/tasks.hpp"

#include "apps/lehr/tour/solve.hpp"

namespace lehr::command {

Tasks tour_tasks() { return {tour_solve_task()}; }

}  // namespace lehr::command
