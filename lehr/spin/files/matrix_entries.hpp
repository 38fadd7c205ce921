// Internal to the spin problem files: a square matrix as a problem. Both triangles of the matrix are looked
// at; elements at one place add up.
//   max_cut   w_ij = a_ij of the symmetric adjacency matrix; the diagonal is 0
//   qubo      minimise x'Ax, so a_ij and a_ji add up; the diagonal is linear
//   ising     J_ij = a_ij of a symmetric matrix, each pair counted once; the diagonal is the field
// Where only one of a_ij and a_ji is not 0, max_cut and ising take that one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lehr/spin/files/formats.hpp"

namespace lehr::spin {

class MatrixEntries {
 public:
  // `first_index` is the number that the file gives to the first row, for messages.
  MatrixEntries(std::int64_t rows, std::int64_t columns, Index first_index, const Source& source);
  void reserve(std::size_t elements) { pairs_.reserve(elements); }
  // Indices from 0 within the matrix; refuses a value that is not finite.
  void add(std::int64_t i, std::int64_t j, double value);

  // `kind_in_file` is what the file itself says, or "". Throws InvalidInput when neither the file nor the
  // options say what the matrix is, or its values do not fit that.
  Problem problem(std::string_view kind_in_file, double constant);

 private:
  struct Element {
    Index low, high;
    bool above;  // the diagonal
    double value;
  };
  std::string place(Index i, Index j) const;
  void add_up();
  void symmetric_couplings(std::vector<Coupling>& couplings) const;

  const Source& source_;
  Index size_ = 0, first_index_;
  std::vector<double> diagonal_;
  std::vector<Element> pairs_;
  std::int64_t repeated_ = 0;
};

// The matrix that a writer puts: diagonal and couplings (a_ij = a_ji = factor J_ij), and what it means.
struct MatrixForm {
  std::string kind;
  std::vector<double> diagonal;
  double coupling_factor = 1, constant = 0;
};
MatrixForm matrix_form(const Problem& problem, TextSink& sink);

}  // namespace lehr::spin
