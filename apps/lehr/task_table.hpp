// The table of tasks: each group of verbs has a file of its own and makes its tasks here.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

// Every task that does not need libtorch.
Tasks light_tasks();

Task forecast_task();  // forecast.cpp

}  // namespace lehr::command
