// Where a schedule is evaluated: a position on a stretch of the run. Positions are integer steps where the
// run's length is known, and shares of the run otherwise; so a local progress such as (step - 2160) / (24000
// - 2160) is rounded once.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "lehr/core/errors.hpp"

namespace lehr::schedule {

// A length, counted from where the schedule that holds it begins: a share of that schedule's stretch, or
// whole steps.
struct Length {
  double amount = 0;
  bool in_steps = false;
};

struct Place {
  double position = 0;  // in [begin, end]
  double begin = 0;     // the stretch over which the schedule runs
  double end = 1;
  bool in_steps = false;  // the three above are steps; else shares of the run

  double length() const { return end - begin; }
  double offset() const { return position - begin; }

  // The share of the stretch that has passed, in [0, 1]; 0 on an empty stretch.
  double progress() const { return end > begin ? std::clamp(offset() / length(), 0.0, 1.0) : 0.0; }

  // `amount` in this place's unit. A share of a stretch of steps that misses a whole step only by rounding is
  // that step.
  double extent(Length amount) const {
    if (amount.in_steps) return amount.amount;
    const double exact = amount.amount * length();
    if (!in_steps || exact > 1e15) return exact;
    const auto whole = static_cast<double>(static_cast<std::int64_t>(exact + 0.5));
    return std::abs(exact - whole) <= 4 * std::numeric_limits<double>::epsilon() * whole ? whole : exact;
  }

  // The position that lies `amount` after the beginning. Throws InvalidInput where that is beyond the end;
  // `what` names the length in the message.
  double after(Length amount, const char* what) const {
    const double to = begin + extent(amount);
    if (to > end && amount.in_steps)
      throw InvalidInput("schedule: {} of {} steps does not fit in a stretch of {} steps", what,
                         amount.amount, length());
    return std::min(to, end);
  }

  Place part(double from, double to) const { return {position, from, to, in_steps}; }
};

}  // namespace lehr::schedule
