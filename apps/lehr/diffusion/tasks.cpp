#include "apps/lehr/diffusion/tasks.hpp"

#include "apps/lehr/diffusion/compose.hpp"

namespace lehr::command {

Tasks diffusion_tasks() { return {diffusion_compose_task()}; }

}  // namespace lehr::command
