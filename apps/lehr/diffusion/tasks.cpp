#include "apps/lehr/diffusion/tasks.hpp"

namespace lehr::command {

Tasks diffusion_tasks() { return {}; }

}  // namespace lehr::command
