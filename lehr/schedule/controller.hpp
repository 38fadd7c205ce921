// A controller: closed loop, proposes the next control value and observes what it did. It is plain data:
// copyable, deterministic, with its state open to checkpoints.
//
//   StepSizePid step({.start = 0.1, .order = 5});
//   while (time < end) {
//     const double error = try_step(step.value());
//     if (step.observe(error)) time += ...;
//   }
//
// The controllers: step_size_pid.hpp, acceptance_rate.hpp, dual_averaging.hpp, ess_tempering.hpp, bandit.hpp.
// control.hpp holds the option type by which a method takes a controller or a schedule.
#pragma once

#include <concepts>
#include <string>

#include "lehr/core/state_io.hpp"

namespace lehr::schedule {

// `Feedback` is what a controller observes: a double, or a span of them. `fields(visitor, name)` visits the
// state under names that start with `name`, as a method's `fields` does.
template <class C>
concept Controller = std::copyable<C> &&
    requires(C controller, const C& constant, typename C::Feedback feedback, StateWriter& writer,
             const std::string& name) {
  { constant.value() } -> std::convertible_to<double>;
  controller.observe(feedback);
  controller.fields(writer, name);
};

}  // namespace lehr::schedule
