#include "apps/lehr/stats/tasks.hpp"

namespace lehr::command {

Tasks stats_tasks() { return {}; }

}  // namespace lehr::command
