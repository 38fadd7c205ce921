// Small models and their exact properties by enumeration, for tests of the spin room's methods.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/spin/flip_model.hpp"
#include "lehr/spin/ising_model.hpp"
#include "lehr/stats/goodness_of_fit.hpp"
#include "tests/core/reproducible.hpp"

namespace lehr::spin::test {

// Every pair coupled, J ~ N(0, 1 / n), h ~ N(0, field^2).
inline IsingModel random_dense_model(Index n, std::uint64_t seed, double field = 0) {
  Stream random(Seed{seed}, lane("model"));
  std::vector<double> fields(static_cast<std::size_t>(n));
  for (double& h : fields) h = field * normal(random);
  std::vector<Coupling> couplings;
  for (Index i = 0; i < n; ++i)
    for (Index j = i + 1; j < n; ++j) couplings.push_back({i, j, normal(random) / std::sqrt(double(n))});
  return {std::move(fields), couplings, 0.25};
}

// rows x columns torus of couplings J.
inline IsingModel torus(Index rows, Index columns, double J) {
  std::vector<Coupling> couplings;
  for (Index y = 0; y < rows; ++y)
    for (Index x = 0; x < columns; ++x) {
      couplings.push_back({y * columns + x, y * columns + (x + 1) % columns, J});
      couplings.push_back({y * columns + x, (y + 1) % rows * columns + x, J});
    }
  return {std::vector<double>(static_cast<std::size_t>(rows * columns), 0.0), couplings};
}

inline Spins spins_of(std::size_t state, Index n) {
  Spins spins(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; ++i) spins[static_cast<std::size_t>(i)] = (state >> i) & 1 ? 1 : -1;
  return spins;
}
inline std::size_t state_of(const Spins& spins) {
  std::size_t state = 0;
  for (std::size_t i = 0; i < spins.size(); ++i) state |= std::size_t{spins[i] > 0} << i;
  return state;
}

// The energies of all 2^n states, by state number.
template <class Model>
std::vector<double> all_energies(const Model& model) {
  std::vector<double> energies(std::size_t{1} << model.size());
  for (std::size_t state = 0; state < energies.size(); ++state)
    energies[state] = model.energy(spins_of(state, model.size()));
  return energies;
}

inline double exact_log_z(const std::vector<double>& energies, double beta) {
  double sum = 0;
  for (const double energy : energies) sum += std::exp(-beta * energy);
  return std::log(sum);
}
inline double exact_energy(const std::vector<double>& energies, double beta) {
  double sum = 0, weighted = 0;
  for (const double energy : energies) {
    sum += std::exp(-beta * energy);
    weighted += energy * std::exp(-beta * energy);
  }
  return weighted / sum;
}

// Chi-square test of independent samples' counts by state against Boltzmann's law; states of fewer than eight
// expected samples are one cell.
inline double boltzmann_p(const std::vector<double>& energies, double beta,
                          const std::vector<double>& counts) {
  double samples = 0;
  for (const double count : counts) samples += count;
  const double log_z = exact_log_z(energies, beta);
  std::vector<double> observed{0}, expected{0};
  for (std::size_t state = 0; state < energies.size(); ++state) {
    const double mean = samples * std::exp(-beta * energies[state] - log_z);
    if (mean < 8) {
      observed[0] += counts[state], expected[0] += mean;
    } else {
      observed.push_back(counts[state]), expected.push_back(mean);
    }
  }
  if (expected[0] == 0) observed.erase(observed.begin()), expected.erase(expected.begin());
  return stats::chi_square_test(observed, expected).p;
}

using lehr::test::expect_equal;
using lehr::test::expect_reproducible;
using lehr::test::tensors;

}  // namespace lehr::spin::test
