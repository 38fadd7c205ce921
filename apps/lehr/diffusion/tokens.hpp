// `lehr diffusion tokens`: sequences whose tokens a diffusion head draws one after another, with a schedule of denoising steps.
#pragma once

#include "lehr/core/task.hpp"

namespace lehr::command {

Task diffusion_tokens_task();

}  // namespace lehr::command
