#include "apps/lehr/tour/tasks.hpp"

namespace lehr::command {

Tasks tour_tasks() { return {}; }

}  // namespace lehr::command
