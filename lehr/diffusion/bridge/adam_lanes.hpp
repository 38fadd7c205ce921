// One step of Adam (D. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015) on plain arrays, in one pass and in
// SIMD, with the same bits on every instruction set.
#pragma once

#include <cstdint>

namespace lehr::diffusion {

// first and second, the averages of the gradient and of its square, take in `gradient`; step counts from 1. Then
//   parameters -= rate * (first / (1 - 0.9^step)) / (sqrt(second / (1 - 0.999^step)) + 1e-8).
void adam_lanes(const double* gradient, std::int64_t n, double rate, std::int64_t step, double* first,
                double* second, double* parameters);

}  // namespace lehr::diffusion
