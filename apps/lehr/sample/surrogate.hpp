// `lehr sample surrogate` (sample.surrogate): a surrogate that grows with the runs of its model.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Task sample_surrogate_task();

}  // namespace lehr::command
