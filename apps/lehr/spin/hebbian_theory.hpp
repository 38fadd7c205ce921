// `lehr spin hebbian-theory` (spin.hebbian-theory): what a labelled data set buys, before training.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Task spin_hebbian_theory_task();

}  // namespace lehr::command
