// `lehr diffusion learn_interpolant` (diffusion.learn_interpolant): the fields that carry one set of points into another.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::neural {

Task learn_interpolant_task();

}  // namespace lehr::neural
