#include "apps/lehr/diffusion/tasks.hpp"

#include "apps/lehr/diffusion/bridge.hpp"

namespace lehr::command {

Tasks diffusion_tasks() { return {diffusion_bridge_task()}; }

}  // namespace lehr::command
