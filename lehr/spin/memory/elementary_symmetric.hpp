// Elementary symmetric polynomials e_k(y) = sum_{i1 < ... < ik} y_{i1} ... y_{ik} of N numbers.
//
//   adding y:   e_k <- e_k + y e_{k-1}                      Newton:  k e_k = sum_{j=1}^k (-1)^(j-1) e_{k-j} p_j
// with the power sums p_j = sum_i y_i^j.
#pragma once

#include <span>
#include <vector>

namespace lehr::spin {

// [e_0, ..., e_order] of `values`; order >= 0. Cost O(N order).
std::vector<double> elementary_symmetric(std::span<const double> values, int order);

// The same from the power sums p_1 .. p_order (power_sums[0] is p_1). Cost O(order^2).
std::vector<double> elementary_from_power_sums(std::span<const double> power_sums);

}  // namespace lehr::spin
