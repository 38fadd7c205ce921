// Countdown arithmetic: from a few numbers, combined two at a time by + - x /, reach a target. Every number is used at most once, and
// differences and quotients must be positive integers.
//
// A step takes two numbers and puts back one, drawn uniformly from the legal ones (a - b with a > b, a / b without remainder, no
// multiplication or division by 1). A sequence ends where a number is the target or one number is left. Its score is closeness,
//   r = e^(-|best - target| / scale),   best the number nearest to the target
// informative early, unlike that of random_tree.hpp. The exact answer is by enumeration of the multisets that can be reached, each once.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "lehr/core/random.hpp"

namespace lehr::sample {

// Proposal and score of entropic_particle_filter.hpp.
class Countdown {
 public:
  static constexpr std::size_t most_numbers = 6;
  struct Step {
    std::int32_t a = 0, b = 0, result = 0, operation = 0;  // operation: one of + - * /
  };
  struct Particle {
    std::array<std::int32_t, most_numbers> numbers{};  // those there are, in no order
    std::int32_t count = 0, steps = 0;
    std::array<Step, most_numbers - 1> path{};
  };

  // 1 to 6 numbers in [1, 1000], a target in [1, 1e6], scale above 0. Otherwise InvalidInput.
  Countdown(std::vector<std::int32_t> numbers, std::int32_t target, double scale = 10);
  // A puzzle of `count` numbers in the manner of the game, one or two of them out of 25, 50, 75 and 100, the others from 1 to 10, that
  // can be solved, with a target from 101 to 999.
  static Countdown random(std::int64_t count, double scale, Stream& random);

  const std::vector<std::int32_t>& numbers() const { return numbers_; }
  std::int32_t target() const { return target_; }

  Particle start() const;
  void extend(Particle& particle, Stream& random) const;
  bool finished(const Particle& particle) const { return particle.count < 2 || distance(particle) == 0; }
  double score(const Particle& particle) const;
  // |best - target|
  std::int32_t distance(const Particle& particle) const;
  // "75 - 3 = 72, 72 * 5 = 360"
  std::string text(const Particle& particle) const;
  std::string key(const Particle& particle) const { return text(particle); }

  // The smallest distance that any sequence reaches.
  std::int32_t least_distance() const;

 private:
  std::vector<std::int32_t> numbers_;
  std::int32_t target_;
  double scale_;
};

}  // namespace lehr::sample
