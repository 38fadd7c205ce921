// `lehr spin continual` (spin.continual): training a network on tasks that arrive one after another.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Task spin_continual_task();

}  // namespace lehr::command
