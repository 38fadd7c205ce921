// Step-size control of adaptive integration from the estimated local error.
//
// With e_n the error of the n-th tried step over its tolerance (a step is accepted when e_n <= 1) and k the
// order of the error estimate (local error ~ h^k; for an embedded pair of orders p and p-1, k = p):
//
//   h_{n+1} = h_n clamp(safety e_n^{-(P+I+D)/k} e_{n-1}^{(P+2D)/k} e_{n-2}^{-D/k}, lowest, highest)
//
// over accepted steps n, n-1, n-2. P = D = 0, I = 1 is the classical controller; the defaults I = 0.3, P =
// 0.4 are the PI controller of Hairer and Wanner, "Solving Ordinary Differential Equations II", IV.2
// (exponents 0.7/k and 0.4/k); the digital-filter view is Soederlind, "Digital filters in adaptive
// time-stepping", 2003. After a rejection the step is retried by the classical rule, and does not grow again
// until a step has been accepted.
#pragma once

#include <string>

#include "lehr/schedule/controller.hpp"

namespace lehr::schedule {

class StepSizePid {
 public:
  struct Options {
    double start = 1e-3;  // first step, above 0
    double order = 5;     // k, at least 1
    double proportional = 0.4, integral = 0.3, derivative = 0;
    double safety = 0.9;                // in (0, 1]
    double lowest = 0.2, highest = 10;  // bounds of the factor: 0 < lowest < 1 < highest
    double smallest = 0;                // a step below this is a NumericalFailure
  };
  using Feedback = double;

  StepSizePid() : StepSizePid(Options{}) {}
  // Throws InvalidInput for options out of range.
  explicit StepSizePid(const Options& options);

  // The step to try.
  double value() const { return step_; }
  // Takes the error of the tried step over its tolerance, and returns whether the step is accepted. An error
  // that is not finite rejects. Throws NumericalFailure when the step becomes smaller than `smallest` or than
  // any double.
  bool observe(double error);
  bool accepted() const { return !rejected_; }

  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    visit(name + ".step", step_);
    visit(name + ".last_error", last_error_);
    visit(name + ".error_before", error_before_);
    visit(name + ".rejected", rejected_);
  }

 private:
  double accepted_factor(double error) const;
  double rejected_factor(double error) const;

  Options options_;
  double step_;
  double last_error_ = 1, error_before_ = 1;  // of the last two accepted steps
  bool rejected_ = false;                     // the last tried step
};

}  // namespace lehr::schedule
