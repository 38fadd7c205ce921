// An Ising model in the compact form of one sweep kernel: links between rows of 64 reads in bytes or single precision, or
// compressed rows, or a full matrix, for reads that advance one by one. reads.hpp holds the reads.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lehr/core/aligned.hpp"
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

// Spins of one read are padded to whole blocks of 64.
constexpr std::size_t padded(Index n) { return (static_cast<std::size_t>(n) + 63) / 64 * 64; }

// A model in the compact form of one kernel.
class ReadModel {
 public:
  // The kernel that suits `reads` copies, or the given one (throws InvalidInput when the model does not fit
  // it). `model` must outlive this.
  ReadModel(const IsingModel& model, std::int64_t reads, std::optional<Kernel> kernel = {});

  // For `reads` copies, each at a temperature of its own.
  static ReadModel for_ladder(const IsingModel& model, std::int64_t reads);
  // In 64 lanes, whatever the model: bytes where it fits, else single precision.
  static ReadModel in_64_lanes(const IsingModel& model);

  const IsingModel& model() const { return *model_; }
  Kernel kernel() const { return kernel_; }
  bool in_lanes() const { return kernel_ == Kernel::byte_lanes || kernel_ == Kernel::float_lanes; }
  bool in_bytes() const { return kernel_ == Kernel::byte_lanes || kernel_ == Kernel::byte_read; }
  bool in_floats() const { return kernel_ == Kernel::float_lanes || kernel_ == Kernel::dense_read; }
  bool caches_floats() const { return kernel_ == Kernel::float_read || kernel_ == Kernel::dense_read; }

  // By how much an energy in the kernel's precision may differ from the model's; 0 where weights are integers.
  double rounding() const;

  // What the lane kernels take; only for the kernel in use.
  kernels::ByteLinks byte_links() const;
  kernels::FloatLinks float_links() const;

 private:
  friend class Reads;
  friend class QuantumRings;
  void order_spins();
  void measure_reach(double quantum);
  bool few_steps() const { return 2 * reach_ / stride_ < static_cast<int>(LadderThresholds::max_steps); }
  void build_links();
  void build_weights();
  void build_matrix();

  const IsingModel* model_;
  Kernel kernel_;
  double quantum_ = 1;               // weights are integer multiples of this (bytes)
  int reach_ = 0;                    // largest |local field| in quanta (bytes)
  int stride_ = 1;                   // 2 where local fields, in quanta, are all odd or all even as reach_ is
  int wide_reach_ = 0;               // the same of the spins whose field exceeds a byte; 0: there are none
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

}  // namespace lehr::spin
