// Many reads (independent copies) of one Ising model, swept together: the engine under annealing and under
// every method that advances copies at one temperature.
//
// Reads advance in SIMD lanes: 64 reads of a model with small integer weights as bytes, with acceptance that
// is exact to 2^-32 (thresholds.hpp), real weights in single precision. A handful of reads is advanced one by
// one, 64 spins looked at together. A sweep proposes each spin once, in the order of the indexes, or, for
// models of 32768 spins and more in lanes, colour by colour, in parallel. Random numbers are addressed by
// (seed, sweep, block of reads, part of the model): results do not depend on threads, resume or the
// instruction set.
//
// Cost of a sweep of 64 reads in bytes: about (degree + 12) / 2 cycles a spin with AVX-512 registers.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "lehr/core/aligned.hpp"
#include "lehr/core/random.hpp"
#include "lehr/spin/flip_model.hpp"
#include "lehr/spin/ising_model.hpp"
#include "lehr/spin/lane_kernels.hpp"
#include "lehr/spin/read_model.hpp"

namespace lehr::spin {

class Reads {
 public:
  // `count` >= 1 copies, spins uniformly random by `seed`. `model` is kept.
  Reads(std::shared_ptr<const ReadModel> model, std::int64_t count, Seed seed);

  std::int64_t count() const { return count_; }
  const ReadModel& model() const { return *model_; }
  Spins spins(std::int64_t read) const;
  void set(std::int64_t read, std::span<const std::int8_t> spins);
  // Read r becomes a copy of read ancestors[r], for all `count` reads; what is a read's ancestor is its own.
  void replace(std::span<const std::int64_t> ancestors);
  // Energies of all reads, offset included; sums in the precision of the kernel, exact for integers.
  std::vector<double> energies() const;

  // One sweep of all reads at inverse temperature beta >= 0 (infinity: only flips that do not raise the
  // energy). Returns the share of proposals that was accepted.
  double sweep(double beta, Rule rule, Seed seed, std::int64_t step);

  // The same with an inverse temperature for each read; `accepted` gets the number of each read's accepted flips. The
  // model is one for ladders (ReadModel::for_ladder).
  void sweep(std::span<const double> betas, Rule rule, Seed seed, std::int64_t step,
             std::span<std::int64_t> accepted);

  // For checkpoints: the spins of all reads, and the cached fields of the kernels that round them.
  template <class Visitor>
  void fields(Visitor& visit) {
    std::vector<std::int8_t> spins = pack_spins();
    std::vector<float> cached = pack_fields();
    visit("reads.spins", spins);
    visit("reads.fields", cached);
    unpack(spins, cached);
  }

 private:
  std::vector<std::int8_t> pack_spins() const;
  std::vector<float> pack_fields() const;
  void unpack(std::span<const std::int8_t> spins, std::span<const float> cached);

  struct Block {                            // 64 reads, or one
    AlignedVector<std::int8_t> bytes;       // byte_lanes: rows; byte_read and float_read: spins
    AlignedVector<std::int8_t> byte_steps;  // byte_read: -s_i f_i
    AlignedVector<float> floats;            // float_lanes: rows; dense_read: spins
    AlignedVector<float> float_cache;       // float_read: -s_i f_i; dense_read: f_i
  };
  // Thresholds of reads at temperatures of their own, kept from sweep to sweep: ladders have few temperatures, though
  // reads swap them.
  struct Ladder {
    Rule rule = Rule::metropolis;
    std::map<double, std::vector<std::uint32_t>> columns;  // by beta: byte_lanes
    std::map<double, Thresholds> tables;                   // by beta: byte_read
    std::vector<LadderThresholds> lanes;                   // of each block: byte_lanes
    std::vector<double> betas;                             // of each read in these
  };
  struct Replacement {  // of a lane by one of a block
    std::size_t lane;
    const Block* block;
    std::size_t block_lane;
  };
  void replace(Block& block, std::span<const Replacement> into) const;
  Index size() const { return model_->model().size(); }
  std::size_t row(Index spin) const;
  std::int64_t reads_per_block() const { return model_->in_lanes() ? 64 : 1; }
  std::int8_t get(const Block& block, Index spin, std::size_t lane) const;
  void put(Block& block, Index spin, std::size_t lane, std::int8_t value) const;
  void refresh(Block& block) const;
  double twice_energy(const Block& block) const;
  template <class Work>
  void for_parts(Seed seed, std::int64_t step, Work work);
  std::int64_t sweep_part(Block& block, const Thresholds& thresholds, double beta, Rule rule,
                          const kernels::Words& words, Index begin, Index end) const;
  void prepare_ladder(std::span<const double> betas, Rule rule);

  std::shared_ptr<const ReadModel> model_;
  std::int64_t count_;
  Thresholds thresholds_;
  double thresholds_beta_ = -1;
  Ladder ladder_;
  std::vector<Block> blocks_;
};

}  // namespace lehr::spin
