// Many standard normal numbers at once, in SIMD lanes, equal to the bit on every machine.
//
// Words are those of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014): word j is a mix of
// state + j gamma, so that lanes need no state of their own. Normals come by the ziggurat of 256 layers (Marsaglia and Tsang, "The
// ziggurat method for generating random variables", 2000) with 52-bit positions within a layer (Doornik's objection to fewer): layer,
// sign and position are separate bits of a word. What falls outside a layer's rectangle, 1.2 % of the numbers, is settled one by one.
#pragma once

#include <cstdint>

#include "lehr/core/random.hpp"

namespace lehr {

// to[0, n) = deviation times standard normals that depend on the next two words of `stream` alone.
void fill_normals(Stream& stream, double deviation, double* to, std::int64_t n);

}  // namespace lehr
