// What adaptive importance sampling tells: measurements, estimates, the sample's densities.
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/sample/adaptive_importance_sampling.hpp"

namespace lehr::sample {

using Eigen::MatrixXd;
using Eigen::VectorXd;

void AdaptiveImportanceSampling::measure(const State& state, Row& row) const {
  row.add("points", static_cast<double>(state.points.cols()));
  row.add("adapting", state.adapting ? 1 : 0);
  row.add("variance_before", state.last.before);
  row.add("variance_now", state.last.now);
  row.add("stop_left", state.last.stop_left);
  row.add("stop_right", state.last.stop_right);
  row.add("kkt_gap", state.last.gap);
  row.add("defensive", state.last.defensive);
  if (state.ess.size() == 0) return;
  row.add("ess_min", state.ess.minCoeff());
  const std::vector<std::string> names = parts_.names();
  const VectorXd alpha = state.alpha / std::max(1e-300, state.alpha.sum());
  for (Index k = 0; k < parts_.count(); ++k) {
    const std::string& name = names[static_cast<std::size_t>(k)];
    row.add("alpha_" + name, alpha[k]);
    row.add("beta_" + name, state.beta[k]);
    row.add("ess_" + name, state.ess[k]);
  }
}

ExpectationEstimate AdaptiveImportanceSampling::pool_estimate(const State& state) const {
  const Index n = state.log_pool.size();
  const VectorXd log_h = (state.log_pool.array() - std::log(static_cast<double>(n))).matrix();
  const MatrixXd values = parts_.values(state.outputs.leftCols(n), state.log_laws, log_h);
  JointMoments moments(parts_.count());
  moments.add(values);
  return parts_.combine(moments.mean(), moments.covariance() / static_cast<double>(n), n);
}

ExpectationEstimate AdaptiveImportanceSampling::estimate(const State& state) const {
  if (state.sums.count() < 2) return pool_estimate(state);
  const Index K = parts_.count();
  const MatrixXd covariance = state.sums.covariance();
  const auto n = static_cast<double>(state.sums.count());
  if (options_.beta == "batch" || !options_.control_variates)
    return parts_.combine(state.sums.mean().head(K), covariance.topLeftCorner(K, K) / n, state.sums.count());

  // z - b (c - 1) with b = Cov(z, c) / Var(c) over the last stage itself.
  const VectorXd spread = covariance.diagonal().tail(K);
  VectorXd b = VectorXd::Zero(K);
  for (Index k = 0; k < K; ++k)
    if (spread[k] > 0) b[k] = covariance(k, K + k) / spread[k];
  MatrixXd map = MatrixXd::Zero(K, 2 * K);
  map.leftCols(K).setIdentity();
  map.rightCols(K) = (-b).asDiagonal();
  return parts_.combine(state.sums.mean().head(K) - b.cwiseProduct(state.sums.mean().tail(K)) + b,
                        map * covariance * map.transpose() / n, state.sums.count());
}

ExpectationEstimate AdaptiveImportanceSampling::estimate_without_control_variates(const State& state) const {
  if (state.sums.count() < 2) return pool_estimate(state);
  const Index K = parts_.count();
  const Proposal& proposal = state.proposals[static_cast<std::size_t>(state.chosen)];
  const VectorXd beta = proposal.is_start() ? VectorXd(VectorXd::Zero(K)) : proposal.beta;
  MatrixXd map = MatrixXd::Zero(K, 2 * K);  // f phi / q = z + beta c - beta
  map.leftCols(K).setIdentity();
  map.rightCols(K) = beta.asDiagonal();
  const VectorXd constant = proposal.is_start() ? VectorXd(VectorXd::Zero(K)) : beta;
  return parts_.combine(
      map * state.sums.mean() - constant,
      map * state.sums.covariance() * map.transpose() / static_cast<double>(state.sums.count()),
      state.sums.count());
}

VectorXd AdaptiveImportanceSampling::variance_weights(const ExpectationEstimate& estimate) const {
  if (options_.weights == "given")
    return Eigen::Map<const VectorXd>(options_.weight_values.data(), parts_.expectations());
  if (options_.weights == "abs") return VectorXd::Ones(parts_.expectations());
  return relative_variance_weights(estimate);
}

AdaptiveImportanceSampling::LogDensities AdaptiveImportanceSampling::log_densities(const State& state) const {
  const MatrixXd log_laws = problem_->log_laws(state.points);
  const VectorXd log_start = problem_->log_start(state.points, log_laws);
  const auto final_draws = static_cast<double>(state.sums.count());
  MatrixXd terms(state.points.cols(), static_cast<Index>(state.proposals.size()));
  LogDensities result;
  for (std::size_t k = 0; k < state.proposals.size(); ++k) {
    const Proposal& proposal = state.proposals[k];
    const VectorXd density = proposal.log_density(proposal.log_components(state.points), log_start);
    const bool kept = static_cast<std::int64_t>(k) == state.chosen;
    const double draws = static_cast<double>(state.draws[k]) + (kept ? final_draws : 0);
    terms.col(static_cast<Index>(k)) =
        (density.array() + std::log(draws / static_cast<double>(state.points.cols()))).matrix();
    if (kept) result.kept = density;
  }
  const VectorXd largest = terms.rowwise().maxCoeff();
  result.all = (largest.array() + (terms.colwise() - largest).array().exp().rowwise().sum().log()).matrix();
  return result;
}

void AdaptiveImportanceSampling::check_restored(const State& state) const {
  const Index pool = state.log_pool.size(), K = parts_.count();
  const auto proposals = static_cast<std::int64_t>(state.proposals.size());
  const bool fits =
      state.points.rows() == problem_->dimension && state.outputs.cols() == state.points.cols() &&
      state.outputs.rows() == static_cast<Index>(problem_->output_names.size()) &&
      state.log_laws.rows() == pool && state.log_laws.cols() == static_cast<Index>(problem_->laws.size()) &&
      state.log_start.size() == pool && pool <= state.points.cols() && state.sums.mean().size() == 2 * K &&
      (proposals == 0 ? pool == 0
                      : state.alpha.size() == K && state.beta.size() == K && state.variance.size() == K &&
                            state.chosen >= 0 && state.chosen < proposals);
  if (!fits) throw InvalidInput("checkpoint: it is of another problem than this one");
}

}  // namespace lehr::sample
