// The inner loops of the associative memories: plain arrays in, sums out. Compiled for several instruction sets
// (Highway) and chosen at run time; results are the same with each of them: integers are exact, and sums of doubles run
// over eight fixed lanes without fused products.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace lehr::spin::memory {

// Arrays that these loops read are padded to a multiple of this many entries.
inline constexpr std::size_t kernel_lanes = 8;
constexpr std::size_t padded(std::size_t count) {
  return (count + kernel_lanes - 1) / kernel_lanes * kernel_lanes;
}

// sum of weights[mu] over the set bits mu, bit mu % 64 of word mu / 64. |weights| <= largest < 2^27.
std::int64_t sum_where_set(std::span<const std::uint64_t> bits, std::span<const std::int32_t> weights,
                           std::int32_t largest);

// A flip of a site whose plane is `bits`: counts[mu] += step where the bit is set, -= step elsewhere (step +-1), and
// weights[mu] = odd[counts[mu]]. Tables of +-largest have an entry for each count from 0 to the number of sites; at
// order 4 they are dense_hopfield.hpp's and are computed rather than looked up.
struct CountShift {
  int order = 2;
  std::int32_t step = 1;
  std::span<const std::uint64_t> bits;
  std::span<std::int32_t> counts, weights;
  std::span<const std::int32_t> odd, even;
};
// Sums of odd[] and even[] over the new counts.
struct TableSums {
  std::int64_t odd = 0, even = 0;
};
TableSums shift_counts(const CountShift& shift, std::int32_t largest);

// The elementary symmetric polynomials e_1 .. e_{P-1} of y_i = x_i s_i, an array of `stride` patterns each, and the row
// of x at one site. Without that site t_1 = e_1 - y, t_k = e_k - y t_{k-1}.
struct SymmetricRows {
  int order = 2;                // P
  std::size_t stride = 0;       // padded number of patterns
  const double* row = nullptr;  // x of the site, of each pattern
  double spin = 1;              // s of the site
};
// sum_mu y t_{P-1}: half the cost of the flip (H = -sum e_P).
double flip_sum(const SymmetricRows& rows, const double* elementary);
// e_k -= 2 y t_{k-1}: the polynomials after the flip.
void flip_elementary(const SymmetricRows& rows, double* elementary);

// With self-interactions, H = -sum M^P / P!, M = sum x_i s_i: sum_mu M^P - (M - 2y)^P, and M -= 2y.
double power_flip_sum(const SymmetricRows& rows, const double* sums);

// The mean field of one pattern with couplings x on magnetisations m, both of `size` entries (padded with zeros):
// fields[i] += x_i d e_P(x m) / d(x_i m_i). Order in [2, max_field_order].
inline constexpr int max_field_order = 64;
void add_pattern_field(int order, std::size_t size, const double* x, const double* m, double* fields);

}  // namespace lehr::spin::memory
