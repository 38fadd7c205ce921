// Acceptance by thresholds: a proposal that changes the energy by dE is accepted when dE <= tau, with tau
// drawn before dE is known:
//
//   Metropolis  min(1, e^(-beta dE)):     tau = -ln(u) / beta
//   heat bath   1 / (1 + e^(beta dE)):    tau = ln((1 - u) / u) / beta,      u uniform on (0, 1]
//
// So the loop over spins holds one comparison, and the logarithms are taken many at a time with the machine's
// widest vectors (Highway; about ten times faster than one std::exp a proposal). u has 52 random bits: what
// is accepted less often than once in 2^52 is never accepted. The results are the same on every machine: no
// operation used here is rounded differently by another width.
#pragma once

#include <span>
#include <string_view>

#include "lehr/core/random.hpp"

namespace lehr::spin {

enum class Rule { metropolis, heat_bath };
// "metropolis" or "heat_bath"; throws InvalidInput for another word.
Rule rule_named(std::string_view name);

// Fills `thresholds` for proposals at inverse temperature `beta` (0 <= beta <= infinity). At infinity
// Metropolis accepts what does not raise the energy, and the heat bath flips a coin where dE = 0. Depends on
// the position of `random` and thresholds.size() alone. Long blocks are drawn by eight xoshiro256++
// generators (Blackman and Vigna 2019) seeded by 32 words of `random`, short ones by a word of `random` each.
void draw_energy_thresholds(Rule rule, double beta, Stream& random, std::span<double> thresholds);

}  // namespace lehr::spin
