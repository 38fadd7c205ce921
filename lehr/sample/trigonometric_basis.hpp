// Waves on an interval, orthonormal under its uniform law:
//
//   1, sqrt(2) cos(2 pi u), sqrt(2) sin(2 pi u), sqrt(2) cos(4 pi u), ...,   u = (x - from) / (to - from)
//
// Both waves of one frequency have that frequency as their level. Of full frequencies the Christoffel
// function is constant, so that nu_m is the uniform law itself; single waves are drawn by rejection (half of
// the proposals are accepted).
#pragma once

#include "lehr/sample/univariate_basis.hpp"

namespace lehr::sample {

// `count` in [1, 10001], from < to, otherwise InvalidInput.
UnivariateBasis trigonometric_basis(Index count, double from = 0, double to = 1);

}  // namespace lehr::sample
