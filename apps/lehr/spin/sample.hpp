// `lehr spin sample` (spin.sample): states and averages of a spin model at a temperature, with errors.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Task spin_sample_task();

}  // namespace lehr::command
