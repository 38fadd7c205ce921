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
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "lehr/core/aligned.hpp"
#include "lehr/core/random.hpp"
#include "lehr/spin/flip_model.hpp"
#include "lehr/spin/ising_model.hpp"
#include "lehr/spin/lane_kernels.hpp"

namespace lehr::spin {

enum class Kernel {
  byte_lanes,   // 64 reads in bytes; |local field| <= 127 in units of the model's quantum, but for few spins
  float_lanes,  // 64 reads in single precision
  byte_read,    // read by read, in bytes
  float_read,   // read by read, in single precision
  dense_read    // read by read, the weights as a full matrix in single precision
};
const char* name(Kernel kernel);

// A model in the compact form of one kernel.
class ReadModel {
 public:
  // The kernel that suits `reads` copies, or the given one (throws InvalidInput when the model does not fit
  // it). `model` must outlive this.
  ReadModel(const IsingModel& model, std::int64_t reads, std::optional<Kernel> kernel = {});

  const IsingModel& model() const { return *model_; }
  Kernel kernel() const { return kernel_; }
  bool in_lanes() const { return kernel_ == Kernel::byte_lanes || kernel_ == Kernel::float_lanes; }
  bool in_bytes() const { return kernel_ == Kernel::byte_lanes || kernel_ == Kernel::byte_read; }
  bool in_floats() const { return kernel_ == Kernel::float_lanes || kernel_ == Kernel::dense_read; }
  bool caches_floats() const { return kernel_ == Kernel::float_read || kernel_ == Kernel::dense_read; }

 private:
  friend class Reads;
  void order_spins();
  void measure_reach(double quantum);
  void build_links();
  void build_weights();
  void build_matrix();

  const IsingModel* model_;
  Kernel kernel_;
  double quantum_ = 1;               // weights are integer multiples of this (bytes)
  int reach_ = 0;                    // largest |local field| in quanta (bytes)
  int wide_reach_ = 0;               // the same of the spins whose field exceeds a byte; 0: there are none
  bool keeps_fields_ = false;        // float lanes with cached local fields: dense models
  std::vector<Index> row_of_;        // where spin i stands; empty: at i
  std::vector<Index> chunks_;        // ends of the parts of the model that are swept at once ...
  std::vector<std::size_t> rounds_;  // ... and how many of them belong to each round (colour)

  std::vector<std::int64_t> starts_;
  std::vector<std::uint32_t> links_;
  int degree_ = 0;
  std::vector<Index> neighbours_;
  std::vector<std::int8_t> byte_weights_, byte_fields_;
  std::vector<std::uint8_t> wide_;
  std::vector<float> float_weights_, float_fields_;
  AlignedVector<float> matrix_;
  bool has_fields_ = false;
};

class Reads {
 public:
  // `count` >= 1 copies, spins uniformly random by `seed`. `model` is kept.
  Reads(std::shared_ptr<const ReadModel> model, std::int64_t count, Seed seed);

  std::int64_t count() const { return count_; }
  const ReadModel& model() const { return *model_; }
  Spins spins(std::int64_t read) const;
  void set(std::int64_t read, std::span<const std::int8_t> spins);
  // Energies of all reads, offset included; sums in the precision of the kernel, exact for integers.
  std::vector<double> energies() const;

  // One sweep of all reads at inverse temperature beta >= 0 (infinity: only flips that do not raise the
  // energy). Returns the share of proposals that was accepted.
  double sweep(double beta, Rule rule, Seed seed, std::int64_t step);

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
  Index size() const { return model_->model().size(); }
  std::size_t row(Index spin) const;
  std::int64_t reads_per_block() const { return model_->in_lanes() ? 64 : 1; }
  std::int8_t get(const Block& block, Index spin, std::size_t lane) const;
  void put(Block& block, Index spin, std::size_t lane, std::int8_t value) const;
  void refresh(Block& block) const;
  double twice_energy(const Block& block) const;
  kernels::ByteRows byte_rows(const Block& block) const;
  kernels::FloatRows float_rows(const Block& block) const;
  std::int64_t sweep_part(Block& block, double beta, Rule rule, const kernels::Words& words, Index begin,
                          Index end) const;

  std::shared_ptr<const ReadModel> model_;
  std::int64_t count_;
  Thresholds thresholds_;
  double thresholds_beta_ = -1;
  std::vector<Block> blocks_;
};

}  // namespace lehr::spin
