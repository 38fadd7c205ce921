#include "apps/lehr/diffusion/tasks.hpp"

#include "apps/lehr/diffusion/chains.hpp"

namespace lehr::command {

Tasks diffusion_tasks() { return {diffusion_chains_task()}; }

}  // namespace lehr::command
