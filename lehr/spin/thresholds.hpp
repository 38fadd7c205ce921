// Exact acceptance for integer energy steps by byte arithmetic.
//
// A spin whose flip changes the energy by 2 d (d = -s_i f_i, an integer in [-reach, reach]) is flipped when a
// random 32-bit number is below T(d) = round(2^32 P(d)), with P(d) = min(1, e^(-2 beta d)) for Metropolis and
// 1 / (1 + e^(2 beta d)) for heat bath. The comparison goes byte by byte, the most significant first: a lane
// is decided by its first byte unless that equals T's (once in 256), then by the next. So a proposal costs
// one random byte, and the accepted fraction agrees with P(d) to 2^-32.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "lehr/core/aligned.hpp"
#include "lehr/spin/flip_model.hpp"

namespace lehr::spin {

struct Thresholds {
  static constexpr int page_size = 16;  // entries that one byte shuffle looks up

  // Entry d + shift of digit k is byte k of T(d), the most significant first, minus 128 (compared as signed
  // bytes). Metropolis: shift = 0, entry 0 is not used. Entries beyond the last page are 0: those steps are
  // never accepted.
  std::array<AlignedVector<std::int8_t>, 4> digits;
  std::array<std::uint32_t, 256> whole{};  // T(d) at d + shift
  std::vector<std::uint32_t> wide;         // T(d) for d = 1, 2, ... until it is 0 (heat bath: until 2^-32)
  int pages = 1;
  int shift = 0;
  int entries = 1;  // before the table was cut
  bool heat_bath = false;

  // True when every step can be looked up in one page without a check.
  bool one_page() const { return !heat_bath && entries <= page_size; }

  // The table at inverse temperature beta >= 0 (infinity allowed) for |d| <= reach <= 127, and, with wide_reach, that of
  // single spins with |d| <= wide_reach.
  void set(double beta, int reach, Rule rule, int wide_reach = 0);
  // T(d) for any d, from `wide`.
  std::uint64_t of(int d) const {
    if (d <= 0 && !heat_bath) return std::uint64_t{1} << 32;
    const auto at = static_cast<std::size_t>(d < 0 ? -d : d);
    const std::uint64_t rise = at < wide.size() ? wide[at] : 0;
    return d < 0 ? (std::uint64_t{1} << 32) - rise : rise;
  }
};

// The same for 64 lanes that have a temperature each, of models in which few different steps occur: a step's row holds a
// threshold for every lane.
struct LadderThresholds {
  static constexpr std::size_t max_steps = 24;

  std::vector<std::int8_t> steps;                    // the d that may be refused, ascending; at least one
  std::array<AlignedVector<std::int8_t>, 4> digits;  // digit k of T(steps[e]) of lane l at [64 e + l]
  std::int8_t always = 1;                            // smaller steps are accepted (heat bath: none)

  // For steps d = -reach, -reach + stride, ..., reach; their number above 0, or all for the heat bath, is at most
  // max_steps.
  LadderThresholds(int reach, int stride, Rule rule);
  // The thresholds of one temperature, and their place in a lane.
  std::vector<std::uint32_t> column(double beta, Rule rule) const;
  void set(std::size_t lane, std::span<const std::uint32_t> column);
};

// The same for a spin of a slice, whose flip also turns its two bonds along the ring of slices: it changes the action
// by problem d + bond b, b = -1 (both opposed), 0 or 1 (both aligned), and is accepted like Metropolis's.
struct RingThresholds {
  static constexpr int max_reach = 15;

  // Digit k of T at d + shift, for each b + 1; at most two pages.
  std::array<std::array<std::array<std::int8_t, 32>, 3>, 4> digits alignas(64) = {};
  std::array<std::int8_t, 3> always = {};  // entries below are always accepted
  int pages = 1;
  int shift = 0;

  // For |d| <= reach <= max_reach.
  void set(double problem, double bond, int reach);
};

// T = round(2^32 p), at most 2^32 - 1.
std::uint32_t threshold_of(double probability);

}  // namespace lehr::spin
