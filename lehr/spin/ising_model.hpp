// The Ising model H(s) = offset + sum_i h_i s_i + sum_{i<j} J_ij s_i s_j over spins s_i = +1 or -1: what
// every method of this room minimises or samples. QUBO and Max-Cut are written in this form by problem.hpp.
//
// Stored as compressed sparse rows, each coupling in the rows of both its spins: 24 bytes per coupling and 16
// per spin, so that a million spins with ten million couplings take about 260 MB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lehr::spin {

using Index = std::int32_t;
using Spins = std::vector<std::int8_t>;  // +1 or -1

// A spin's place in an array.
constexpr std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

struct Coupling {
  Index i = 0, j = 0;
  double weight = 0;
};

class IsingModel {
 public:
  IsingModel() = default;
  // `fields` are h (their number is the number of spins), `couplings` the J_ij in any order and orientation.
  // Several couplings of the same pair are summed; pairs whose sum is 0 are left out. Throws InvalidInput for
  // an index outside [0, size), i == j, or a number that is not finite.
  IsingModel(std::vector<double> fields, std::span<const Coupling> couplings, double offset = 0);

  Index size() const { return static_cast<Index>(fields_.size()); }
  std::int64_t couplings() const { return static_cast<std::int64_t>(neighbours_.size() / 2); }
  double offset() const { return offset_; }
  double field(Index i) const { return fields_[static_cast<std::size_t>(i)]; }
  std::span<const double> fields() const { return fields_; }

  // The spins coupled to i, ascending, and the weights of these couplings.
  std::span<const Index> neighbours(Index i) const { return row(neighbours_, i); }
  std::span<const double> weights(Index i) const { return row(weights_, i); }
  Index degree(Index i) const { return static_cast<Index>(neighbours(i).size()); }
  Index max_degree() const;

  // H(s), offset included. `spins` has size() entries.
  double energy(std::span<const std::int8_t> spins) const;
  // h_i + sum_j J_ij s_j: flipping spin i changes the energy by -2 s_i times this.
  double local_field(std::span<const std::int8_t> spins, Index i) const;
  // The largest value of |local field| that spin i can feel: |h_i| + sum_j |J_ij|.
  double reach(Index i) const;
  double largest_reach() const;
  // sum_i |h_i| + sum_{i<j} |J_ij|: no energy is further from the offset.
  double sum_of_weights() const;
  // True when every h and J is an integer of magnitude below 2^31.
  bool integral() const;

 private:
  template <class T>
  std::span<const T> row(const std::vector<T>& values, Index i) const {
    const auto at = static_cast<std::size_t>(i);
    return {values.data() + starts_[at], static_cast<std::size_t>(starts_[at + 1] - starts_[at])};
  }

  std::vector<double> fields_;
  std::vector<std::int64_t> starts_;  // row i is [starts_[i], starts_[i + 1])
  std::vector<Index> neighbours_;
  std::vector<double> weights_;
  double offset_ = 0;
};

}  // namespace lehr::spin
