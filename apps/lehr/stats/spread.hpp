// `lehr stats spread` (stats.spread): do five very different learners reach the same accuracy?
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Task stats_spread_task();

}  // namespace lehr::command
