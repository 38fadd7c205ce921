// The tasks of the room diffusion.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Tasks diffusion_tasks();

}  // namespace lehr::command
