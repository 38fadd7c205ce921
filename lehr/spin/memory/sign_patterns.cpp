#include "lehr/spin/memory/sign_patterns.hpp"

#include <limits>

#include "lehr/core/errors.hpp"

namespace lehr::spin {

SignPatterns::SignPatterns(Index sites, std::int64_t patterns, std::uint64_t max_bytes)
    : sites_(sites), patterns_(patterns) {
  if (sites < 1 || patterns < 0)
    throw InvalidInput("patterns: expected at least 1 site and 0 patterns, found {} sites and {} patterns",
                       sites, patterns);
  words_ = static_cast<std::size_t>((patterns + 63) / 64);
  if (words_ > max_bytes / 8 / static_cast<std::size_t>(sites))
    throw InvalidInput("patterns: {} patterns of {} sites need more than the {} MiB that are allowed",
                       patterns, sites, max_bytes >> 20);
  bits_.assign(words_ * static_cast<std::size_t>(sites), 0);
}

SignPatterns SignPatterns::random(Index sites, std::int64_t patterns, Stream stream) {
  SignPatterns made(sites, patterns);
  const std::uint64_t last =
      patterns % 64 == 0 ? ~std::uint64_t{0} : (std::uint64_t{1} << (patterns % 64)) - 1;
  for (std::size_t at = 0; at < made.bits_.size(); ++at) {
    made.bits_[at] = stream();
    if (at % made.words_ == made.words_ - 1) made.bits_[at] &= last;
  }
  return made;
}

SignPatterns SignPatterns::from_rows(const TensorView& table, std::string_view name) {
  if (table.shape.size() != 2 || table.shape[0] < 1 || table.shape[1] < 1)
    throw InvalidInput("{}: expected a table of patterns [patterns, sites], found shape {}", name,
                       to_string(table.shape));
  if (table.shape[1] > std::numeric_limits<Index>::max())
    throw InvalidInput("{}: {} sites are too many", name, table.shape[1]);
  SignPatterns made(static_cast<Index>(table.shape[1]), table.shape[0]);
  const std::vector<double> values = table.to_doubles();
  for (std::int64_t mu = 0; mu < made.patterns_; ++mu)
    for (Index i = 0; i < made.sites_; ++i) {
      const double value = values[static_cast<std::size_t>(mu * made.sites_ + i)];
      if (value != 1 && value != -1)
        throw InvalidInput("{}: row {}, column {}: expected +1 or -1, found {}", name, mu + 1, i + 1, value);
      made.set(mu, i, value > 0);
    }
  return made;
}

void SignPatterns::set(std::int64_t pattern, Index site, bool positive) {
  std::uint64_t& word =
      bits_[static_cast<std::size_t>(site) * words_ + static_cast<std::size_t>(pattern / 64)];
  const std::uint64_t bit = std::uint64_t{1} << (pattern % 64);
  word = positive ? word | bit : word & ~bit;
}

Spins SignPatterns::pattern(std::int64_t index) const {
  Spins spins(static_cast<std::size_t>(sites_));
  for (Index i = 0; i < sites_; ++i) spins[static_cast<std::size_t>(i)] = positive(index, i) ? 1 : -1;
  return spins;
}

std::vector<std::int32_t> SignPatterns::disagreements(std::span<const std::int8_t> spins) const {
  std::vector<std::int32_t> counts(static_cast<std::size_t>(patterns_), 0);
  for (Index i = 0; i < sites_; ++i) {
    const std::span<const std::uint64_t> bits = plane(i);
    const std::uint64_t differs = spins[static_cast<std::size_t>(i)] > 0 ? ~std::uint64_t{0} : 0;
    for (std::size_t mu = 0; mu < counts.size(); ++mu)
      counts[mu] += static_cast<std::int32_t>(((bits[mu / 64] ^ differs) >> (mu % 64)) & 1U);
  }
  return counts;
}

}  // namespace lehr::spin
