#include "apps/lehr/diffusion/tasks.hpp"

#include "apps/lehr/diffusion/interpolant_bridge.hpp"
#include "apps/lehr/diffusion/transport.hpp"

namespace lehr::command {

Tasks diffusion_tasks() { return {diffusion_transport_task(), diffusion_interpolant_bridge_task()}; }

}  // namespace lehr::command
