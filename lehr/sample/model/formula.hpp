// The formulas of a model: arithmetic on numbers and vectors, written as people write it, made into nodes of a graph.
//
//   formula := term (('+' | '-') term)*      term := factor (('*' | '/') factor)*      factor := '-' factor | power
//   power   := atom ['^' factor]             atom := number | name ['[' name ']'] | name '(' formula, ... ')' | '(' formula ')'
//
// Functions: exp log sqrt square abs sin cos tanh atan log1p log1p_exp logistic log_gamma sum. `b[g]` takes the values of b at
// the indexes g, a column of whole numbers from 1. Text is limited to 64 KiB and nesting to 100.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/sample/model/graph.hpp"

namespace lehr::sample {

// What names mean: throws InvalidInput for one that is not known.
using Names = std::function<Graph::Node(std::string_view name)>;

// Parses the whole of `text`; errors start with `where` and name the column.
Graph::Node parse_formula(Graph& graph, std::string_view text, const Names& names, std::string_view where);

// `name(formula, ...)`: a distribution and its arguments.
struct DistributionCall {
  std::string name;
  std::vector<Graph::Node> arguments;
};
DistributionCall parse_distribution(Graph& graph, std::string_view text, const Names& names,
                                    std::string_view where);

}  // namespace lehr::sample
