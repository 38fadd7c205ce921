// How many denoising steps each generation step of an autoregressive diffusion model takes, N_0 .. N_{n-1}, and how many tokens it draws.
//
// DiSA (Zhao et al., "DiSA: diffusion step annealing in autoregressive image generation", 2025) lets N_i fall, since later tokens are
// almost decided by the earlier ones. Its families, with whole numbers by truncation as in its code (50 -> 5 over 16 tokens is 440 in sum):
//
//   linear(from, to)     floor((n-1-i) / (n-1) (from - to)) + to
//   cosine(from, to)     floor((1 + cos(pi i / (n-1))) / 2 (from - to)) + to
//   two_stage(from, to)  from while i < (n-1) / 2, else to
//   constant(from, to)   to: what the paper calls constant is the lower count; constant(28) is 28
//   flowar(from, to)     floor((from - to) (n-i) / n) + to
//   reversed(family)     the same counts from the last to the first
//   any other schedule   its value at progress i / (n-1), rounded
//
// With from < to the counts rise, truncated towards `to` in the same way as they fall.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/core/random.hpp"

namespace lehr::diffusion {

constexpr std::int64_t most_denoising_steps = 1000;

// n >= 1 counts in [1, 1000]. Throws InvalidInput that names the step whose count is out of range, or, where `decreasing`, the
// step at which the counts rise.
std::vector<std::int64_t> step_counts(std::string_view text, std::int64_t n, bool decreasing = false,
                                      const std::filesystem::path& base = {});
// `steps(values=[...])`: counts as a schedule that step_counts reads back.
std::string step_counts_text(const std::vector<std::int64_t>& counts);

// sum_i N_i (tokens drawn at i): network calls a sequence.
std::int64_t total_calls(const std::vector<std::int64_t>& counts, const std::vector<std::int64_t>& drawn);

// Tokens drawn in each of n generation steps of a masked model (MAR; Li et al., 2024): after step i there are still
// floor(L cos(pi (i+1) / 2n)) masked, at least one until the end and at least one fewer than before. Throws InvalidInput unless
// 1 <= n <= L.
std::vector<std::int64_t> masked_draws(std::int64_t tokens, std::int64_t n);

// The order in which positions are drawn: raster, reversed, random (by the seed), or a list "3, 0, 1, 2" that has each position
// once. Throws InvalidInput that names a position that is missing, given twice or out of range.
std::vector<std::int64_t> token_order(std::string_view text, std::int64_t tokens, Seed seed);

}  // namespace lehr::diffusion
