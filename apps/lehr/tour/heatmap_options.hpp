// The heatmap of heatmap_mcts: by prior, by softmax of distances, none, or from a file.
#pragma once

#include <optional>
#include <string>

#include "lehr/core/task.hpp"
#include "lehr/tour/heatmap/heatmap.hpp"
#include "lehr/tour/heatmap/mcts_settings.hpp"

namespace lehr::command {

struct HeatmapOptions {
  std::string heatmap = "gt", prior;
  std::optional<double> tau;
  tour::MctsOptions mcts;

  void describe(OptionTable& table);
  // Reads files; throws InvalidInput for a heatmap of another size.
  tour::Heatmap make(const tour::Instance& instance, const TaskContext& context) const;
};

}  // namespace lehr::command
