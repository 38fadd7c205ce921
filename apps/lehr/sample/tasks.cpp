#include "apps/lehr/sample/tasks.hpp"

#include "apps/lehr/sample/epf.hpp"
#include "apps/lehr/sample/expect.hpp"
#include "apps/lehr/sample/mcmc.hpp"
#include "apps/lehr/sample/ssm.hpp"

namespace lehr::command {

Tasks sample_tasks() {
  return {sample_mcmc_task(), sample_expect_task(), sample_epf_task(), sample_ssm_task()};
}

}  // namespace lehr::command
