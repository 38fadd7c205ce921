// `lehr sample mcmc` (sample.mcmc): draws from a model's posterior, or from any density that a worker computes.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Task sample_mcmc_task();

}  // namespace lehr::command
