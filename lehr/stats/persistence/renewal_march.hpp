// Survival function S = 1 - F of an excursion from the switch kernels, by marching a Volterra equation of the
// second kind. F = 1/2 G + 1/2 int F(t - s) dH(s) with G = mass - D of the own kernel and H of the other one
// becomes
//
//   S(t) = 1/2 (D_own(t) + D_other(t)) + 1/2 int_0^t S(t - s) dH(s)
//   S_i = 1/2 (D_own + D_other)(t_i) + 1/2 sum_{k<i} [H(t_i - t_k) - H(t_i - t_(k+1))] (S_k + S_(k+1)) / 2
//
// whose terms are all positive for a valid law, so that small probabilities keep their digits. The masses of
// H's cells are exact, S is averaged over the ends of its cell: second order. With equal steps the sum is a
// convolution: O(n^2) for n <= 4096, else by halves with fast Fourier transforms (relaxed convolution, J. van
// der Hoeven, "Relax, but don't be too lazy", 2002), O(n log^2 n). Unequal steps cost n^2 / 2 values of the
// kernel.
#pragma once

#include <cstdint>
#include <vector>

#include "lehr/schedule/schedule.hpp"
#include "lehr/stats/persistence/switch_kernel.hpp"

namespace lehr::stats {

// times[0] = 0 < times[1] < ... < times[n].
struct MarchGrid {
  std::vector<double> times;
  bool uniform = true;
};

// n steps up to `end` whose lengths are in the proportions of `step`, a schedule over the grid
// ("geometric(from=1, to=50)" grades it). Throws InvalidInput where a length is not above 0, and for n
// outside [8, 2^20] or, with unequal steps, above 16384.
MarchGrid march_grid(double end, std::int64_t n, const Schedule& step);

// S at the grid's times.
std::vector<double> renewal_march(const MarchGrid& grid, const SwitchKernel& own, const SwitchKernel& other);

}  // namespace lehr::stats
