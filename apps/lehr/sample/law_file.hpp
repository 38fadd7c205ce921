// Laws of inputs and models of formulas in TOML files; one file may hold both.
//
//   [variables]                                       in the order of the model's inputs
//   F = "lognormal(mean=556.8, cov=0.08)"             a range stands for a number: mean=[525, 575]
//   w = "normal(mean=0.062, cov=0.1)"
//   [[correlations]]                                  of a Gaussian copula; pairs not named have 0
//   between = ["F", "w"]
//   value = -0.3                                      or a range
//   [define]                                          formulas that others may use
//   area = "w * 0.1"
//   [outputs]
//   stress = "F / area"
//
// In place of [[correlations]] `correlation = [[1, -0.3], [-0.3, 1]]` on the first level gives the whole
// matrix.
#pragma once

#include <filesystem>
#include <vector>

#include "lehr/sample/expression_model.hpp"
#include "lehr/sample/law_design.hpp"
#include "lehr/study/toml_document.hpp"

namespace lehr::command {

study::TomlDocument read_toml(const std::filesystem::path& path);

// The laws that the file describes; relative paths in it start from `base`. Throws InvalidInput that starts
// with file and line.
sample::LawTemplate law_template(const study::TomlDocument& document, const std::filesystem::path& base);

// The model of the [define] and [outputs] formulas, whose inputs are called `inputs`. As above.
sample::ForwardModel formula_model(const study::TomlDocument& document,
                                   const std::vector<std::string>& inputs);

bool has_variables(const study::TomlDocument& document);

}  // namespace lehr::command
