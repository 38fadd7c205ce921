// A sequential generator for loops that draw many numbers at once: xoshiro256++ (Blackman and Vigna, "Scrambled linear
// pseudorandom number generators", 2021), whose state comes from an addressed stream. So it is as addressed as that stream,
// and a number costs a third.
#pragma once

#include <bit>
#include <cstdint>

#include "lehr/core/random.hpp"

namespace lehr {

class QuickStream {
 public:
  using result_type = std::uint64_t;
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~result_type{0}; }

  // Takes four words of `stream`.
  explicit QuickStream(Stream& stream) {
    for (std::uint64_t& word : state_) word = stream();
    state_[0] |= 1;  // the state 0 would stay 0
  }

  result_type operator()() {
    const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0], shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

 private:
  std::uint64_t state_[4];
};

// Uniform in [0, 1), 53 random bits; standard normal.
inline double uniform(QuickStream& stream) { return static_cast<double>(stream() >> 11) * 0x1.0p-53; }
inline double normal(QuickStream& stream) { return boost::random::normal_distribution<double>()(stream); }

}  // namespace lehr
