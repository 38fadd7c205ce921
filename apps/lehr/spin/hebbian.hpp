// `lehr spin hebbian` (spin.hebbian): dense Hebbian learning from examples, as a classifier of the user's data or on
// generated archetypes.
#pragma once

#include <optional>

#include "lehr/core/task.hpp"
#include "lehr/spin/memory/dense_hebbian_supervised.hpp"
#include "lehr/spin/memory/plefka.hpp"
#include "lehr/spin/memory/recall.hpp"

namespace lehr::command {

struct HebbianOptions {
  std::string examples, labels = "last", queries, query_labels, binarise = "median", protocol = "supervised",
                        engine = "mc";
  double threshold = 0, min_deviation = 0, quality = 0.2, tensor_noise = 0;
  std::optional<double> load;
  Schedule per_class = 50.0;
  std::int64_t points = 1, held_out = 100, order = 4, size = 100, classes = 0, reads = 8, sweeps = 30;
  bool self_terms = false, unit = false, noise_test = false, explicit_noise = false;
  spin::RecallOptions recall;
  Schedule damping = 0.5;

  void describe(OptionTable& table);
};

// What the network made of its cues, a column each.
struct HebbianRun {
  Eigen::MatrixXd signs;  // N x reads
  double energy = 0;      // per spin, mean over reads
  double steps = 0;       // sweeps, or Plefka steps, mean over reads
};
HebbianRun run_engine(const HebbianOptions& options, const spin::DenseHebbianSupervised& network,
                      const Eigen::MatrixXd& cues, TaskContext& context);

// Classification of the user's data; recall of generated archetypes.
Report classify_queries(const HebbianOptions& options, TaskContext& context);
Report recall_archetypes(const HebbianOptions& options, TaskContext& context);

Task spin_hebbian_task();

}  // namespace lehr::command
