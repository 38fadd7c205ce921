// The tasks of the room schedule.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Tasks schedule_tasks();

}  // namespace lehr::command
