// `lehr sample wls` (sample.wls): weighted least squares from the runs of a design.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Task sample_wls_task();

}  // namespace lehr::command
