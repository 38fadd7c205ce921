#include "lehr/schedule/step_size_pid.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::schedule {
namespace {

constexpr double smallest_error = 1e-10;  // an error of 0 must not make the next factors infinite or zero

}  // namespace

StepSizePid::StepSizePid(const Options& options) : options_(options), step_(options.start) {
  const Options& o = options_;
  if (!(o.start > 0 && std::isfinite(o.start)))
    throw InvalidInput("step_size_pid: start must be above 0, found {}", o.start);
  if (!(o.order >= 1)) throw InvalidInput("step_size_pid: order must be at least 1, found {}", o.order);
  if (!(o.safety > 0 && o.safety <= 1))
    throw InvalidInput("step_size_pid: safety must be in (0, 1], found {}", o.safety);
  if (!(o.lowest > 0 && o.lowest < 1 && o.highest > 1))
    throw InvalidInput("step_size_pid: needs 0 < lowest < 1 < highest, found {} and {}", o.lowest, o.highest);
  if (!(o.proportional + o.integral + o.derivative > 0))
    throw InvalidInput("step_size_pid: the gains must sum to more than 0");
}

bool StepSizePid::observe(double error) {
  const bool accept = error <= 1;
  step_ *= accept ? accepted_factor(error) : rejected_factor(error);
  if (accept) {
    error_before_ = last_error_;
    last_error_ = std::max(error, smallest_error);
  }
  rejected_ = !accept;
  if (!(step_ > options_.smallest))
    throw NumericalFailure("step_size_pid: the step fell to {}, its least is {}", step_, options_.smallest);
  return accept;
}

double StepSizePid::accepted_factor(double error) const {
  const Options& o = options_;
  const double factor =
      o.safety *
      std::pow(std::max(error, smallest_error), -(o.proportional + o.integral + o.derivative) / o.order) *
      std::pow(last_error_, (o.proportional + 2 * o.derivative) / o.order) *
      std::pow(error_before_, -o.derivative / o.order);
  return std::clamp(factor, o.lowest, rejected_ ? 1.0 : o.highest);
}

double StepSizePid::rejected_factor(double error) const {
  if (!std::isfinite(error)) return options_.lowest;
  return std::clamp(options_.safety * std::pow(error, -1 / options_.order), options_.lowest, 1.0);
}

}  // namespace lehr::schedule
