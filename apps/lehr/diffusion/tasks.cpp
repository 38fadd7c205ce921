#include "apps/lehr/diffusion/tasks.hpp"

#include "apps/lehr/diffusion/sample.hpp"

namespace lehr::command {

Tasks diffusion_tasks() { return {diffusion_sample_task()}; }

}  // namespace lehr::command
