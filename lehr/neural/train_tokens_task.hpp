// The task `diffusion.train_tokens`: trains the network that `lehr-neural diffusion tokens` draws sequences with.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::neural {

Task train_tokens_task();

}  // namespace lehr::neural
