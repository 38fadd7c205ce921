#include "apps/lehr/schedule/tasks.hpp"

#include "apps/lehr/schedule/forecast.hpp"

namespace lehr::command {

Tasks schedule_tasks() { return {forecast_task()}; }

}  // namespace lehr::command
