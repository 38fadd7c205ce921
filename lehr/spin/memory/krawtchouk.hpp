// Krawtchouk polynomials: the elementary symmetric polynomial of order P of N signs of which d are -1.
//
//   K_P(d; N) = sum_j (-1)^j C(d, j) C(N - d, P - j)
//   (k + 1) K_{k+1} = (N - 2d) K_k - (N - k + 1) K_{k-1},   K_0 = 1,  K_1 = N - 2d
//   K_4 = (M^4 - (6N - 8) M^2 + 3N^2 - 6N) / 24,            M = N - 2d
// Source: M. Krawtchouk, 1929; G. Szego, "Orthogonal polynomials", sec. 2.82.
#pragma once

#include <vector>

namespace lehr::spin {

// [K_P(0; N), ..., K_P(N; N)]; 1 <= order <= size <= 10^7, otherwise InvalidInput. Exact where P C(N, P) < 2^63,
// otherwise to a relative 1e-16 of sqrt(N)^P / P!. Cost O(N P).
std::vector<double> krawtchouk_table(int order, int size);

}  // namespace lehr::spin
