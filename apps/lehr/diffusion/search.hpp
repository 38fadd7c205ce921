// `lehr diffusion search` (diffusion.search): finds the steps, or the solver of every step, for a model and a number of evaluations.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Task diffusion_search_task();

}  // namespace lehr::command
