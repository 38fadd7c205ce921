// The tasks of the room sample.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Tasks sample_tasks();

}  // namespace lehr::command
