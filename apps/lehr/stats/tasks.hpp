// The tasks of the room stats.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Tasks stats_tasks();

}  // namespace lehr::command
