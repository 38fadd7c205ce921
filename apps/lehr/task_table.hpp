// The table of tasks. Each room that has tasks makes them in apps/lehr/ROOM/, whose tasks.hpp declares
// `Tasks ROOM_tasks()`; CMake writes the table from the rooms that the build was asked for (LEHR_ROOMS).
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

// Every task of this build that does not need libtorch.
Tasks light_tasks();

}  // namespace lehr::command
