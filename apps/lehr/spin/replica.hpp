// `lehr spin replica` (spin.replica): replica theory of dense networks and spin glasses.
#pragma once

#include "lehr/core/task.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/spin/memory/one_step_rsb.hpp"

namespace lehr::command {

struct ReplicaOptions {
  std::string model = "dense", level = "rs", branch = "both", parametrisation = "alpha";
  std::int64_t order = 4, points = 1;
  Schedule load = 0.01, temperature = 0.05;
  double strength = 1, field = 0;
  bool capacity = false, transitions = false, diagram = false, checks = false;

  void describe(OptionTable& table);
  // The model at a load, and the temperature of the solvers at one in the options' units.
  spin::ReplicaModel model_at(double load_value) const;
  double solver_temperature(double value) const;
};

Task spin_replica_task();

// The phase diagram of the dense network in (load, T): where retrieval ends, where it becomes the ground state, and
// the glass transitions.
Figure replica_diagram(const ReplicaOptions& options);

}  // namespace lehr::command
