#include "lehr/schedule/laws/model_size_law.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::laws {

AnnealingLaw ModelSizeLaw::at(double model_size) const {
  if (!(model_size > 0) || !std::isfinite(model_size))
    throw InvalidInput("model-size law: the model size is {}, expected a positive number of parameters",
                       model_size);
  return {L0 + B * std::pow(model_size, -beta), A, alpha, C * std::pow(model_size, -gamma), lambda, warmup};
}

}  // namespace lehr::laws
