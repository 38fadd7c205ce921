#include "apps/lehr/task_table.hpp"

namespace lehr::command {

Tasks light_tasks() { return {forecast_task()}; }

}  // namespace lehr::command
