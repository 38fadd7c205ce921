// Nesterov's dual averaging of a step size towards a target acceptance probability, as in the No-U-Turn
// sampler:
//
//   H_m = (1 - 1/(m + offset)) H_{m-1} + (target - a_m) / (m + offset)
//   log s_{m+1} = mu - sqrt(m) / gamma H_m,     mu = log(10 start)
//   log mean_{m+1} = m^-decay log s_{m+1} + (1 - m^-decay) log mean_m
//
// Source: Hoffman and Gelman, "The No-U-Turn sampler", 2014, section 3.2, with their defaults. It settles
// faster than acceptance_rate.hpp; the averaged step is the one to keep when adaptation ends.
#pragma once

#include <cstdint>
#include <string>

#include "lehr/schedule/controller.hpp"

namespace lehr::schedule {

class DualAveraging {
 public:
  struct Options {
    double target = 0.8;     // in (0, 1)
    double start = 1;        // first step, above 0
    double gamma = 0.05;     // above 0
    double offset = 10;      // t0, at least 0
    double decay = 0.75;     // kappa, in (1/2, 1]
    std::int64_t adapt = 0;  // observations after which the step is frozen at its average; 0: never
  };
  using Feedback = double;

  DualAveraging() : DualAveraging(Options{}) {}
  // Throws InvalidInput for options out of range.
  explicit DualAveraging(const Options& options);

  // The step to use next: the exploring one while adapting, then the average.
  double value() const;
  double averaged() const;
  bool adapting() const { return options_.adapt == 0 || observed_ < options_.adapt; }
  // Takes an acceptance probability, clamped to [0, 1]; one that is not a number (the move diverged) counts
  // as 0.
  void observe(double acceptance);

  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    visit(name + ".target", options_.target);
    visit(name + ".start", options_.start);
    visit(name + ".adapt", options_.adapt);
    visit(name + ".log_step", log_step_);
    visit(name + ".log_average", log_average_);
    visit(name + ".shortfall", shortfall_);
    visit(name + ".observed", observed_);
  }

 private:
  Options options_;
  double log_step_, log_average_ = 0;
  double shortfall_ = 0;  // H
  std::int64_t observed_ = 0;
};

}  // namespace lehr::schedule
