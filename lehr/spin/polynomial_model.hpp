// A k-local (higher-order) binary optimisation model over spins or bits:
//   H = offset + sum_t c_t prod_{i in t} v_i,   v_i = s_i (spin) or v_i = x_i = (1 + s_i) / 2 (binary).
// A flip model: flip_cost and flip take O(number of terms with spin i), whatever the terms' order, because a
// configuration counts the -1 spins of each term: a product of spins is (-1)^count, one of bits is 1 at count
// 0 and else 0. Counts are integers, so nothing drifts.
//
// Memory: 20 bytes per term and 12 per variable in it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

enum class Vartype { spin, binary };

struct Term {
  std::vector<Index> variables;
  double weight = 0;
};

class PolynomialModel {
 public:
  PolynomialModel() = default;
  // Terms of any order; order 0 adds to the offset. A variable that stands twice in a term is reduced (s^2 =
  // 1, x^2 = x); terms over the same variables are summed. Throws InvalidInput for an index outside [0, size)
  // or a weight that is not finite.
  PolynomialModel(Index size, std::span<const Term> terms, Vartype vartype, double offset = 0);

  Index size() const { return size_; }
  Vartype vartype() const { return vartype_; }
  double offset() const { return offset_; }
  std::int64_t terms() const { return static_cast<std::int64_t>(weights_.size()); }
  // The most variables that a term has; 0 without terms.
  Index max_order() const;
  // The variables of a term, ascending; terms are ordered by their number of variables, then by these.
  std::span<const Index> variables(std::int64_t term) const;
  double weight(std::int64_t term) const { return weights_[static_cast<std::size_t>(term)]; }
  // The terms that hold variable i, ascending.
  std::span<const std::int64_t> terms_of(Index i) const;
  // H, offset included. `spins` has size() entries.
  double energy(std::span<const std::int8_t> spins) const;

  struct Configuration {
    Spins spins;
    std::vector<std::int32_t> down;  // per term: how many of its spins are -1
  };
  Configuration configuration(std::span<const std::int8_t> spins) const;
  double flip_cost(const Configuration& configuration, Index i) const;
  void flip(Configuration& configuration, Index i) const;

  // The Ising model of equal energies; throws InvalidInput when a term has more than two variables.
  IsingModel to_ising() const;

 private:
  void add_term(std::span<const Index> variables, double weight);
  void index_terms();

  Index size_ = 0;
  Vartype vartype_ = Vartype::spin;
  double offset_ = 0;
  std::vector<std::int64_t> term_starts_, incidence_starts_, incidences_;
  std::vector<Index> variables_;
  std::vector<double> weights_;
};

}  // namespace lehr::spin
