// Random Ising models for tests: each pair is coupled with probability `density`.
#pragma once

#include "lehr/core/random.hpp"
#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

template <class Weight>
IsingModel random_model(Index n, double density, std::uint64_t seed, Weight weight) {
  Stream random(Seed{seed}, lane("test.model"));
  std::vector<double> fields;
  for (Index i = 0; i < n; ++i) fields.push_back(weight(random));
  std::vector<Coupling> couplings;
  for (Index i = 0; i < n; ++i)
    for (Index j = i + 1; j < n; ++j)
      if (uniform(random) < density) couplings.push_back({i, j, weight(random)});
  return {std::move(fields), couplings};
}

// Fields and couplings uniform in -most .. most.
inline IsingModel random_integer_model(Index n, double density, std::int64_t most, std::uint64_t seed) {
  return random_model(n, density, seed, [most](Stream& random) {
    return static_cast<double>(uniform_index(random, 2 * most + 1) - most);
  });
}

// Standard normal fields and couplings.
inline IsingModel random_real_model(Index n, double density, std::uint64_t seed) {
  return random_model(n, density, seed, [](Stream& random) { return normal(random); });
}

}  // namespace lehr::spin
