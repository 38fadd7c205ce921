// The task neural.train (`lehr train`): trains a small byte-level transformer on a text file under a
// learning-rate schedule, and hands back the log that `lehr forecast` reads.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::neural {

Task train_task();

}  // namespace lehr::neural
