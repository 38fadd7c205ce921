#include "apps/lehr/diffusion/tasks.hpp"

#include "apps/lehr/diffusion/guide.hpp"
#include "apps/lehr/diffusion/sample.hpp"
#include "apps/lehr/diffusion/search.hpp"

namespace lehr::command {

Tasks diffusion_tasks() { return {diffusion_sample_task(), diffusion_search_task(), diffusion_guide_task()}; }

}  // namespace lehr::command
