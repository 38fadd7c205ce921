// The tasks of the room tour.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Tasks tour_tasks();

}  // namespace lehr::command
