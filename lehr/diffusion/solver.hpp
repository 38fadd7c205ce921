// Every solver of the room by its name, and sampling under `drive`.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/row.hpp"
#include "lehr/diffusion/plan.hpp"
#include "lehr/diffusion/single_step.hpp"
#include "lehr/diffusion/solver_schedule.hpp"
#include "lehr/diffusion/steered.hpp"
#include "lehr/diffusion/time_grid.hpp"

namespace lehr::diffusion {

struct SolverOptions {
  std::string solver = "deis_tab";
  std::int64_t nfe = 10;                   // network evaluations
  std::optional<std::int64_t> order = {};  // of multistep solvers; default: the paper's rule
  std::string tableau = "heun2";           // of deis_rho_rk
  bool runge_kutta_start = false;
  double eta = 0;                      // of ddim
  Churn churn = {80, 0.05, 1, 1.007};  // of kar2
  AdaptiveSteps adaptive = {};         // of ode45
  LangevinPcOptions corrector = {};    // of langevin_pc
};
// deis_tab, deis_rho_ab, deis_rho_rk (and each tableau by its own name), ipndm, ddim, euler_pf, exponential_score, euler_maruyama,
// ancestral, reverse_diffusion, kar1, kar2, and the presets of solver_schedule.hpp.
std::vector<std::string> solver_names();
// The same and those of steered.hpp, which have no plan.
std::vector<std::string> sampler_names();
// Steps of the grid that this many evaluations allow, at least 1. Throws InvalidInput for an unknown solver.
std::int64_t grid_steps(const SolverOptions& options);
// The plan on times.size() - 1 steps.
Plan solver_plan(const SolverOptions& options, const Process& process, const std::vector<double>& times);

// What takes starts (d x n) to ends; random numbers belong to (seed, first_column + i).
using Walk = std::function<SteeredCounts(const Eigen::Ref<const Eigen::MatrixXd>& starts, Seed seed,
                                         std::int64_t first_column, Eigen::Ref<Eigen::MatrixXd> ends)>;

// Draws `count` points, a chunk of them a step: each chunk goes from the prior (or from given starts) to t0, by a plan or another walk.
class SampleChunks {
 public:
  static constexpr Eigen::Index chunk = 4096;

  struct State {
    Eigen::MatrixXd points;  // d x count; columns up to `done` are finished
    std::int64_t done = 0;
    Eigen::MatrixXd
        sums;  // trace: of the squares of state, noise, local error, a column per row of the trace
    // Of the walk: calls, the least and the most of a point, steps, rejected steps.
    std::int64_t calls = 0, least = 0, most = 0, walked = 0, rejected = 0;
  };

  // `starts` empty: points of the prior. The references must outlive this.
  SampleChunks(Plan plan, const ScoreModel& model, const Process& process, Eigen::Index count,
               Eigen::MatrixXd starts = {});
  SampleChunks(Walk walk, const ScoreModel& model, const Process& process, Eigen::Index count,
               Eigen::MatrixXd starts = {});

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.done == state.points.cols(); }
  void measure(const State& state, Row& row) const { row.add("points", static_cast<double>(state.done)); }
  std::int64_t steps() const { return (count_ + chunk - 1) / chunk; }
  const Plan& plan() const { return plan_; }
  std::vector<StepTrace> trace(const State& state) const;  // empty for a walk
  SteeredCounts counts(const State& state) const {
    return {state.calls, state.least, state.most, state.walked, state.rejected};
  }

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    visit("points", state.points);
    visit("done", state.done);
    visit("sums", state.sums);
    visit("calls", state.calls), visit("least", state.least), visit("most", state.most);
    visit("walked", state.walked), visit("rejected", state.rejected);
  }

 private:
  void check_points() const;

  Plan plan_;
  Walk walk_;  // in place of the plan
  const ScoreModel& model_;
  const Process& process_;
  Eigen::Index count_;
  Eigen::MatrixXd starts_;
  std::vector<StepTrace> rows_;  // without the sums
};

}  // namespace lehr::diffusion
