// The task diffusion.interpolant_bridge: the path between two laws that costs the least kinetic energy.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Task diffusion_interpolant_bridge_task();

}  // namespace lehr::command
