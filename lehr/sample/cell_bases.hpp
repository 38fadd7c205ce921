// Functions that are constant on cells of an interval, orthonormal under its uniform law.
//
//   haar        1, and 2^(l/2) (+1 on the left half, -1 on the right half) of each of the 2^l cells of length
//               2^-l, l = 0, 1, ...; those have level l + 1
//   indicator   sqrt(n) on one of n equal cells, 0 elsewhere; all of level 0
//
// phi_j^2 mu is the uniform law of the cell. A. Haar, "Zur Theorie der orthogonalen Funktionensysteme", 1910.
#pragma once

#include "lehr/sample/univariate_basis.hpp"

namespace lehr::sample {

// `count` in [1, 4096], from < to, otherwise InvalidInput. Functions 2^l .. 2^(l+1) - 1 have level l + 1.
UnivariateBasis haar_basis(Index count, double from = 0, double to = 1);
// `cells` in [1, 4096].
UnivariateBasis indicator_basis(Index cells, double from = 0, double to = 1);

}  // namespace lehr::sample
