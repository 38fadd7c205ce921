// Internal to the spin problem files: the entries "i j value" of a text format, gathered while the file is
// scanned, and what the file does with repeated ones.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/spin/files/line_scanner.hpp"
#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

// 16 bytes per variable and 20 per coupling.
class EntryList {
 public:
  // `first_index` is the number that the file gives to variable 0.
  EntryList(Index variables, Index first_index)
      : linear(static_cast<std::size_t>(variables)),
        first_index_(first_index),
        linear_lines_(linear.size()) {}

  void reserve(std::size_t couplings) {
    this->couplings.reserve(couplings);
    lines_.reserve(couplings);
  }
  // i == j adds to the linear term of i.
  void add(Index i, Index j, double value, std::int64_t line) {
    if (i == j) return add_linear(i, value, line);
    const Index low = std::min(i, j), high = std::max(i, j);
    ascending_ = ascending_ && (low > last_low_ || (low == last_low_ && high > last_high_));
    last_low_ = low, last_high_ = high;
    couplings.push_back({low, high, value});
    lines_.push_back(static_cast<std::uint32_t>(line));
  }

  // After the last entry: repeated entries are refused when `strict`, else `notes` says that they add up.
  void settle(const LineScanner& scanner, bool strict, std::vector<std::string>& notes) const;

  std::vector<double> linear;
  std::vector<Coupling> couplings;  // i < j; repeated pairs stand one by one

 private:
  // The entry on `line` repeats the one on `first_line`.
  struct Repeat {
    Index i = 0, j = 0;
    std::int64_t first_line = 0, line = 0;
  };
  void add_linear(Index i, double value, std::int64_t line);
  void find_repeated_couplings(std::int64_t& count, Repeat& earliest) const;

  Index first_index_;
  std::vector<std::uint32_t> linear_lines_;  // of each variable's first linear entry; 0: none
  std::vector<std::uint32_t> lines_;         // of each coupling
  std::int64_t repeated_linear_ = 0;
  Repeat first_repeated_linear_;
  bool ascending_ = true;  // then no pair can repeat
  Index last_low_ = -1, last_high_ = -1;
};

}  // namespace lehr::spin
