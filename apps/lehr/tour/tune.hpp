// `lehr tour tune` (tour.tune): the settings of heatmap-guided tree search that do best on problems like one's own, and what each of
// the six settings contributes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lehr/core/task.hpp"

namespace lehr::command {

struct TourTuneOptions {
  std::vector<std::string> files;
  std::string heatmap = "gt", prior;
  std::int64_t trials = 50;
  std::optional<std::int64_t> simulations;
  std::optional<double> seconds_per_city;

  void describe(OptionTable& table);
  // Of one run on a problem of `cities` cities.
  Budget each(std::int64_t cities) const;
};

Task tour_tune_task();

}  // namespace lehr::command
