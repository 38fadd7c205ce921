// Patterns with blanks: entries +1, -1 and 0 ("does not matter"). A matrix of them has a pattern per row and a
// spin per column, so that what one spin sees of all patterns is contiguous.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/core/tensor.hpp"
#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

using SparsePatterns = Eigen::Matrix<std::int8_t, Eigen::Dynamic, Eigen::Dynamic>;  // patterns x spins

// Independent entries: 0 with probability `dilution` in [0, 1), else a fair sign. A row that came out all
// blank is drawn anew. Throws InvalidInput.
SparsePatterns random_sparse_patterns(Index patterns, Index spins, double dilution, Stream random);

// Examples of each pattern whose entries that are not blank keep their sign with probability (1 + quality) / 2,
// quality in (0, 1]. Row a * patterns + mu is example a of pattern mu. `per_pattern` >= 1.
SparsePatterns noisy_examples(const SparsePatterns& patterns, std::int64_t per_pattern, double quality,
                              Stream random);

// The rows of an array of shape [rows, spins]. Throws InvalidInput, starting with `where`, for an entry other
// than -1, 0 and 1 or a row without any sign.
SparsePatterns sparse_patterns_of(const Eigen::Ref<const Eigen::MatrixXd>& rows, std::string_view where);

// The share of blanks, with the standard error of independent entries.
struct Dilution {
  double value = 0, standard_error = 0;
};
Dilution dilution_of(const SparsePatterns& patterns);

// Numbers the rows by their set of blanks: rows with equal blanks have equal numbers, 0, 1, ... in the order of
// their first row. All examples of a pattern share its blanks.
std::vector<std::int32_t> group_by_blanks(const SparsePatterns& rows);

}  // namespace lehr::spin
