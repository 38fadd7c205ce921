// All states of a few spins, and random ones, for tests that compare with brute force.
#pragma once

#include "lehr/core/random.hpp"
#include "lehr/spin/ising_model.hpp"

namespace lehr::spin::test {

// Bit i of `number` is 1 where spin i is +1.
inline Spins state(std::uint64_t number, Index n) {
  Spins spins(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < spins.size(); ++i) spins[i] = (number >> i & 1) != 0 ? 1 : -1;
  return spins;
}

inline double bit(const Spins& spins, std::size_t i) { return spins[i] > 0 ? 1 : 0; }

template <class Use>
void for_all_states(Index n, Use use) {
  for (std::uint64_t number = 0; number < std::uint64_t{1} << n; ++number) use(state(number, n));
}

inline Spins random_state(Index n, std::uint64_t seed) {
  Stream random(Seed{seed}, lane("test state"));
  Spins spins(static_cast<std::size_t>(n));
  for (std::int8_t& spin : spins) spin = (random() & 1) != 0 ? 1 : -1;
  return spins;
}

}  // namespace lehr::spin::test
