#include "lehr/sample/adaptive_importance_sampling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/sample/mixture_fit.hpp"
#include "lehr/sample/mixture_weights.hpp"

namespace lehr::sample {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr std::int64_t points_per_expectation = 10;  // the least budget
constexpr double mixture_defence = 0.1;
constexpr double uniform_share = 0.1;    // mixed into the weights from which their optimisation starts
constexpr double flat_variance = 1e-14;  // a control variate that varies less is none

SignRule sign_rule(const std::string& word) {
  return word == "split" ? SignRule::split : word == "forbid" ? SignRule::forbid : SignRule::absolute;
}

// ln(e^a + e^b), entry by entry.
VectorXd log_add(const VectorXd& a, const VectorXd& b) {
  const Eigen::ArrayXd high = a.cwiseMax(b).array(), low = a.cwiseMin(b).array();
  return (high + (low - high).exp().log1p()).matrix();
}

VectorXd effective_sample_sizes(const MatrixXd& weights) {
  const Eigen::ArrayXd sums = weights.colwise().sum().transpose().array();
  const Eigen::ArrayXd squares = weights.colwise().squaredNorm().transpose().array();
  return (squares > 0).select(sums.square() / squares.max(std::numeric_limits<double>::min()), 0.0).matrix();
}

// beta_j = Cov(c_j, y_j) / Var(c_j) over the rows, 0 for a control variate that is flat or whose mean is far
// from 1.
VectorXd regression_coefficients(const MatrixXd& values, const MatrixXd& controls) {
  const auto n = static_cast<double>(values.rows());
  const Eigen::RowVectorXd control_means = controls.colwise().mean();
  const MatrixXd deviations = controls.rowwise() - control_means;
  const Eigen::ArrayXd products =
      (deviations.array() * (values.rowwise() - values.colwise().mean()).array()).colwise().sum().transpose();
  const Eigen::ArrayXd squares = deviations.colwise().squaredNorm().transpose();
  const Eigen::ArrayXd error = (squares / (n * std::max(1.0, n - 1))).sqrt();
  const auto usable = (squares / std::max(1.0, n - 1) >= flat_variance) &&
                      ((control_means.transpose().array() - 1).abs() <= 0.1 + 5 * error);
  return usable.select(products / squares.max(std::numeric_limits<double>::min()), 0.0).matrix();
}

// (f phi - beta g) / q + beta.
MatrixXd controlled(const MatrixXd& values, const MatrixXd& controls, const VectorXd& beta) {
  return (values - controls * beta.asDiagonal()).rowwise() + beta.transpose();
}

}  // namespace

void AdaptiveImportanceOptions::describe(OptionTable& table) {
  table.add("fit", fit, "components: one normal law each (sg), mixtures of them (gm), or without correlation")
      .choices({"sg", "gm", "diag"});
  table.add("split", split, "share of the points for the adaptation, at most").above(0).range(0, 0.9);
  table.add("batch", batch, "share of the adaptation's points in a batch, along them");
  table.add("defensive", defensive,
            "share of the start law in the proposal, along the adaptation; default 0.1 for fit = gm, else 0");
  table.add("tempering", tempering, "exponent of the weights f / h that components are fitted to");
  table.add("components", components, "normal laws in each component of fit = gm, along the adaptation");
  table.add("ridge", ridge, "added to covariances, times their own diagonal").range(0, 1);
  table.add("keep", keep, "proposal of the last stage: the better of the last two by their variances")
      .choices({"better", "last"});
  table.add("sign", sign, "functions of both signs: fitted by |phi|, split into parts, or refused")
      .choices({"absolute", "split", "forbid"});
  table
      .add("beta", beta,
           "coefficients from the last batch, or from the last stage itself (bias of order 1 / n)")
      .choices({"batch", "final"});
}

struct AdaptiveImportanceSampling::Batch {
  MatrixXd points, outputs, log_laws;
  VectorXd log_start;
};

AdaptiveImportanceSampling::AdaptiveImportanceSampling(const ExpectationProblem& problem,
                                                       AdaptiveImportanceOptions options)
    : problem_(&problem), options_(std::move(options)), parts_(problem, sign_rule(options_.sign)) {
  check_options();
  if (!options_.defensive) options_.defensive = options_.fit == "gm" ? mixture_defence : 0.0;
  points_ = options_.budget / problem.calls_per_point;
  adaptive_points_ = static_cast<std::int64_t>(options_.split * static_cast<double>(points_));
  const std::int64_t least =
      points_per_expectation * std::max<std::int64_t>(parts_.expectations(), problem.dimension + 2);
  if (points_ < least)
    throw InvalidInput(
        "budget: {} calls are {} points of {} calls; {} expectations in {} dimensions need {} calls",
        options_.budget, points_, problem.calls_per_point, parts_.expectations(), problem.dimension,
        least * problem.calls_per_point);
}

void AdaptiveImportanceSampling::check_options() const {
  AdaptiveImportanceOptions copy = options_;
  const OptionTable table = lehr::describe(copy);
  table.read(table.values(), "adaptive importance sampling");
  const auto known = {"rel", "abs", "given"};
  if (std::ranges::find(known, options_.weights) == known.end())
    throw InvalidInput("weights: must be one of rel, abs, given, found {}", quote(options_.weights));
  if (options_.weights != "given") return;
  if (static_cast<Index>(options_.weight_values.size()) != parts_.expectations())
    throw InvalidInput("weights: {} numbers for {} expectations", options_.weight_values.size(),
                       parts_.expectations());
  for (const double w : options_.weight_values)
    if (!(w > 0) || !std::isfinite(w)) throw InvalidInput("weights: must be above 0 and finite, found {}", w);
}

AdaptiveImportanceSampling::State AdaptiveImportanceSampling::start(const Moment&) const {
  State state;
  state.points.resize(problem_->dimension, 0);
  state.outputs.resize(static_cast<Index>(problem_->output_names.size()), 0);
  state.log_laws.resize(0, static_cast<Index>(problem_->laws.size()));
  state.sums = JointMoments(2 * parts_.count());
  return state;
}

void AdaptiveImportanceSampling::advance(State& state, const Moment& now) const {
  if (state.points.cols() == 0)
    first_batch(state, now);
  else if (state.adapting)
    adapt(state, now);
  else
    last_stage(state, now);
}

double AdaptiveImportanceSampling::adaptation_progress(const State& state) const {
  return std::min(1.0, static_cast<double>(state.points.cols()) / static_cast<double>(adaptive_points_));
}

Index AdaptiveImportanceSampling::batch_size(const State& state) const {
  const double share = options_.batch(adaptation_progress(state));
  if (!(share > 0 && share <= 1))
    throw InvalidInput("batch: a batch's share of the adaptation must be in (0, 1], found {}", share);
  return std::max<Index>(2, static_cast<Index>(share * static_cast<double>(adaptive_points_)));
}

// Draws points, asks the model, and appends them to the state's.
AdaptiveImportanceSampling::Batch AdaptiveImportanceSampling::draw(State& state, const Proposal& proposal,
                                                                   const Moment& now, Index count) const {
  Batch batch;
  batch.points = proposal.sample(*problem_, now, count);
  batch.log_laws = problem_->log_laws(batch.points);
  batch.log_start = problem_->log_start(batch.points, batch.log_laws);
  batch.outputs.setZero(state.outputs.rows(), count);
  std::vector<Index> inside;
  for (Index i = 0; i < count; ++i)
    if (batch.log_laws.row(i).maxCoeff() > -std::numeric_limits<double>::infinity()) inside.push_back(i);
  if (static_cast<Index>(inside.size()) == count)
    batch.outputs = problem_->evaluate(batch.points);
  else
    batch.outputs(Eigen::all, inside) = problem_->evaluate(batch.points(Eigen::all, inside));
  state.outside += count - static_cast<Index>(inside.size());
  now.spend(count * problem_->calls_per_point);

  const Index before = state.points.cols();
  state.points.conservativeResize(Eigen::NoChange, before + count);
  state.points.rightCols(count) = batch.points;
  state.outputs.conservativeResize(Eigen::NoChange, before + count);
  state.outputs.rightCols(count) = batch.outputs;
  return batch;
}

// ln sum_k N_k q_k at the batch's points, over the proposals in the state's list.
VectorXd AdaptiveImportanceSampling::log_earlier(const State& state, const Batch& batch) const {
  VectorXd sum;
  for (std::size_t k = 0; k < state.proposals.size(); ++k) {
    const Proposal& proposal = state.proposals[k];
    const VectorXd density = proposal.log_density(proposal.log_components(batch.points), batch.log_start);
    const VectorXd term = (density.array() + std::log(static_cast<double>(state.draws[k]))).matrix();
    sum = k == 0 ? term : log_add(sum, term);
  }
  return sum;
}

// `log_density`: ln sum_k N_k q_k at the batch's points, over all proposals so far.
void AdaptiveImportanceSampling::add_to_pool(State& state, const Batch& batch,
                                             const VectorXd& log_density) const {
  const Index before = state.log_laws.rows(), count = batch.points.cols();
  state.log_laws.conservativeResize(before + count, Eigen::NoChange);
  state.log_laws.bottomRows(count) = batch.log_laws;
  state.log_start.conservativeResize(before + count);
  state.log_start.tail(count) = batch.log_start;
  state.log_pool.conservativeResize(before + count);
  state.log_pool.tail(count) = log_density;
}

void AdaptiveImportanceSampling::first_batch(State& state, const Moment& now) const {
  const Index count = batch_size(state);
  state.proposals.emplace_back();
  const Batch batch = draw(state, state.proposals.front(), now, count);
  state.draws = {count};
  add_to_pool(state, batch, (batch.log_start.array() + std::log(static_cast<double>(count))).matrix());

  const MatrixXd values = parts_.values(batch.outputs, batch.log_laws, batch.log_start);
  parts_.require_mass(values);
  state.beta = values.colwise().mean().transpose();
  state.variance = column_variances(values);
  const VectorXd weights = parts_.spread(variance_weights(pool_estimate(state)));
  state.alpha = (weights.array().sqrt() * state.beta.array().abs()).matrix();
  state.ess = effective_sample_sizes(values.cwiseAbs());
  state.last.now = weights.dot(state.variance);
  state.adapting = state.points.cols() + batch_size(state) <= adaptive_points_;
}

void AdaptiveImportanceSampling::adapt(State& state, const Moment& now) const {
  const VectorXd log_h =
      (state.log_pool.array() - std::log(static_cast<double>(state.log_pool.size()))).matrix();
  Proposal proposal;
  proposal.defensive = (*options_.defensive)(adaptation_progress(state));
  if (!(proposal.defensive >= 0 && proposal.defensive < 1))
    throw InvalidInput("defensive: the share must be in [0, 1), found {}", proposal.defensive);
  proposal.components = fit_components(state, now, log_h);
  const MatrixXd log_components = proposal.log_components(state.points);
  choose_weights(state, proposal, log_components, log_h);

  const Index count = batch_size(state);
  const double log_count = std::log(static_cast<double>(count));
  const VectorXd log_q = proposal.log_density(log_components, state.log_start);
  state.log_pool = log_add(state.log_pool, (log_q.array() + log_count).matrix());
  const Batch batch = draw(state, proposal, now, count);
  const MatrixXd batch_components = proposal.log_components(batch.points);
  const VectorXd batch_q = proposal.log_density(batch_components, batch.log_start);
  add_to_pool(state, batch, log_add(log_earlier(state, batch), (batch_q.array() + log_count).matrix()));
  state.draws.push_back(count);

  const MatrixXd values = parts_.values(batch.outputs, batch.log_laws, batch_q);
  const MatrixXd controls = proposal.control_variates(batch_components, batch_q);
  proposal.beta = options_.control_variates ? regression_coefficients(values, controls)
                                            : VectorXd(VectorXd::Zero(parts_.count()));
  accept_or_stop(state, proposal, column_variances(controlled(values, controls, proposal.beta)));
  state.proposals.push_back(std::move(proposal));
  if (state.points.cols() + batch_size(state) > adaptive_points_) state.adapting = false;
}

std::vector<NormalMixture> AdaptiveImportanceSampling::fit_components(State& state, const Moment& now,
                                                                      const VectorXd& log_h) const {
  const double progress = adaptation_progress(state);
  const MatrixXd weights =
      parts_.fit_weights(state.outputs, state.log_laws, log_h, options_.tempering(progress));
  state.ess = effective_sample_sizes(weights);
  const auto shape = options_.fit == "diag" ? CovarianceShape::diagonal : CovarianceShape::full;
  const MixtureFitOptions mixture{
      .components = std::max<std::int64_t>(1, std::llround(options_.components(progress))),
      .shape = shape,
      .ridge = options_.ridge,
      .prior_points = static_cast<double>(problem_->dimension + 2)};
  std::vector<NormalMixture> components(static_cast<std::size_t>(parts_.count()));
  parallel_for(parts_.count(), [&](std::int64_t k) {
    if (!(weights.col(k).maxCoeff() > 0)) return;  // a part that is 0 so far
    NormalMixture& component = components[static_cast<std::size_t>(k)];
    if (options_.fit == "gm")
      component =
          fit_mixture(state.points, weights.col(k),
                      now.random(lane("mixture fit")).at_block(static_cast<std::uint64_t>(k) << 32), mixture)
              .mixture;
    else if (auto normal = fit_normal(state.points, weights.col(k), shape, options_.ridge))
      component = NormalMixture(std::move(*normal));
    if (component.empty())
      throw NumericalFailure(
          "adaptive importance sampling: step {}: the covariance fitted to {} is not positive definite (its "
          "weights are worth {:.3g} points)",
          now.step, parts_.names()[static_cast<std::size_t>(k)], state.ess[k]);
  });
  return components;
}

// alpha for the fitted components, by the pool.
void AdaptiveImportanceSampling::choose_weights(State& state, Proposal& proposal,
                                                const MatrixXd& log_components, const VectorXd& log_h) const {
  const VectorXd weights = parts_.spread(variance_weights(pool_estimate(state)));
  const MatrixXd values = parts_.values(state.outputs, state.log_laws, log_h);
  MatrixXd ratios = (log_components.colwise() - log_h).array().exp();
  VectorXd costs = VectorXd::Zero(values.rows());
  for (Index k = 0; k < parts_.count(); ++k) {
    const double beta = options_.control_variates ? state.beta[k] : 0;
    costs += weights[k] * (values.col(k) - beta * ratios.col(k)).cwiseAbs2();
  }
  ratios *= 1 - proposal.defensive;
  const VectorXd fixed = proposal.defensive * (state.log_start - log_h).array().exp().matrix();
  VectorXd start = state.alpha / std::max(state.alpha.sum(), std::numeric_limits<double>::min());
  start =
      ((1 - uniform_share) * start.array() + uniform_share / static_cast<double>(parts_.count())).matrix();
  MixtureWeights found = optimal_mixture_weights(ratios, fixed, costs, std::move(start));
  proposal.alpha = std::move(found.alpha);
  state.last.gap = found.gap;
  state.last.defensive = proposal.defensive;
}

// The trade-off between a better proposal and the calls that finding it costs. The proposal is not yet in the
// state's list.
void AdaptiveImportanceSampling::accept_or_stop(State& state, const Proposal& proposal,
                                                const VectorXd& variance) const {
  const VectorXd weights = parts_.spread(variance_weights(pool_estimate(state)));
  const auto left = static_cast<double>(points_ - state.points.cols());
  const auto batch = static_cast<double>(state.draws.back());
  AdaptationStep& step = state.last;
  step.before = weights.dot(state.variance);
  step.now = weights.dot(variance);
  step.stop_left = step.before / (left + batch);
  step.stop_right = step.now / left;
  state.adapting = step.stop_left > step.stop_right;
  if (state.adapting || options_.keep == "last" || step.now < step.before)
    state.chosen = static_cast<std::int64_t>(state.proposals.size());
  state.alpha = proposal.alpha;
  state.beta = proposal.beta;
  state.variance = variance;
}

void AdaptiveImportanceSampling::last_stage(State& state, const Moment& now) const {
  const auto count = std::min<Index>(points_ - state.points.cols(), batch_size(state));
  const Proposal& proposal = state.proposals[static_cast<std::size_t>(state.chosen)];
  const Batch batch = draw(state, proposal, now, count);
  const MatrixXd log_components = proposal.log_components(batch.points);
  const VectorXd log_q = proposal.log_density(log_components, batch.log_start);
  const MatrixXd values = parts_.values(batch.outputs, batch.log_laws, log_q);
  MatrixXd rows = MatrixXd::Zero(count, 2 * parts_.count());
  if (proposal.is_start()) {
    rows.leftCols(parts_.count()) = values;
  } else {
    const MatrixXd controls = proposal.control_variates(log_components, log_q);
    rows.leftCols(parts_.count()) = controlled(values, controls, proposal.beta);
    rows.rightCols(parts_.count()) = controls;
  }
  state.sums.add(rows);
}

}  // namespace lehr::sample
