// The distributions that a model's statements name, as nodes of a graph: x ~ family(arguments).
#pragma once

#include <string_view>
#include <vector>

#include "lehr/sample/model/formula.hpp"
#include "lehr/sample/model/graph.hpp"

namespace lehr::sample {

enum class Support { real, positive, unit, between, counts };

struct Family {
  const char* name;
  std::vector<const char*> arguments;
  Support support;  // between: of its first two arguments
  const char* help;
  // The log density or log probability of each element of x, constants included.
  Graph::Node (*log_density)(Graph&, Graph::Node x, const std::vector<Graph::Node>& arguments);
};

const std::vector<Family>& model_families();

// The family of a call; throws InvalidInput for an unknown name (with the nearest known) or another number of arguments.
const Family& family_of(const DistributionCall& call, std::string_view where);

}  // namespace lehr::sample
