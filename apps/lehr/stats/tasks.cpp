#include "apps/lehr/stats/tasks.hpp"

#include "apps/lehr/stats/persist.hpp"

namespace lehr::command {

Tasks stats_tasks() { return {stats_persist_task()}; }

}  // namespace lehr::command
