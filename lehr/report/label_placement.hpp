// Where the labels beside a figure go when the places that they would like overlap.
#pragma once

#include <vector>

namespace lehr::report {

// Positions as near to `wanted` as possible (least squares) that keep its order, at least `gap` apart and
// inside [low, high]: isotonic regression of wanted_i - i gap by pooling adjacent violators (Barlow et al.,
// 1972). When there is no room for all, they are spread evenly and closer. Returns one position per entry of
// `wanted`, in its order.
std::vector<double> spread(const std::vector<double>& wanted, double gap, double low, double high);

}  // namespace lehr::report
