// `lehr spin continual-theory` (spin.continual-theory): errors of a binary perceptron after one task and after a second, predicted and trained.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Task spin_continual_theory_task();

}  // namespace lehr::command
