// Classes of models as people write them: `tree:depth=1..7`, `tree:depth=3`, `linear`, `ridge:C=1`,
// `ridge:C=1,radius=10`, `ridge:C=0.1,box=5`.
#pragma once

#include <optional>
#include <string>

namespace lehr::command {

struct ModelClass {
  enum class Kind { tree, linear, ridge } kind = Kind::tree;
  int first_depth = 1, last_depth = 7;  // tree
  double C = 1;                         // ridge
  std::optional<double> radius, box;    // ridge: the prior, a ball or a box around 0
};

// Throws InvalidInput that says what is allowed.
ModelClass parse_model_class(const std::string& text);

}  // namespace lehr::command
