// The classical orthonormal polynomials, each under its own probability law:
//
//   legendre     uniform on [from, to]
//   chebyshev    arcsine law on [from, to], density 1 / (pi sqrt((x - from) (to - x)))
//   jacobi       density ~ (to - x)^a (x - from)^b on [from, to]: a beta law
//   hermite      normal with this mean and deviation
//   laguerre     gamma law: (x - from) / scale has density ~ x^a e^-x on [0, inf)
//
// phi_k has degree k:  beta_{k+1} phi_{k+1} = (t - alpha_k) phi_k - beta_k phi_{k-1} in the standard variable
// t. From phi_k^2 mu is drawn for Legendre by rejection from the arcsine law (phi_k^2 / 2 pi sqrt(1 - x^2) <=
// 2, S. Bernstein), for Chebyshev from the uniform angle, otherwise by inverse_cdf.hpp in a variable in which
// the density is smooth. Recurrences: M. Abramowitz and I. Stegun, "Handbook of mathematical functions",
// 1964, table 22.7. Cost of a value: O(k).
#pragma once

#include "lehr/sample/univariate_basis.hpp"

namespace lehr::sample {

// `count` in [1, 1001]. Throw InvalidInput, as all of these, for arguments out of range.
UnivariateBasis legendre_basis(Index count, double from = -1, double to = 1);
UnivariateBasis chebyshev_basis(Index count, double from = -1, double to = 1);
// a and b in [-1/2, 50].
UnivariateBasis jacobi_basis(Index count, double a, double b, double from = -1, double to = 1);
// `count` in [1, 151]; deviation above 0.
UnivariateBasis hermite_basis(Index count, double mean = 0, double deviation = 1);
// `count` in [1, 101]; a in [-1/2, 50], scale above 0.
UnivariateBasis laguerre_basis(Index count, double a = 0, double from = 0, double scale = 1);

}  // namespace lehr::sample
