// A tree of sequences with a score that is noisy and over-confident early and exact at the end: where particle filters that trust the
// score collapse to few ancestors.
//
//   every node has two fixed N(0, 1) numbers g and e;  Q_t = sum_{s <= t} g_s / sqrt(T)              quality of a prefix
//   l_t = k_t (b Q_t sqrt(T / t) + b sigma_t e_t),  k_t = 1 + (kappa - 1)(1 - t / T),  sigma_t = sigma_0 (1 - t / T)
//
// Steps are uniform over `children` successors. g and e are addressed by instance and node, so that equal prefixes agree wherever they
// are met. kappa = 1 and sigma_0 = 0 make l_t calibrated. Cost of a step: one block of Philox words, two normals.
#pragma once

#include <cstdint>
#include <string>

#include "lehr/core/options.hpp"
#include "lehr/core/random.hpp"

namespace lehr::sample {

struct RandomTreeOptions {
  std::int64_t length = 16;   // T
  std::int64_t children = 4;  // of every node
  double overconfidence = 6;  // kappa
  double noise = 1;           // sigma_0
  double sharpness = 2;       // b

  void describe(OptionTable& table);
};

// Proposal and score of entropic_particle_filter.hpp.
class RandomTree {
 public:
  struct Particle {
    std::uint64_t node = 0;  // 0: the root; children of n: n children + 1 ... n children + children
    std::int64_t steps = 0;
    double sum = 0, noise = 0;  // g_1 + ... + g_t, and e_t
  };

  // Throws InvalidInput for options out of range and trees whose nodes cannot be counted in 64 bits.
  RandomTree(RandomTreeOptions options, std::uint64_t instance);

  Particle start() const { return {}; }
  void extend(Particle& particle, Stream& random) const;
  bool finished(const Particle& particle) const { return particle.steps >= options_.length; }
  double score(const Particle& particle) const;  // l_t: a log-weight (weight = raw), which no clipping blunts
  double quality(const Particle& particle) const;  // Q_t
  std::string key(const Particle& particle) const { return std::to_string(particle.node); }
  const RandomTreeOptions& options() const { return options_; }

 private:
  RandomTreeOptions options_;
  Seed instance_;
};

}  // namespace lehr::sample
