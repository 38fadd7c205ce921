// Resampling: a population with probabilities p_i becomes one of `count` members with equal weights. Member i gets N_i copies,
// E N_i = count p_i in every scheme:
//
//   systematic    N_i = #{k : c_(i-1) <= (k + U) / count < c_i}, one U for all; N_i is floor(count p_i) or one more
//   stratified    the same with a U_k of its own for every k
//   residual      floor(count p_i) copies, the rest multinomial in what is left over
//   multinomial   count independent draws
//
// c_i = p_1 + ... + p_i, the last one exactly 1. Systematic resampling has the least noise; it depends on the order of the
// population, so a list that is sorted by history should be shuffled. Source: Douc, Cappe and Moulines, "Comparison of resampling
// schemes for particle filtering", 2005. Cost: O(N + count).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/core/random.hpp"

namespace lehr::sample {

enum class Resampling { systematic, stratified, residual, multinomial };
// Their names, and the scheme of a name; throws InvalidInput for another one.
const std::vector<std::string>& resampling_schemes();
Resampling resampling_named(std::string_view name);

// Systematic copies of each member for u in [0, 1); they sum to `count`. Weights are at least 0 and finite, not all 0 (they need
// not sum to 1).
std::vector<std::int64_t> systematic_copies(std::span<const double> weights, std::int64_t count, double u);

// Copies of each member by any scheme. The same conditions; `count` >= 1. Throws InvalidInput where they do not hold.
std::vector<std::int64_t> resampled_copies(Resampling scheme, std::span<const double> weights,
                                           std::int64_t count, Stream& random);

// The ancestor of each place of the next population, in ascending order.
std::vector<std::int64_t> ancestors_in_order(std::span<const std::int64_t> copies);

// The same for copies that sum to copies.size(), so that little moves: members with copies keep their place, further copies take
// the places of members without any, both in ascending order.
std::vector<std::int64_t> ancestors_in_place(std::span<const std::int64_t> copies);

// A uniformly random order (Fisher and Yates).
void shuffle(std::span<std::int64_t> values, Stream& random);

}  // namespace lehr::sample
