// `lehr diffusion tokens`: sequences whose tokens a diffusion head draws one after another, with a schedule of denoising steps.
#pragma once

#include "lehr/core/task.hpp"
#include "lehr/diffusion/tokens/learned_tokens.hpp"

namespace lehr::command {

// `read_learned` reads a network; empty in a program without libtorch.
Task diffusion_tokens_task(diffusion::ReadLearnedTokens read_learned = {});

}  // namespace lehr::command
