// Quadrature rules of Gauss: nodes and weights for averages over a standard normal variable and for integrals
// over an interval, and a graded rule for integrands with one sharp feature.
//
//   sum_k w_k f(x_k) = E f(Z)              gauss_hermite(n),          exact for polynomials of degree 2n - 1
//   sum_k w_k f(x_k) = int_a^b f(x) dx     gauss_legendre(n, a, b),   exact for polynomials of degree 2n - 1
//
// Nodes are the eigenvalues of the Jacobi matrix of the orthonormal polynomials p_k, weights the Christoffel
// numbers 1 / sum_{k < n} p_k(x)^2, which keeps the relative accuracy of the small ones. Source: G. H. Golub
// and J. H. Welsch, "Calculation of Gauss quadrature rules", 1969. Cost O(n^2).
#pragma once

#include <vector>

namespace lehr::stats {

struct Quadrature {
  std::vector<double> nodes, weights;  // nodes ascending

  // sum_k w_k f(x_k), in the order of the nodes.
  template <class Function>
  double integrate(Function f) const {
    double sum = 0;
    for (std::size_t k = 0; k < nodes.size(); ++k) sum += weights[k] * f(nodes[k]);
    return sum;
  }
};

// n in [1, 256], otherwise InvalidInput.
Quadrature gauss_hermite(int n);
// n in [1, 256]; a and b finite, otherwise InvalidInput. a > b gives the negative integral.
Quadrature gauss_legendre(int n, double a, double b);

// Panels of ten Gauss-Legendre nodes on [a, b] for an integrand that varies over distances of `width` near
// `center` and over distances of `coarse` elsewhere (a softened kink or step): panels of twice the width at
// the center double in length until they have the length `coarse`. Absolute accuracy about 1e-11 for tanh((x
// - center) / width) and its integrals; width 0 (a true kink) puts a break at the center. `rule` is
// overwritten, so that a loop need not allocate.
void graded_legendre(double a, double b, double center, double width, Quadrature& rule, double coarse = 1.5);

}  // namespace lehr::stats
