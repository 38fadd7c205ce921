// `lehr spin tts` (spin.tts): time to solution against the length of the annealing run, over one or many
// instances.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Task spin_tts_task();

}  // namespace lehr::command
