#include "apps/lehr/sample/tasks.hpp"

#include "apps/lehr/sample/expect.hpp"
#include "apps/lehr/sample/mcmc.hpp"

namespace lehr::command {

Tasks sample_tasks() { return {sample_mcmc_task(), sample_expect_task()}; }

}  // namespace lehr::command
