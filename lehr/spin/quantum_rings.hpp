// The rings of Trotter slices that simulated quantum annealing sweeps: P copies of a model for each read, a spin's copies
// coupled in a ring. In SIMD lanes: a lane holds a part of a ring, so that neighbours along the ring stand in the same
// lane of neighbouring slabs of rows, and 64 lanes advance together,
//
//   slice k of a read:  slab k mod R of the lane (read, k div R),  R slabs and P / R lanes for a read,
//
// with as many lanes a read (1, 2, 4, 8 or 16) as fill the vectors best. A sweep of single flips proposes every spin of
// the even slabs, then of the odd ones; slabs, blocks of reads and, for models of 32768 spins and more, parts of the
// model advance in parallel. A sweep of clusters cuts each spin's ring and flips its parts. Random numbers are
// addressed by (seed, sweep, block, slab, part): results do not depend on threads, resume or the instruction set.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lehr/core/aligned.hpp"
#include "lehr/core/random.hpp"
#include "lehr/spin/lane_kernels.hpp"
#include "lehr/spin/read_model.hpp"
#include "lehr/spin/thresholds.hpp"

namespace lehr::spin {

class QuantumRings {
 public:
  // `reads` >= 1 rings of `slices` >= 1 slices, spins uniformly random by `seed`. `model` is kept; it is in lanes.
  QuantumRings(std::shared_ptr<const ReadModel> model, std::int64_t reads, std::int64_t slices, Seed seed);

  std::int64_t reads() const { return reads_; }
  std::int64_t slices() const { return slices_; }
  Spins spins(std::int64_t read, std::int64_t slice) const;
  // H of every slice, [read * slices + slice], offset included; in the precision of the kernel, exact for integers.
  std::vector<double> energies() const;
  // How many spins equal the same spin of the next slice, summed over slices and reads.
  std::int64_t equal_neighbours() const;

  // The action: a flip costs 2 beta d, d = -s f in the model's units, and 2 coupling s (s' + s'') along the ring.
  // `sweep` numbers the sweeps of the run, and addresses the random numbers.
  void sweep_flips(double beta, double coupling, Seed seed, std::int64_t sweep);
  void sweep_clusters(double beta, double coupling, Seed seed, std::int64_t sweep);

  // For checkpoints: the spins of all slices, a slice after the other.
  std::vector<std::int8_t> pack() const;
  // Throws InvalidInput unless there are as many spins as here.
  void unpack(std::span<const std::int8_t> spins);

 private:
  struct Block {
    AlignedVector<std::int8_t> bytes;  // slabs of 2 n + 1 rows
    AlignedVector<float> floats;       // slabs of n rows
  };
  struct Place {  // of a slice
    std::size_t block, slab, lane;
  };
  Index size() const { return model_->model().size(); }
  bool in_bytes() const { return model_->in_bytes(); }
  std::size_t stride() const;
  Place place(std::int64_t read, std::int64_t slice) const;
  std::size_t row(Index spin) const;
  void put(const Place& place, std::span<const std::int8_t> spins);
  int used_lanes(const Block& block) const;
  template <class Numbers>
  std::int64_t equal_pairs(Numbers Block::*numbers) const;
  kernels::ByteRing byte_ring(Block& block) const;
  kernels::FloatRing float_ring(Block& block) const;
  kernels::RingAction action(double beta, double coupling) const;
  template <class Work>
  void for_parts(std::int64_t slabs, std::span<const std::int64_t> of, std::uint64_t lane, Seed seed,
                 std::int64_t sweep, Work work);

  std::shared_ptr<const ReadModel> model_;
  std::int64_t reads_, slices_;
  int group_ = 1;              // lanes of a read
  std::int64_t slabs_ = 1;     // slices / group
  RingThresholds thresholds_;  // of single flips in bytes
  std::vector<Block> blocks_;
};

}  // namespace lehr::spin
