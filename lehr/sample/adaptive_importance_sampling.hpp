// Adaptive importance sampling of many expectations with one sample, and control variates: estimates
// I_j = E_{f_j} phi_j(X), j = 1 .. J, from one budget of N points so that sum_j w_j Var(estimate_j) is small.
//
//   0. A batch from the start law h_0; beta_j = mean, alpha_j ~ sqrt(w_j) |mean|.
//   1. While at most N1 = split N points are used:
//      a. g_j = cross-entropy fit (normal law or mixture) to all points so far with weights f_j |phi_j| / h, where
//         h = sum_k N_k q_k / sum_k N_k is the density of the pool (deterministic mixture, balance heuristic)
//      b. alpha = the mixture's weights that minimise the summed variance (mixture_weights.hpp)
//      c. a batch from q = sum_j alpha_j g_j
//      d. beta_j = Cov(g_j / q, f_j phi_j / q) / Var(g_j / q) over that batch alone
//      e. stop when a better proposal no longer pays for the calls that the batch cost:
//         sum_j w_j before_j / (N - used + N_k) <= sum_j w_j now_j / (N - used), variances of one draw
//   2. Fresh points from the proposal kept; I_j = 1/n sum (f_j phi_j - beta_j g_j) / q + beta_j (proposal.hpp).
//
// alpha, beta and g_j are fixed before step 2, so the estimates are unbiased, and their joint covariance is
// that of a mean of independent vectors. A component that q does not cover (the batch's mean of g_j / q is
// far from its true value 1) is no control variate: beta_j = 0. Signed phi_j are fitted by |phi_j|, or split
// into their two parts.
//
// Source: J. Demange-Chryst, F. Bachoc and J. Morio, "Efficient estimation of multiple expectations with the
// same sample by adaptive importance sampling and control variates", 2022. Cost: K densities of d^2
// operations a point and batch, and the model's calls.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/sample/expectation_estimate.hpp"
#include "lehr/sample/expectation_problem.hpp"
#include "lehr/sample/integrand_parts.hpp"
#include "lehr/sample/proposal.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::sample {

struct AdaptiveImportanceOptions {
  std::int64_t budget = 20'000;
  bool control_variates = true;
  std::string fit = "sg";
  std::string weights = "rel";
  std::vector<double> weight_values = {};  // for weights = "given": w_j
  double split = 0.5;
  Schedule batch = 0.2;
  std::optional<Schedule> defensive =
      {};  // nothing: 0.1 for mixtures, whose tails may be lighter than the law's, else 0
  Schedule tempering = 1.0;
  Schedule components = 2.0;
  double ridge = 1e-6;
  std::string keep = "better";
  std::string sign = "absolute";
  std::string beta = "batch";

  // The knobs of the adaptation: fit and what follows split. The other fields are the task's.
  void describe(OptionTable& table);
};

// What the last step of the adaptation saw.
struct AdaptationStep {
  double before = 0,
         now = 0;  // sum_j w_j times the variance of one draw, of the proposal before and of this one
  double stop_left = 0, stop_right = 0;  // the sides of the stopping rule
  double gap = 0;                        // of the mixture's weights: 0 is optimal
  double defensive = 0;
};

struct AdaptiveImportanceState {
  Eigen::MatrixXd points, outputs;      // d x n and m x n: every point drawn, in order
  Eigen::MatrixXd log_laws;             // of the pool (the adaptation's points), n x L
  Eigen::VectorXd log_start, log_pool;  // of the pool: ln h_0, ln sum_k N_k q_k
  std::vector<Proposal> proposals;      // the first is the start law
  std::vector<std::int64_t> draws;      // points of the pool from each
  std::int64_t chosen = 0;              // the proposal of the last stage
  bool adapting = true;
  Eigen::VectorXd alpha, beta;  // of the last proposal
  Eigen::VectorXd variance;     // of one draw from it, per part
  Eigen::VectorXd ess;          // effective sample size of the last fit's weights, per part
  AdaptationStep last;
  JointMoments sums;         // of the last stage: (f phi - beta g) / q + beta of the parts, then their g / q
  std::int64_t outside = 0;  // points outside every law's support, about which the model was not asked
};

class AdaptiveImportanceSampling {
 public:
  using State = AdaptiveImportanceState;

  // `problem` must outlive this. Throws InvalidInput for options out of range, weights of another number than
  // the expectations, and a budget of less than 10 max(J, d + 2) points.
  AdaptiveImportanceSampling(const ExpectationProblem& problem, AdaptiveImportanceOptions options = {});

  std::int64_t points() const { return points_; }  // N = budget / calls a point

  State start(const Moment& now) const;
  // One batch: of the start law, of the adaptation, or of the last stage; spends the calls of its points.
  // Throws InvalidInput where an expectation sees no mass in the first batch, or where phi is negative and
  // sign = forbid.
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.points.cols() >= points_; }
  // points, adapting; of the adaptation variance_before, variance_now, stop_left, stop_right, kkt_gap,
  // defensive, ess_min; and alpha_K, beta_K, ess_K of each part K
  void measure(const State& state, Row& row) const;

  // From the last stage's points. Before it has two of them: the pool's weighted means, with a covariance
  // that takes the pool as independent draws.
  ExpectationEstimate estimate(const State& state) const;
  // The same points without control variates.
  ExpectationEstimate estimate_without_control_variates(const State& state) const;
  // w_j: given, 1, or 1 / max(|I_j|, its standard error)^2 at the estimate.
  Eigen::VectorXd variance_weights(const ExpectationEstimate& estimate) const;

  // ln densities in sampling space of all points: of the mixture of all draws so far (balance heuristic), and
  // of the proposal that was kept.
  struct LogDensities {
    Eigen::VectorXd all, kept;
  };
  LogDensities log_densities(const State& state) const;
  const IntegrandParts& parts() const { return parts_; }

  template <class Visitor>
  void fields(Visitor& visit, State& s) const {
    visit("points", s.points), visit("outputs", s.outputs), visit("log_laws", s.log_laws);
    visit("log_start", s.log_start), visit("log_pool", s.log_pool), visit("draws", s.draws);
    if constexpr (std::is_same_v<Visitor, StateReader>) s.proposals.assign(s.draws.size(), {});
    for (std::size_t k = 0; k < s.proposals.size(); ++k)
      s.proposals[k].fields(visit, "proposal" + std::to_string(k));
    visit("chosen", s.chosen), visit("adapting", s.adapting), visit("alpha", s.alpha);
    visit("beta", s.beta), visit("variance", s.variance), visit("ess", s.ess);
    visit("last.before", s.last.before), visit("last.now", s.last.now);
    visit("last.stop_left", s.last.stop_left), visit("last.stop_right", s.last.stop_right);
    visit("last.gap", s.last.gap), visit("last.defensive", s.last.defensive);
    s.sums.fields(visit, "sums");
    visit("outside", s.outside);
    if constexpr (std::is_same_v<Visitor, StateReader>) check_restored(s);
  }

 private:
  struct Batch;  // points with what is known about them

  void check_options() const;
  void first_batch(State& state, const Moment& now) const;
  void adapt(State& state, const Moment& now) const;
  void last_stage(State& state, const Moment& now) const;

  Batch draw(State& state, const Proposal& proposal, const Moment& now, Index count) const;
  Eigen::VectorXd log_earlier(const State& state, const Batch& batch) const;
  void add_to_pool(State& state, const Batch& batch, const Eigen::VectorXd& log_density) const;
  std::vector<NormalMixture> fit_components(State& state, const Moment& now,
                                            const Eigen::VectorXd& log_pool_density) const;
  void choose_weights(State& state, Proposal& proposal, const Eigen::MatrixXd& log_components,
                      const Eigen::VectorXd& log_pool_density) const;
  void accept_or_stop(State& state, const Proposal& proposal, const Eigen::VectorXd& variance) const;
  ExpectationEstimate pool_estimate(const State& state) const;
  Index batch_size(const State& state) const;
  double adaptation_progress(const State& state) const;
  void check_restored(const State& state) const;

  const ExpectationProblem* problem_;
  AdaptiveImportanceOptions options_;
  IntegrandParts parts_;
  std::int64_t points_ = 0, adaptive_points_ = 0;  // N and N1
};

}  // namespace lehr::sample
