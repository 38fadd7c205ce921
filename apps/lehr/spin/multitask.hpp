// `lehr spin multitask` (spin.multitask): several sparse patterns raised at once by a Hebbian network of stored patterns or of noisy examples.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Task spin_multitask_task();

}  // namespace lehr::command
