// The inner loops of reads.hpp: plain arrays in, one sweep done. Compiled for several
// instruction sets (Highway) and chosen at run time; results do not depend on which one runs.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "lehr/spin/ising_model.hpp"
#include "lehr/spin/thresholds.hpp"

namespace lehr::spin::kernels {

inline constexpr std::size_t lanes = 64;

// Four random words from which a kernel makes its own lanes of xoshiro256++ (Blackman and Vigna 2018), the
// same for every instruction set. The caller addresses them by (seed, block, sweep, chunk).
using Words = std::array<std::uint64_t, 4>;

// 64 reads of one model, a byte each. Row i of `rows` holds the spins i of all reads; row n + i their
// negatives; row 2 n is zero. `links` are rows (times 64): spin i's are [starts[i], starts[i + 1]), or the
// `degree` from i * degree when degree > 0. A coupling J = +-k stands as k links to the row of the neighbour
// or of its negative.
struct ByteLinks {
  Index n = 0;
  const std::uint32_t* links = nullptr;
  const std::int64_t* starts = nullptr;
  int degree = 0;
  const std::int8_t* fields = nullptr;  // h, or null when all are 0
  // Not 0 for the few spins whose |local field| may exceed a byte; null when there are none. Their steps are summed in
  // 32 bits and looked up in Thresholds::wide, one read after another.
  const std::uint8_t* wide = nullptr;
};
// Proposes the flip of spins begin .. end - 1 of every read, in order; returns the number of accepted flips.
std::int64_t sweep_bytes(const ByteLinks& model, std::int8_t* rows, const Thresholds& thresholds,
                         const Words& words, Index begin, Index end);
// sum_i s_i (2 h_i + sum_j J_ij s_j) = 2 H of each read (without offset).
void energies_of_bytes(const ByteLinks& model, const std::int8_t* rows,
                       std::array<std::int64_t, lanes>& twice);

// 64 reads of one model in single precision: rows[i * 64 + read] = s_i.
struct FloatLinks {
  Index n = 0;
  const Index* neighbours = nullptr;
  const float* weights = nullptr;
  const std::int64_t* starts = nullptr;
  const float* fields = nullptr;  // h
};
std::int64_t sweep_floats(const FloatLinks& model, float* rows, double beta, Rule rule, const Words& words,
                          Index begin, Index end);
void energies_of_floats(const FloatLinks& model, const float* rows, std::array<double, lanes>& twice);

// The same with an inverse temperature for each lane: `thresholds` of 64, or `betas` of the first lanes, to which single
// precision then keeps. Adds the accepted flips of every lane to flips[64].
void sweep_ladder(const ByteLinks& model, std::int8_t* rows, const LadderThresholds& thresholds,
                  const Words& words, Index begin, Index end, std::int64_t* flips);
void sweep_ladder(const FloatLinks& model, float* rows, std::span<const double> betas, Rule rule,
                  const Words& words, Index begin, Index end, std::int64_t* flips);

// One read. steps[i] = -s_i f_i is half of what a flip of spin i costs; arrays are padded to a multiple of 64
// spins. Neighbours and weights as compressed sparse rows; `Number` is int8 (|f| <= 127) or float.
template <class Number>
struct OneRead {
  Index n = 0;
  const Index* neighbours = nullptr;
  const Number* weights = nullptr;
  const std::int64_t* starts = nullptr;
  std::int8_t* spins = nullptr;
  Number* steps = nullptr;
};
std::int64_t sweep_one(const OneRead<std::int8_t>& read, const Thresholds& thresholds, const Words& words);
std::int64_t sweep_one(const OneRead<float>& read, double beta, Rule rule, const Words& words);

// One read of a dense model: the weights as an n x n matrix with zeros on the diagonal, its rows and the
// arrays padded with zeros to a multiple of 64; fields[i] = f_i.
struct DenseRead {
  Index n = 0;
  const float* weights = nullptr;
  float* spins = nullptr;
  float* fields = nullptr;
};
std::int64_t sweep_one(const DenseRead& read, double beta, Rule rule, const Words& words);

// Rings of slices of a model (quantum_rings.hpp): `slabs` times 64 lanes, a lane for a part of a ring. Slab k is a set
// of rows as above, `stride` numbers after slab k - 1; neighbours along the ring are a lane's slabs k - 1 and k + 1. The
// slab after the last is slab 0 of the next lane, within `group` (1, 2, 4, 8 or 16) lanes that make a ring. At least
// two slabs.
template <class Links, class Number>
struct Ring {
  Links model;
  Number* rows = nullptr;
  std::size_t stride = 0;
  std::int64_t slabs = 0;
  int group = 1;
  int used = 64;  // lanes; nothing is asked of the others
  Number* slab(std::int64_t k) const { return rows + static_cast<std::size_t>(k) * stride; }
};
using ByteRing = Ring<ByteLinks, std::int8_t>;
using FloatRing = Ring<FloatLinks, float>;

// What flips cost: with f the local field of a spin s in its slice and b the sum of its two neighbours on the ring, a
// flip changes the action by s (bond b - problem f). Equal neighbours on the ring join with probability join / 2^31.
struct RingAction {
  float problem = 0, bond = 0;
  std::int32_t join = 0;
};
// Memory that cluster sweeps use: 64 sums, and two words, for each slab.
struct RingScratch {
  float* sums = nullptr;
  std::uint64_t *cuts = nullptr, *earlier = nullptr;
};
// Proposes the flip of spins begin .. end - 1 of one slab (Metropolis).
void sweep_slab(const ByteRing& ring, std::int64_t slab, const RingThresholds& thresholds, const Words& words,
                Index begin, Index end);
void sweep_slab(const ByteRing& ring, std::int64_t slab, const RingAction& action, const Words& words,
                Index begin, Index end);
void sweep_slab(const FloatRing& ring, std::int64_t slab, const RingAction& action, const Words& words,
                Index begin, Index end);
// Cuts the ring of each of the spins begin .. end - 1 into clusters, which flip by the heat bath.
void sweep_clusters(const ByteRing& ring, const RingAction& action, const Words& words,
                    const RingScratch& scratch, Index begin, Index end);
void sweep_clusters(const FloatRing& ring, const RingAction& action, const Words& words,
                    const RingScratch& scratch, Index begin, Index end);

// The instruction set that runs here ("AVX3", "AVX2", ...).
const char* instruction_set();

}  // namespace lehr::spin::kernels
