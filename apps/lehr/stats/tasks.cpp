#include "apps/lehr/stats/tasks.hpp"

#include "apps/lehr/stats/persist.hpp"
#include "apps/lehr/stats/rashomon.hpp"
#include "apps/lehr/stats/rashomon_class.hpp"
#include "apps/lehr/stats/spread.hpp"

namespace lehr::command {

Tasks stats_tasks() {
  return {stats_persist_task(), stats_rashomon_task(), stats_rashomon_class_task(), stats_spread_task()};
}

}  // namespace lehr::command
