// `lehr diffusion train` (diffusion.train): a noise predictor for a set of points.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::neural {

Task train_noise_task();

}  // namespace lehr::neural
