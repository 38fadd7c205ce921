// Part of lane_kernels.cpp, compiled once per instruction set: vectors of a row of 64 reads, and their random numbers.
#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <utility>

#include "lehr/spin/lane_kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace lehr::spin::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Bytes = hn::CappedTag<std::int8_t, 64>;
using Unsigned = hn::CappedTag<std::uint8_t, 64>;
using Longs = hn::CappedTag<std::uint64_t, 8>;
using Floats = hn::CappedTag<float, 16>;
using Ints = hn::CappedTag<std::int32_t, 16>;
using ByteVector = hn::Vec<Bytes>;
using ByteMask = hn::Mask<Bytes>;
using FloatVector = hn::Vec<Floats>;
using FloatMask = hn::Mask<Floats>;

// A row of 64 bytes is `parts` vectors, one of 64 floats is `groups`.
constexpr std::size_t byte_lanes = hn::MaxLanes(Bytes()), parts = lanes / byte_lanes;
constexpr std::size_t float_lanes = hn::MaxLanes(Floats()), groups = lanes / float_lanes;
static_assert(groups == 4 * parts);

inline std::uint64_t mixed(std::uint64_t x) {  // the finaliser of SplitMix64
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

// Eight lanes of xoshiro256++: 64 random bytes a call, the same on every instruction set.
class LaneRandom {
 public:
  explicit LaneRandom(const Words& words) {
    HWY_ALIGN std::uint64_t start[4][8];
    for (std::size_t k = 0; k < 4; ++k)
      for (std::size_t lane = 0; lane < 8; ++lane)
        start[k][lane] = mixed(words[k] + (lane + 1) * 0x9e3779b97f4a7c15ULL);
    const Longs d;
#pragma GCC unroll 4
    for (std::size_t v = 0; v < parts; ++v) {
      a_[v] = hn::Load(d, start[0] + v * hn::MaxLanes(d));
      b_[v] = hn::Load(d, start[1] + v * hn::MaxLanes(d));
      c_[v] = hn::Load(d, start[2] + v * hn::MaxLanes(d));
      e_[v] = hn::Load(d, start[3] + v * hn::MaxLanes(d));
    }
  }

  HWY_INLINE hn::Vec<Longs> next(std::size_t v) {
    const auto result = hn::Add(hn::RotateRight<41>(hn::Add(a_[v], e_[v])), a_[v]);
    const auto shifted = hn::ShiftLeft<17>(b_[v]);
    c_[v] = hn::Xor(c_[v], a_[v]);
    e_[v] = hn::Xor(e_[v], b_[v]);
    b_[v] = hn::Xor(b_[v], c_[v]);
    a_[v] = hn::Xor(a_[v], e_[v]);
    c_[v] = hn::Xor(c_[v], shifted);
    e_[v] = hn::RotateRight<19>(e_[v]);
    return result;
  }
  HWY_INLINE ByteVector bytes(std::size_t v) { return hn::BitCast(Bytes(), next(v)); }

 private:
  hn::Vec<Longs> a_[parts], b_[parts], c_[parts], e_[parts];
};

// 64 random words of 32 bits a row: group g (of `groups` vectors) takes the lanes [g, g + 1) * 64 / groups,
// whatever the vector's width.
class LaneWords {
 public:
  explicit LaneWords(const Words& words)
      : random_{LaneRandom(words), LaneRandom({words[1], words[2], words[3], words[0]}),
                LaneRandom({words[2], words[3], words[0], words[1]}),
                LaneRandom({words[3], words[0], words[1], words[2]})} {}
  HWY_INLINE hn::Vec<Longs> next(std::size_t g) { return random_[g / parts].next(g % parts); }

 private:
  LaneRandom random_[4];
};

}  // namespace HWY_NAMESPACE
}  // namespace lehr::spin::kernels
HWY_AFTER_NAMESPACE();
