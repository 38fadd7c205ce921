// `lehr tour bound` (tour.bound): a length that no tour through the cities of a file can be below.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/lehr/tour/reference_lengths.hpp"
#include "lehr/core/task.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/tour/problem.hpp"

namespace lehr::command {

struct TourBoundOptions {
  std::string file, metric, reference;
  std::vector<std::int64_t> line;
  std::int64_t iterations = 300, exact_every = 100, neighbours = 7;
  Schedule step = Schedule::parse("geometric(from=0.5, to=0.0005)");

  void describe(OptionTable& table);
};

Task tour_bound_task();

}  // namespace lehr::command
