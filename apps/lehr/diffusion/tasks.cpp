#include "apps/lehr/diffusion/tasks.hpp"

#include "apps/lehr/diffusion/bridge.hpp"
#include "apps/lehr/diffusion/chains.hpp"
#include "apps/lehr/diffusion/compose.hpp"
#include "apps/lehr/diffusion/guide.hpp"
#include "apps/lehr/diffusion/interpolant_bridge.hpp"
#include "apps/lehr/diffusion/sample.hpp"
#include "apps/lehr/diffusion/search.hpp"
#include "apps/lehr/diffusion/tokens.hpp"
#include "apps/lehr/diffusion/transport.hpp"

namespace lehr::command {

Tasks diffusion_tasks() {
  return {diffusion_sample_task(),  diffusion_search_task(),    diffusion_chains_task(),
          diffusion_compose_task(), diffusion_guide_task(),     diffusion_tokens_task(),
          diffusion_bridge_task(),  diffusion_transport_task(), diffusion_interpolant_bridge_task()};
}

}  // namespace lehr::command
