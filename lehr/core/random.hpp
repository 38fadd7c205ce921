// Addressed random streams: a number depends on (seed, lane, step, index) alone, never on what was drawn
// elsewhere.
//
// Each Stream is the counter-based generator Philox4x64-10 (Salmon, Moraes, Dror and Shaw, "Parallel random
// numbers: as easy as 1, 2, 3", 2011) keyed by (seed, lane) with counter (block, step): results are equal on
// every machine, at any thread count and after any resume. Distributions come from Boost.Random, which is
// portable; <random>'s are not.
#pragma once

#include <Random123/philox.h>

#include <array>
#include <boost/random/exponential_distribution.hpp>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <cstdint>
#include <limits>
#include <string_view>

namespace lehr {

struct Seed {
  std::uint64_t value = 1;
  friend bool operator==(Seed, Seed) = default;
};

// A lane's number from its name (FNV-1a), so that each purpose inside a method has its own stream.
constexpr std::uint64_t lane(std::string_view name) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

// A uniform random bit generator of 64-bit words; cheap to make and to copy.
class Stream {
 public:
  using result_type = std::uint64_t;
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

  Stream(Seed seed, std::uint64_t lane, std::uint64_t step = 0) : key_{{seed.value, lane}}, step_(step) {}

  result_type operator()() {
    if (next_ == 4) refill();
    return block_[next_++];
  }

  // The stream that starts at word 4 * block of this one: random access for parallel loops.
  Stream at_block(std::uint64_t block) const {
    Stream other = *this;
    other.counter_ = block;
    other.next_ = 4;
    return other;
  }

 private:
  void refill() {
    const auto words = r123::Philox4x64()({{counter_++, step_, 0, 0}}, key_);
    for (std::size_t i = 0; i < 4; ++i) block_[i] = words[i];
    next_ = 0;
  }

  r123::Philox4x64::key_type key_;
  std::uint64_t step_ = 0, counter_ = 0;
  std::array<std::uint64_t, 4> block_{};
  unsigned next_ = 4;
};

// Uniform in [0, 1), 53 random bits.
inline double uniform(Stream& stream) { return static_cast<double>(stream() >> 11) * 0x1.0p-53; }

// Uniform integer in [0, n); n >= 1.
inline std::int64_t uniform_index(Stream& stream, std::int64_t n) {
  return boost::random::uniform_int_distribution<std::int64_t>(0, n - 1)(stream);
}

// Standard normal.
inline double normal(Stream& stream) { return boost::random::normal_distribution<double>()(stream); }

// Exponential with mean 1.
inline double exponential(Stream& stream) {
  return boost::random::exponential_distribution<double>()(stream);
}

}  // namespace lehr
