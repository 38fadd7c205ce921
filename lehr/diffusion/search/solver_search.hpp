// S3, the predictor-based search of solver schedules (Liu et al., "A unified sampling framework for solver searching of diffusion
// probabilistic models", 2024).
//
//   stage 0   published solvers: predictions x orders x corrector x grids (quadratic, uniform in t, uniform in lambda)
//   then      children of the best schedules by mutation and crossover of per-step decisions; a predictor of the rank, trained on all that
//             was evaluated, chooses which of them are evaluated truly
//
// The predictor is kernel ridge regression on the normal scores of the ranks, with the steps' lambda, order, prediction, points, scaling and
// corrector as features. Without it children are evaluated as they come. Every schedule has the same number of evaluations.
// Decisions change with probability 0.15 (the paper's 0.3 finds less at a few hundred evaluations).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/diffusion/solver_schedule.hpp"

namespace lehr::diffusion {

struct SolverSearchOptions {
  std::int64_t evaluations = 236, parents = 15, batch = 5, children = 200;
  bool predictor = true;
  double crossover_rate = 0.3, mutation_rate = 0.15, time_deviation = 0.08, least_gap = 0.02;

  void describe(OptionTable& table);
};

class SolverSearch {
 public:
  using Evaluate = std::function<double(const SolverSchedule&)>;  // lower is better; infinity: failed

  struct State {
    std::vector<double> codes;  // of every schedule evaluated, `code_size()` numbers each
    std::vector<double> values;
    std::int64_t generation = 0;
    double kendall = 0;  // of the predicted and the true order of the last batch; nan before there is one
    std::int64_t presets = 0;  // how many of the first are published solvers
  };

  SolverSearch(const SolverSearchOptions& options, const Process& process, std::int64_t steps,
               Evaluate evaluate);

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const {
    return static_cast<std::int64_t>(state.values.size()) >= options_.evaluations;
  }
  void measure(const State& state, Row& row) const;
  std::int64_t generations() const { return options_.evaluations; }

  SolverSchedule member(const State& state, std::size_t index) const;
  std::vector<std::size_t> ranking(const State& state) const;
  // Of the published solvers alone.
  std::size_t best_preset(const State& state) const;
  // Names of the published solvers, in the order in which they were evaluated.
  std::vector<std::string> preset_labels() const;

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    visit("codes", state.codes);
    visit("values", state.values);
    visit("generation", state.generation);
    visit("kendall", state.kendall);
    visit("presets", state.presets);
  }

 private:
  struct Preset {
    std::string label;
    SolverSchedule schedule;
  };
  std::vector<Preset> presets() const;
  std::vector<double> encode(const SolverSchedule& schedule) const;
  SolverSchedule decode(const double* code) const;
  std::size_t code_size() const { return static_cast<std::size_t>(6 * steps_ + 1); }
  SolverSchedule child(const std::vector<SolverSchedule>& parents, Stream& random) const;
  SolverSchedule mutated(SolverSchedule schedule, Stream& random) const;
  void repair(SolverSchedule& schedule) const;
  Eigen::VectorXd features(const SolverSchedule& schedule) const;
  void evaluate(State& state, const std::vector<SolverSchedule>& schedules, const Moment& now) const;

  SolverSearchOptions options_;
  const Process& process_;
  std::int64_t steps_;
  Evaluate evaluate_;
};

}  // namespace lehr::diffusion
