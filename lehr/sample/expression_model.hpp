// A model written as formulas of named inputs: `4 * L^3 / (E * w * t) * sqrt((FX / w^2)^2 + (FY / t^2)^2)`.
//
// Formulas are muParser's: + - * / ^, comparisons and && || (1 or 0), `a ? b : c`, brackets, the functions
// sin cos tan asin acos atan sinh cosh tanh exp ln log10 log2 sqrt abs sign min max sum and the constant pi.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lehr/sample/forward_model.hpp"

namespace lehr::sample {

struct Formula {
  std::string name, text;
};

// The model whose outputs are `outputs`; a formula may use the inputs and the `intermediate` formulas, each
// of which may use those before it. Throws InvalidInput that starts with the formula's name for text that
// cannot be read, an unknown name, a name that is no identifier or that stands for two things, and no
// outputs. At most 1000 formulas of 4096 bytes.
ForwardModel expression_model(std::vector<std::string> inputs, std::vector<Formula> intermediate,
                              std::vector<Formula> outputs);

}  // namespace lehr::sample
