// `lehr stats rashomon-class` (stats.rashomon-class): the Rashomon ratio of a class of one's own, whose loss a worker
// computes.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Task stats_rashomon_class_task();

}  // namespace lehr::command
