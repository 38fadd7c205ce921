// Designs in the unit cube [0, 1)^d.
//
// Latin hypercube: each of the n slices of every axis holds one of the n points (M. McKay, R. Beckman and W.
// Conover, 1979). Sobol' points: a digital net in base 2 with the direction numbers of S. Joe and F. Kuo,
// 2008 (Boost.Random's), each coordinate shifted by a random number modulo 1, so that means over them are
// unbiased.
#pragma once

#include "lehr/sample/density.hpp"

namespace lehr::sample {

// d x n: one point in each slice [k / n, (k + 1) / n) of every axis, at a uniform place in it. Cost d n.
Eigen::MatrixXd latin_hypercube(Index dimension, Index count, Stream random);

// d x n. `dimension` in [1, 3667], otherwise InvalidInput.
Eigen::MatrixXd shifted_sobol_points(Index dimension, Index count, Stream random);

}  // namespace lehr::sample
