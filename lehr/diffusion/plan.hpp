// A solver on its grid, written out: every explicit solver of the room, multistep or Runge-Kutta, deterministic or stochastic, is a
// list of nodes that are linear in what came before,
//
//   x_i = sum_j A_ij x_j + sum_j B_ij eps_j + n_i xi_i,   eps_i = eps(x_i, t_i) where node i is evaluated
//
// Node 0 is the start, the last node the answer. Coefficients depend on the grid alone and are computed once. `follow` takes a batch
// through the nodes in blocks of points that stay in the cache from the first node to the last; blocks run in parallel and do not know
// of each other, so results do not depend on threads or on how many points there are.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/diffusion/score_model.hpp"

namespace lehr::diffusion {

struct PlanTerm {
  int node;  // an earlier one
  double factor;
};

struct PlanNode {
  double t = 0;
  std::vector<PlanTerm> states = {}, noises = {};  // A_i and B_i; `noises` name evaluated nodes
  double gaussian = 0;                             // n_i
  bool evaluated = true;
  int step = 0;           // of the grid; node 0 has step 0
  int order = 0;          // used by the step that led here
  bool ends_step = true;  // a row of the trace; else a stage in between
  std::vector<PlanTerm> error =
      {};  // of the noises: the update less that of an order lower (the trace's local error)
  std::vector<int> skipped = {};  // blocks of the network that this evaluation leaves out
};

struct Plan {
  std::vector<PlanNode> nodes;
  // Clean states that the model predicts are clipped to this range, and the noise recomputed from them.
  std::optional<std::pair<double, double>> clip;

  std::int64_t evaluations() const;
};

// Throws InvalidInput for a node that uses later or unevaluated ones, or a number that is not finite.
void check_plan(const Plan& plan);

// What a step did, over all points: root mean squares per coordinate.
struct StepTrace {
  int step = 0, order = 0;
  double t = 0;
  std::int64_t evaluations = 0;  // so far, per point
  double state = 0, noise = 0, error = 0;
};

struct FollowOptions {
  Seed seed = {1};
  std::int64_t first_column = 0;  // the number of the first point: random numbers belong to a point's number
  std::vector<StepTrace>* trace = nullptr;
};

// Starts (d x n) to ends (d x n). Throws NumericalFailure that names step and point where the model's answer is not finite.
Eigen::MatrixXd follow(const Plan& plan, const ScoreModel& model, const Process& process,
                       const Eigen::Ref<const Eigen::MatrixXd>& starts, const FollowOptions& options = {});

// The same from `prior_points(process, d, n, options.seed, options.first_column)` to `ends` (d x n), drawn block by block.
void follow_from_prior(const Plan& plan, const ScoreModel& model, const Process& process,
                       const FollowOptions& options, Eigen::Ref<Eigen::MatrixXd> ends);

// Points of the prior at T: N(0, s(T)^2 I), point i addressed by (seed, i).
Eigen::MatrixXd prior_points(const Process& process, Eigen::Index dimension, Eigen::Index count, Seed seed,
                             std::int64_t first_column = 0);

}  // namespace lehr::diffusion
