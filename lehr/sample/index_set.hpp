// Which products of univariate functions span a space of several variables.
//
// Function (a_1, ..., a_d) is kept where its rank is at most the bound. With l_i the level (degree,
// frequency, refinement) of the function a_i of coordinate i,
//
//   tensor   max_i l_i        total   sum_i l_i        cross   prod_i (l_i + 1) - 1     (hyperbolic cross)
//
// Functions are ordered by rank, those of equal rank lexicographically; the first ones hence span nested
// spaces, one for each rank.
#pragma once

#include <Eigen/Core>
#include <span>
#include <string>
#include <vector>

#include "lehr/sample/function_space.hpp"

namespace lehr::sample {

inline constexpr Index most_functions = 5000;

enum class IndexRule { tensor, total, cross };

struct IndexSet {
  Eigen::MatrixXi functions;  // d x m: the univariate function of each coordinate
  std::vector<Index> nested;  // nested[t]: functions of rank at most t; the last is m
};

// `levels[i]`: those of the functions of coordinate i, not falling and starting with 0. Throws InvalidInput
// where d is not in [1, 100], the bound is negative, or m exceeds most_functions.
IndexSet index_set(IndexRule rule, Index bound, std::span<const std::vector<Index>> levels);

}  // namespace lehr::sample
