// The tasks of the room spin.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Tasks spin_tasks();

}  // namespace lehr::command
