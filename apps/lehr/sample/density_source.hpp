// Where a density to sample comes from: a model file, or the user's own code behind the worker protocol.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lehr/core/options.hpp"
#include "lehr/core/task.hpp"
#include "lehr/core/worker.hpp"
#include "lehr/sample/log_density.hpp"

namespace lehr::command {

struct DensityOptions {
  std::string model;
  WorkerOptions worker;
  std::int64_t dimension = 0;

  void describe(OptionTable& table);
};

// The density on R^d, and what is reported of its points.
struct DensitySource {
  sample::LogDensity density;
  Eigen::VectorXd start;
  std::vector<std::string> names;  // of the reported values
  std::int64_t parameters = 0;     // how many of them are parameters, the others are defined
  std::function<Eigen::VectorXd(const Eigen::VectorXd&)> values;
  std::string title;
  std::string identity;                                // text that changes where the density does
  std::function<std::vector<std::string>()> problems;  // notes on what went wrong in calls
};

// Throws InvalidInput unless exactly one of model and worker is given.
DensitySource density_source(const DensityOptions& options, const TaskContext& context);

}  // namespace lehr::command
