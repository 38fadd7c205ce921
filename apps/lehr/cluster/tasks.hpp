// The tasks of the room cluster.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Tasks cluster_tasks();

}  // namespace lehr::command
