// Where a run is: what a method's `start` and `advance` receive from `drive`.
#pragma once

#include <cstdint>

#include "lehr/core/random.hpp"

namespace lehr {

struct Moment {
  std::int64_t step = 0;   // 0 for the first step
  std::int64_t steps = 0;  // the budget's number of steps, 0 when no step budget is set
  double progress = 0;     // in [0, 1): step / steps, or the share of the budget that is spent
  Seed seed;
  std::int64_t* evaluations = nullptr;  // the run's counter of spent evaluations

  // The random stream of this step for one purpose (`lane("proposal")`).
  Stream random(std::uint64_t lane = 0) const { return {seed, lane, static_cast<std::uint64_t>(step)}; }

  // Reports evaluations of the user's objective (or whatever unit of cost the method counts) spent in this
  // step.
  void spend(std::int64_t count) const {
    if (evaluations != nullptr) *evaluations += count;
  }
};

}  // namespace lehr
