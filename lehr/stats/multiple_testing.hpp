// Adjusted p-values for several tests at once; reject those whose adjusted value is at most the level.
//
// With p_(1) <= ... <= p_(m) sorted:
//   Holm                  max over j <= i of min(1, (m - j + 1) p_(j)): keeps the chance of any false
//   rejection Benjamini-Hochberg    min over j >= i of min(1, m p_(j) / j): keeps the expected share of false
//   rejections, for
//                         independent or positively dependent tests
//
// Sources: S. Holm, "A simple sequentially rejective multiple test procedure", 1979; Y. Benjamini and Y.
// Hochberg, "Controlling the false discovery rate", 1995.
#pragma once

#include <span>
#include <vector>

namespace lehr::stats {

// The adjusted values in the order of `p`; throws InvalidInput for a value outside [0, 1].
std::vector<double> holm(std::span<const double> p);
std::vector<double> benjamini_hochberg(std::span<const double> p);

}  // namespace lehr::stats
