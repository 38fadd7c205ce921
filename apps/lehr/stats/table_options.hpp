// Where a task's labelled table comes from: a file of the user's, or a synthetic one made to order.
#pragma once

#include <cstdint>
#include <string>

#include "lehr/core/task.hpp"
#include "lehr/stats/rashomon/labelled_table.hpp"
#include "lehr/stats/rashomon/synthetic_tables.hpp"

namespace lehr::command {

struct TableOptions {
  std::string data, target, positive;
  std::int64_t most_levels = 50, most_records = 20'000;
  struct Generated {
    std::string family;
    std::int64_t records = 800, features = 4;
    double noise = 0, margin = 1.5;
    void describe(OptionTable& table);
  } generate;

  void describe(OptionTable& table);

  // The table, or a random part of a larger one; its own notes tell what was assumed. `numeric_target`: the target is a number to regress on.
  stats::LabelledTable load(const TaskContext& context, bool numeric_target = false) const;
  // How a title calls the table.
  std::string name() const;
};

// Records, features and classes at a glance.
Table labelled_table_summary(const stats::LabelledTable& table, const std::string& name);

}  // namespace lehr::command
