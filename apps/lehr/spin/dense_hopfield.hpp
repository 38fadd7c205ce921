// `lehr spin dense-hopfield` (spin.dense-hopfield): recall in a dense Hopfield network by Monte Carlo.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Task spin_dense_hopfield_task();

}  // namespace lehr::command
