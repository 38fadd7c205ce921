// `lehr sample design` (sample.design): where to run a model so that least squares from few runs is stable.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Task sample_design_task();

}  // namespace lehr::command
