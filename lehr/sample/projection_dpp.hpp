// Projection determinantal point process of a function space: m points with density
//
//   p(x_1, ..., x_m) = (1 / m!) det[phi_j(x_i)]^2   with respect to mu^m
//
// Every point has the law nu_m, and points whose features are alike repel each other. Drawn by the chain
// rule: given x_1 .. x_k, the next point has density ~ k(x) - |Q' phi(x)|^2, Q an orthonormal basis of
// span{phi(x_1), ..., phi(x_k)}.
//
// On a continuous domain by rejection from nu_m: a proposal is accepted with probability 1 - |Q' phi(x)|^2 /
// k(x), which takes m / (m - k) proposals on average, m H_m in all. Proposals come in blocks, so that Q' phi
// is one matrix product; Q is orthogonalised twice, and the point is judged by what is left of its features
// then, so that rounding accepts nothing. On a finite domain exactly from the residual leverage scores. Cost:
// O(m) a proposal and point so far, O(m^3 log m) in all; finite O(N m^2).
//
// Source: J. Hough, M. Krishnapur, Y. Peres and B. Virag, "Determinantal processes and independence", 2006,
// algorithm 18.
#pragma once

#include <cstdint>
#include <vector>

#include "lehr/sample/function_space.hpp"

namespace lehr::sample {

// How one point of the process was found.
struct DppStep {
  std::int64_t proposals = 0;  // until one was accepted; 1 on a finite domain
  double residual = 0;         // of the point found: 1 - |Q' phi(x)|^2 / k(x)
};

struct DppDraw {
  Eigen::MatrixXd points;  // d x m, in the order in which they were drawn
  std::vector<DppStep> steps;
  std::int64_t proposals() const;
};

// The process of the space of the first `leading` functions: its first `count` points (0: all `leading`),
// which are a random part of it and have the law nu_leading each. Throws InvalidInput where almost no
// proposal is accepted (less than one in 10^4, and in 50 times what is expected), which says that the
// features have the numerical rank k; NumericalFailure where the Christoffel function is 0 or not finite.
DppDraw projection_dpp(const FunctionSpace& space, Index leading, Stream random, Index count = 0);

// The first `count` rows of the finite process of the first `leading` columns of `orthonormal` (N x m), with
// their steps.
struct DppRows {
  std::vector<Index> rows;
  std::vector<DppStep> steps;
};
DppRows finite_projection_dpp(const Eigen::MatrixXd& orthonormal, Index leading, Index count, Stream& random);

}  // namespace lehr::sample
