// A memory whose interaction tensor is measured with noise: to H of any flip model comes
//
//   -N^(1-P) tau sum_{i1 < ... < iP} g_{i1..iP} s_{i1} ... s_{iP},   g standard normal, independent
//
// drawn explicitly, so for small N only (C(N, P) terms). Signal entries have size 1, so tau >> 1 is detection far below
// the noise; in the limit it equals tau^2 more random patterns (supervised_replica_symmetric.hpp). Source: E. Agliari
// et al., "Dense Hebbian neural networks: a replica symmetric picture of supervised learning", 2023.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/spin/flip_model.hpp"
#include "lehr/spin/polynomial_model.hpp"

namespace lehr::spin {

// The noise alone. `size` in [order, 40], order in [2, 6], noise >= 0; otherwise InvalidInput.
PolynomialModel tensor_noise(Index size, int order, double noise, Stream stream);

// `Memory` and its noise as one flip model; both must have the same size.
template <class Memory>
requires FlipModel<Memory>
class WithTensorNoise {
 public:
  WithTensorNoise(const Memory& memory, PolynomialModel noise) : memory_(&memory), noise_(std::move(noise)) {}

  Index size() const { return memory_->size(); }

  struct Configuration {
    Spins spins;
    typename Memory::Configuration memory;
    PolynomialModel::Configuration noise;

    template <class Visitor>
    void fields(Visitor& visit, const std::string& prefix) {
      visit(prefix + "spins", spins);
      memory.fields(visit, prefix + "memory.");
      visit(prefix + "noise.spins", noise.spins);
      visit(prefix + "noise.down", noise.down);
    }
  };
  Configuration configuration(std::span<const std::int8_t> spins) const {
    return {Spins(spins.begin(), spins.end()), memory_->configuration(spins), noise_.configuration(spins)};
  }
  double flip_cost(const Configuration& c, Index site) const {
    return memory_->flip_cost(c.memory, site) + noise_.flip_cost(c.noise, site);
  }
  void flip(Configuration& c, Index site) const {
    memory_->flip(c.memory, site);
    noise_.flip(c.noise, site);
    c.spins[static_cast<std::size_t>(site)] =
        static_cast<std::int8_t>(-c.spins[static_cast<std::size_t>(site)]);
  }
  double energy(const Configuration& c) const { return memory_->energy(c.memory) + noise_.energy(c.spins); }
  std::vector<double> overlaps(const Configuration& c) const { return memory_->overlaps(c.memory); }
  void refresh(Configuration& c) const { memory_->refresh(c.memory); }

 private:
  const Memory* memory_;
  PolynomialModel noise_;
};

}  // namespace lehr::spin
