#include "lehr/sample/monte_carlo.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::sample {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr std::int64_t batches_per_run = 20;

}  // namespace

MonteCarlo::MonteCarlo(const ExpectationProblem& problem, std::int64_t budget, MonteCarloDesign design)
    : problem_(&problem), design_(design), points_(budget / problem.calls_per_point) {
  members_.resize(design == MonteCarloDesign::mixture ? 1 : problem.laws.size());
  for (std::size_t j = 0; j < problem.expectations.size(); ++j)
    members_[design == MonteCarloDesign::mixture ? 0 : static_cast<std::size_t>(problem.expectations[j].law)]
        .push_back(static_cast<Index>(j));
  const auto least = static_cast<std::int64_t>(2 * samples());
  if (points_ < least)
    throw InvalidInput("budget: {} calls are {} points of {} calls, at least {} points are needed", budget,
                       points_, problem.calls_per_point, least);
}

std::int64_t MonteCarlo::goal(std::size_t sample) const {
  const auto count = static_cast<std::int64_t>(samples()), number = static_cast<std::int64_t>(sample);
  return points_ / count + (number < points_ % count ? 1 : 0);
}

Density MonteCarlo::source(std::size_t sample) const {
  return design_ == MonteCarloDesign::mixture ? uniform_mixture(problem_->laws) : problem_->laws[sample];
}

MonteCarlo::State MonteCarlo::start(const Moment&) const {
  State state{MatrixXd(problem_->dimension, 0),
              MatrixXd(static_cast<Index>(problem_->output_names.size()), 0),
              {},
              {}};
  for (const std::vector<Index>& members : members_)
    state.moments.emplace_back(static_cast<Index>(members.size()));
  return state;
}

void MonteCarlo::advance(State& state, const Moment& now) const {
  std::size_t sample = 0;
  while (state.moments[sample].count() >= goal(sample)) ++sample;
  const Index count = std::min(std::max<std::int64_t>(2, points_ / batches_per_run),
                               goal(sample) - state.moments[sample].count());
  const MatrixXd points = source(sample).sample(now.random(lane("points")), count);
  const MatrixXd outputs = problem_->evaluate(points);
  now.spend(count * problem_->calls_per_point);
  state.moments[sample].add(integrands(sample, points, outputs));

  const Index before = state.points.cols();
  state.points.conservativeResize(Eigen::NoChange, before + count);
  state.points.rightCols(count) = points;
  state.outputs.conservativeResize(Eigen::NoChange, before + count);
  state.outputs.rightCols(count) = outputs;
  state.samples.resize(static_cast<std::size_t>(before + count), static_cast<std::int64_t>(sample));
}

// n x members: phi, times f / h where points come from the mixture of several laws.
MatrixXd MonteCarlo::integrands(std::size_t sample, const Points& points, const MatrixXd& outputs) const {
  const std::vector<Index>& members = members_[sample];
  const bool weighted = design_ == MonteCarloDesign::mixture && problem_->laws.size() > 1;
  MatrixXd ratios;
  if (weighted) {
    const MatrixXd log_laws = problem_->log_laws(points);
    ratios = (log_laws.colwise() - source(sample).log_pdf(points)).array().exp();
  }
  MatrixXd values(points.cols(), static_cast<Index>(members.size()));
  for (std::size_t k = 0; k < members.size(); ++k) {
    const Expectation& e = problem_->expectations[static_cast<std::size_t>(members[k])];
    auto column = values.col(static_cast<Index>(k));
    column = outputs.row(e.output).transpose();
    if (weighted) column.array() *= ratios.col(e.law).array();
  }
  return values;
}

void MonteCarlo::measure(const State& state, Row& row) const {
  row.add("points", static_cast<double>(state.points.cols()));
}

ExpectationEstimate MonteCarlo::estimate(const State& state) const {
  const auto J = static_cast<Index>(problem_->expectations.size());
  ExpectationEstimate estimate{problem_->names(), VectorXd::Zero(J), MatrixXd::Zero(J, J), points_};
  for (std::size_t k = 0; k < samples(); ++k) {
    const JointMoments& moments = state.moments[k];
    const auto n = std::max<std::int64_t>(1, moments.count());
    estimate.values(members_[k]) = moments.mean();
    estimate.covariance(members_[k], members_[k]) = moments.covariance() / static_cast<double>(n);
    estimate.points = std::min(estimate.points, moments.count());
  }
  return estimate;
}

VectorXd MonteCarlo::log_densities(const State& state) const {
  if (design_ == MonteCarloDesign::mixture) return source(0).log_pdf(state.points);
  const MatrixXd log_laws = problem_->log_laws(state.points);
  VectorXd values(state.points.cols());
  for (Index i = 0; i < values.size(); ++i)
    values[i] = log_laws(i, state.samples[static_cast<std::size_t>(i)]);
  return values;
}

}  // namespace lehr::sample
