#include "apps/lehr/tour/tasks.hpp"

#include "apps/lehr/tour/prior.hpp"
#include "apps/lehr/tour/solve.hpp"
#include "apps/lehr/tour/tune.hpp"

namespace lehr::command {

Tasks tour_tasks() { return {tour_prior_task(), tour_solve_task(), tour_tune_task()}; }

}  // namespace lehr::command
