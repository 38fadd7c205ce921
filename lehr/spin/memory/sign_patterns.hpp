// Patterns of +1 and -1 stored as bit planes: one plane a site, one bit a pattern (set: +1). K patterns of N sites take
// N K / 8 bytes, and "the sign of site i in every pattern" is contiguous.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/core/tensor.hpp"
#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

class SignPatterns {
 public:
  // `sites` >= 1, `patterns` >= 0, all -1; InvalidInput when the planes would exceed `max_bytes`.
  SignPatterns(Index sites, std::int64_t patterns, std::uint64_t max_bytes = std::uint64_t{4} << 30);
  // Independent uniform signs: bit words of the stream, site by site.
  static SignPatterns random(Index sites, std::int64_t patterns, Stream stream);
  // Rows of `table`, shape [patterns, sites], with entries +1 or -1; otherwise InvalidInput that names the row and
  // starts with `name`.
  static SignPatterns from_rows(const TensorView& table, std::string_view name);

  Index sites() const { return sites_; }
  std::int64_t patterns() const { return patterns_; }
  // Bit mu of plane i (word mu / 64, bit mu % 64) is set where pattern mu is +1 at site i; further bits are 0.
  std::span<const std::uint64_t> plane(Index site) const {
    return {bits_.data() + static_cast<std::size_t>(site) * words_, words_};
  }
  bool positive(std::int64_t pattern, Index site) const {
    return (plane(site)[static_cast<std::size_t>(pattern / 64)] >> (pattern % 64)) & 1U;
  }
  void set(std::int64_t pattern, Index site, bool positive);
  Spins pattern(std::int64_t index) const;
  // The number of sites at which each pattern differs from `spins` (size sites()).
  std::vector<std::int32_t> disagreements(std::span<const std::int8_t> spins) const;

 private:
  Index sites_;
  std::int64_t patterns_;
  std::size_t words_;
  std::vector<std::uint64_t> bits_;
};

}  // namespace lehr::spin
