// The inner loops of tabu search, simulated bifurcation and exact enumeration over dense arrays, compiled for
// several instruction sets and dispatched to the widest that the machine has (Highway).
//
// All but `accumulate_*` and the dynamics (`kick`, `drift`) give equal bits on every machine; those use fused
// multiply-add where there is one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lehr/spin/ising_model.hpp"

namespace lehr::spin::loops {

// Arrays that these loops read or write have a length that is a multiple of this, in elements.
inline constexpr std::size_t padding = 16;
inline std::size_t padded(std::size_t count) { return (count + padding - 1) / padding * padding; }

// cost[j] += scale * row[j] * spin[j]; returns min_j (cost[j] + bar[j]).
float update_costs(const float* row, float scale, const float* spin, const float* bar, float* cost,
                   std::size_t size);
double update_costs(const double* row, double scale, const double* spin, const double* bar, double* cost,
                    std::size_t size);
// min_j (cost[j] + bar[j]).
float lowest_cost(const float* bar, const float* cost, std::size_t size);
double lowest_cost(const double* bar, const double* cost, std::size_t size);
// The first j in [from, to) with cost[j] + bar[j] == value, or `to`.
std::size_t find_cost(const float* bar, const float* cost, float value, std::size_t from, std::size_t to);
std::size_t find_cost(const double* bar, const double* cost, double value, std::size_t from, std::size_t to);

// energies[k] += change[k], or -= where `subtract`; returns the least of energies.
std::int32_t shift_energies(const std::int32_t* change, bool subtract, std::int32_t* energies,
                            std::size_t size);
double shift_energies(const double* change, bool subtract, double* energies, std::size_t size);

// Batches of runs: a row of an n x batch array holds one spin's values in `batch` runs.
inline constexpr std::size_t batch = 32;

// forces(i, r) = -sum_j matrix(i, j) values(j, r) for the rows i in [from, to), r in [0, batch). `matrix` has
// rows of `stride` numbers of which the first `size` are used. `forces` starts at row 0.
void accumulate_dense(const float* matrix, std::size_t stride, std::size_t size, const float* values,
                      std::size_t from, std::size_t to, float* forces);
// The same for compressed sparse rows: row i is [starts[i], starts[i + 1]).
void accumulate_sparse(const std::int64_t* starts, const Index* neighbours, const float* weights,
                       const float* values, std::size_t from, std::size_t to, float* forces);

// y[k] += push * force[k] - (pull + cubic * x[k]^2) * x[k].
void kick(const float* x, const float* force, float push, float pull, float cubic, float* y,
          std::size_t size);
// x[k] += dt * y[k]; with `walls`, where that is beyond -1 or 1: x[k] = -1 or 1, y[k] = 0.
void drift(float dt, bool walls, float* x, float* y, std::size_t size);
// signs[k] = -1 where x[k] < 0, else 1.
void take_signs(const float* x, float* signs, std::size_t size);

}  // namespace lehr::spin::loops
