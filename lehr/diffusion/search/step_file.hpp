// Step lists as files: {"kind": "steps", "sampler", "order", "total", "times": [indices, falling], "skips": [[blocks], ...], "clip": [low, high],
// "cost", "metric", "value", "process", "seed"}.
#pragma once

#include <string_view>

#include "lehr/core/json.hpp"
#include "lehr/diffusion/search/step_plan.hpp"

namespace lehr::diffusion {

struct StepList {
  Subset subset;
  std::int64_t total = 1000;
  StepPlanOptions options;
};
StepList step_list_from_json(const Json& value, std::string_view where);  // throws InvalidInput
Json step_list_json(const StepList& list);

}  // namespace lehr::diffusion
