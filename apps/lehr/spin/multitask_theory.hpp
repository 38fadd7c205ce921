// `lehr spin multitask-theory` (spin.multitask-theory): amplitudes, regimes and phase diagram of the multitasking network.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Task spin_multitask_theory_task();

}  // namespace lehr::command
