// Keeps the acceptance rate of a sampler at a target by Robbins-Monro steps on the logarithm of its scale:
//
//   log s_{n+1} = log s_n + gain (n + 1)^-decay (a_n - target)
//
// with a_n the acceptance probability (or 0 / 1) of the n-th move. decay in (1/2, 1] makes the adaptation
// vanish, as ergodicity needs; decay = 0 follows a target distribution that changes, as in annealing. Source:
// Andrieu and Thoms, "A tutorial on adaptive MCMC", 2008, section 4.2. Good targets: 0.234 (random walk),
// 0.574 (MALA), 0.44 (one variable).
#pragma once

#include <cstdint>
#include <string>

#include "lehr/schedule/controller.hpp"

namespace lehr::schedule {

class AcceptanceRate {
 public:
  struct Options {
    double target = 0.234;  // in (0, 1)
    double start = 1;       // first scale, above 0
    double gain = 1;        // above 0
    double decay = 0.6;     // in [0, 1]
  };
  using Feedback = double;

  AcceptanceRate() : AcceptanceRate(Options{}) {}
  // Throws InvalidInput for options out of range.
  explicit AcceptanceRate(const Options& options);

  double value() const;
  // Takes an acceptance probability, clamped to [0, 1]; one that is not a number (the move diverged) counts
  // as 0.
  void observe(double acceptance);

  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    visit(name + ".log_scale", log_scale_);
    visit(name + ".observed", observed_);
  }

 private:
  Options options_;
  double log_scale_;
  std::int64_t observed_ = 0;
};

}  // namespace lehr::schedule
