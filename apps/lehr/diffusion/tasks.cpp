#include "apps/lehr/diffusion/tasks.hpp"

#include "apps/lehr/diffusion/guide.hpp"

namespace lehr::command {

Tasks diffusion_tasks() { return {diffusion_guide_task()}; }

}  // namespace lehr::command
