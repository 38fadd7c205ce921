#include "apps/lehr/diffusion/tasks.hpp"

#include "apps/lehr/diffusion/tokens.hpp"

namespace lehr::command {

Tasks diffusion_tasks() { return {diffusion_tokens_task()}; }

}  // namespace lehr::command
