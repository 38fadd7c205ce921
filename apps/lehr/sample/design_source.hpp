// What the tasks of least squares read: the space of functions, and the model that is run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lehr/core/task.hpp"
#include "lehr/core/worker.hpp"
#include "lehr/sample/adaptive_least_squares.hpp"

namespace lehr::command {

struct SpaceOptions {
  std::string basis, features;
  void describe(OptionTable& table);
};

// The space of the options: a basis's text, or a table of functions (rows are candidates). Throws
// InvalidInput.
sample::FunctionSpace load_space(const SpaceOptions& options, const TaskContext& context);

// The names of a point's coordinates in files: "x_1", ..., or "row" for a table.
std::vector<std::string> coordinate_names(const sample::FunctionSpace& space);

struct ModelRunOptions {
  std::string model;
  WorkerOptions worker;
  void describe(OptionTable& table);
  bool given() const { return !model.empty() || !worker.command.empty(); }
};

// A model to run: a formula of x1, x2, ... (x alone where there is one), a shared object, or a worker.
struct ModelRuns {
  sample::ScalarModel evaluate;    // NaN where a run failed; called by one thread at a time
  bool cheap = false;              // enough for reference integrals: no worker
  std::shared_ptr<Worker> worker;  // null where there is none
  // What the reader must know of failures.
  std::vector<std::string> notes() const;
};
ModelRuns load_model(const ModelRunOptions& options, Eigen::Index dimension, const TaskContext& context);

}  // namespace lehr::command
