// The lowest state that each read of a run met, as plain arrays: part of the state of methods that minimise.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/core/row.hpp"
#include "lehr/spin/ising_model.hpp"
#include "lehr/spin/solutions.hpp"

namespace lehr::spin {

struct BestStates {
  std::vector<std::int8_t> spins;  // reads x size, a read after the other
  std::vector<double> energies;    // infinite for a read without a state yet

  BestStates() = default;
  BestStates(std::int64_t reads, Index size)
      : spins(static_cast<std::size_t>(reads) * static_cast<std::size_t>(size), 1),
        energies(static_cast<std::size_t>(reads), std::numeric_limits<double>::infinity()) {}

  std::int64_t reads() const { return static_cast<std::int64_t>(energies.size()); }
  std::span<std::int8_t> of(std::int64_t read) {
    const std::size_t n = spins.size() / energies.size();
    return {spins.data() + static_cast<std::size_t>(read) * n, n};
  }
  std::span<const std::int8_t> of(std::int64_t read) const {
    const std::size_t n = spins.size() / energies.size();
    return {spins.data() + static_cast<std::size_t>(read) * n, n};
  }
  // Keeps the state if it is lower than what the read has.
  void offer(std::int64_t read, std::span<const std::int8_t> state, double energy) {
    double& best = energies[static_cast<std::size_t>(read)];
    if (!(energy < best)) return;
    best = energy;
    std::ranges::copy(state, of(read).begin());
  }
  // energy: the lowest of all reads; energy_mean: the mean of the reads' lowest.
  void measure(Row& row) const {
    const double lowest = *std::ranges::min_element(energies);
    if (lowest == std::numeric_limits<double>::infinity()) return;
    double sum = 0;
    for (const double energy : energies) sum += energy;
    row.add("energy", lowest);
    row.add("energy_mean", sum / static_cast<double>(energies.size()));
  }
  SolutionPool pool() const {
    SolutionPool pool;
    for (std::int64_t read = 0; read < reads(); ++read) {
      const auto state = of(read);
      pool.add(Spins(state.begin(), state.end()), energies[static_cast<std::size_t>(read)]);
    }
    return pool;
  }
  template <class Visitor>
  void fields(Visitor& visitor, const std::string& prefix) {
    visitor(prefix + ".spins", spins);
    visitor(prefix + ".energies", energies);
  }
};

// The stream of one read among many: `step`'s stream from a distance that no read can use up.
inline Stream read_stream(const Stream& step, std::int64_t read) {
  return step.at_block(static_cast<std::uint64_t>(read) << 40);
}

// Independent fair spins, 64 to a random word.
inline void randomise(std::span<std::int8_t> spins, Stream& random) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < spins.size(); ++i) {
    if (i % 64 == 0) word = random();
    spins[i] = (word >> (i % 64)) & 1 ? 1 : -1;
  }
}

}  // namespace lehr::spin
