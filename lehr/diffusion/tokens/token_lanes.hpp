// The inner loop of mixture_tokens in SIMD, chosen for the machine at run time: the clean token that a Gaussian mixture expects, of many
// sequences side by side, where every sequence has its own weights and means and all share the covariances.
#pragma once

#include <cstdint>

namespace lehr::diffusion {

// Component k of sequence i is N(mean_ik, V_k diag(l_k) V_k'), weight e^{log_weights_ik} up to a factor. At level (a, s), v = a^2 l + s^2.
struct ConditionalLevel {
  std::int64_t components = 0, dimension = 0, stride = 0;  // rows of the arrays, a multiple of 8
  double a = 0;
  const double* vectors = nullptr;      // V_k column by column: K d d
  const double* gains = nullptr;        // a l_kj / v_kj: K d
  const double* inverses = nullptr;     // 1 / v_kj: K d
  const double* constants = nullptr;    // -1/2 sum_j log v_kj: K
  const double* log_weights = nullptr;  // stride x K, column by column
  const double* means = nullptr;        // stride x K d
  const double* rotated = nullptr;      // V_k' mean_ik: stride x K d
};
// clean_i = sum_k p_ik (mean_ik + V_k diag(gain_k) r_ik),  r_ik = V_k' x_i - a rotated_ik,
// p_ik proportional to exp(log_weight_ik + constant_k - 1/2 sum_j inverse_kj r_ikj^2). x and clean are stride x d; rows [0, n), n a
// multiple of 8. `scratch` has 8 K (d + 1) numbers.
void conditional_lanes(const ConditionalLevel& level, const double* x, std::int64_t n, double* clean,
                       double* scratch);

// to[i] = start + sum_c factors[c] columns[c stride + i] for c in [0, count) and i in [0, n); n a multiple of 8.
void column_sum_lanes(const double* columns, std::int64_t stride, const double* factors, std::int64_t count,
                      double start, std::int64_t n, double* to);

}  // namespace lehr::diffusion
