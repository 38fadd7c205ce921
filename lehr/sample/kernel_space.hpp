// The leading eigenfunctions of a kernel under the uniform law of a box, by Nystroem's method.
//
//   (1 / N) K(X, X) u_j = lambda_j u_j over N candidate points X
//   phi_j(x) = sum_i K(x, x_i) u_ij / (sqrt(N) lambda_j)
//
// The phi_j are orthonormal, and designs exact, under the law of the candidates (each 1 / N), a sample of the
// uniform law. Kernels are products over the coordinates of
//   gaussian  exp(-r^2 / 2)    laplace  exp(-r)    matern32  (1 + sqrt(3) r) exp(-sqrt(3) r)
//   matern52  (1 + sqrt(5) r + 5 r^2 / 3) exp(-sqrt(5) r),        r = |x - y| / length.
// Source: C. Williams and M. Seeger, "Using the Nystroem method to speed up kernel machines", 2001. Cost:
// O(N^3) once.
#pragma once

#include <vector>

#include "lehr/sample/function_space.hpp"

namespace lehr::sample {

enum class KernelFamily { gaussian, laplace, matern32, matern52 };

// One coordinate of the box and its factor of the kernel.
struct KernelFactor {
  KernelFamily family = KernelFamily::gaussian;
  double length = 1, from = 0, to = 1;
  std::string name() const;
};

// The space of the first `size` eigenfunctions, from `candidates` points that are drawn with `seed`. Throws
// InvalidInput for sizes out of range (1 <= size <= candidates <= 4000), a length or box out of range, and
// where lambda_size / lambda_1 is below 1e-12.
FunctionSpace kernel_space(const std::vector<KernelFactor>& factors, Index size, Index candidates, Seed seed);

}  // namespace lehr::sample
