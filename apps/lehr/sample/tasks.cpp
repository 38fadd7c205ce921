#include "apps/lehr/sample/tasks.hpp"

#include "apps/lehr/sample/compare_designs.hpp"
#include "apps/lehr/sample/design.hpp"
#include "apps/lehr/sample/epf.hpp"
#include "apps/lehr/sample/expect.hpp"
#include "apps/lehr/sample/mcmc.hpp"
#include "apps/lehr/sample/ssm.hpp"
#include "apps/lehr/sample/surrogate.hpp"
#include "apps/lehr/sample/wls.hpp"

namespace lehr::command {

Tasks sample_tasks() {
  return {sample_mcmc_task(),   sample_expect_task(), sample_epf_task(),       sample_ssm_task(),
          sample_design_task(), sample_wls_task(),    sample_surrogate_task(), sample_compare_designs_task()};
}

}  // namespace lehr::command
