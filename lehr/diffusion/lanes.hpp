// The inner loops of the room in SIMD, chosen for the machine at run time.
#pragma once

#include <cstdint>

namespace lehr::diffusion {

// to[i] = sum_j factors[j] from[j][i] for i in [0, n); n a multiple of 8. `to` may be one of the sources.
void combine_lanes(double* to, const double* const* from, const double* factors, std::int64_t count,
                   std::int64_t n);

// A mixture at one noise level: component k is N(centre_k, diag(1 / inverse_k)), in sum with log-weights and normalisers `constant_k`.
struct LevelledMixture {
  std::int64_t components = 0, dimension = 0;
  bool spherical = true;
  const double* centres = nullptr;    // d x K
  const double* inverses = nullptr;   // inverse variances: K where spherical, d x K else
  const double* constants = nullptr;  // K
  const double* squares = nullptr;    // |centre_k|^2, K
  double scale = 1;                   // of the output
  // Distances by |x|^2 - 2 x c + |c|^2: half the work, for spherical components that are not narrow.
  bool products = false;
  // Component k's centre is 0 from coordinate k + 1 on, as in the basis that the centres themselves span.
  bool triangular = false;
};
// out(i, j) = scale sum_k p_k(x_i) inverse_kj (x_ij - centre_kj), p the posterior; log_density may be null. x and out are n x d, column by
// column; n a multiple of 8.
void mixture_lanes(const LevelledMixture& mixture, const double* x, std::int64_t n, double* out,
                   double* log_density);

}  // namespace lehr::diffusion
