#include "lehr/sample/discrete_hmm.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include "lehr/core/errors.hpp"

namespace lehr::sample {
namespace {

void check_rows(const Eigen::MatrixXd& rows, const char* name) {
  for (Eigen::Index k = 0; k < rows.rows(); ++k) {
    const bool probabilities =
        rows.row(k).allFinite() && rows.row(k).minCoeff() >= 0 && std::abs(rows.row(k).sum() - 1) <= 1e-9;
    if (!probabilities)
      throw InvalidInput("hidden Markov model: row {} of {} is no list of probabilities (sum {})", k + 1,
                         name, rows.row(k).sum());
  }
}

Eigen::RowVectorXd random_probabilities(std::int64_t count, Stream& random) {
  Eigen::RowVectorXd row(count);
  for (double& value : row) value = std::exp(2 * normal(random));
  return row / row.sum();
}

std::int64_t draw_index(const Eigen::VectorXd& probabilities, Stream& random) {
  double u = uniform(random);
  for (Eigen::Index k = 0; k + 1 < probabilities.size(); ++k)
    if ((u -= probabilities(k)) < 0) return k;
  return probabilities.size() - 1;
}

}  // namespace

void DiscreteHmm::check() const {
  const Eigen::Index k = states();
  if (k < 1 || transition.cols() != k || initial.size() != k)
    throw InvalidInput("hidden Markov model: {} initial probabilities and a {} x {} transition",
                       initial.size(), k, transition.cols());
  check_rows(initial.transpose(), "initial");
  check_rows(transition, "transition");
  if (emission.size() > 0) {
    if (emission.rows() != k)
      throw InvalidInput("hidden Markov model: emission has {} rows, expected {}", emission.rows(), k);
    check_rows(emission, "emission");
    return;
  }
  if (means.size() != k || deviations.size() != k)
    throw InvalidInput("hidden Markov model: {} means and {} deviations for {} states", means.size(),
                       deviations.size(), k);
  if (!means.allFinite() || !deviations.allFinite() || !(deviations.minCoeff() > 0))
    throw InvalidInput("hidden Markov model: means must be finite and deviations above 0");
}

Eigen::MatrixXd DiscreteHmm::log_emissions(std::span<const double> observations) const {
  Eigen::MatrixXd table = Eigen::MatrixXd::Zero(states(), static_cast<Eigen::Index>(observations.size()));
  for (Eigen::Index t = 0; t < table.cols(); ++t) {
    const double y = observations[static_cast<std::size_t>(t)];
    if (std::isnan(y)) continue;
    if (emission.size() > 0) {
      if (!(y >= 0 && y < static_cast<double>(emission.cols()) && y == std::floor(y)))
        throw InvalidInput(
            "hidden Markov model: observation {} must be a whole number from 0 to {}, found {}", t + 1,
            emission.cols() - 1, y);
      table.col(t) = emission.col(static_cast<Eigen::Index>(y)).array().log();
      continue;
    }
    const Eigen::ArrayXd z = (y - means.array()) / deviations.array();
    table.col(t) = -0.5 * z.square() - deviations.array().log() - 0.5 * std::log(2 * std::numbers::pi);
  }
  return table;
}

DiscreteHmm DiscreteHmm::random(std::int64_t states, std::int64_t symbols, Stream& random) {
  DiscreteHmm model;
  model.initial = random_probabilities(states, random);
  model.transition.resize(states, states);
  model.emission.resize(states, symbols);
  for (Eigen::Index k = 0; k < states; ++k) {
    model.transition.row(k) = random_probabilities(states, random);
    model.transition(k, k) *= 3;
    model.transition.row(k) /= model.transition.row(k).sum();
    model.emission.row(k) = random_probabilities(symbols, random);
  }
  return model;
}

std::vector<double> DiscreteHmm::simulate(std::int64_t length, Stream& random) const {
  std::vector<double> observations;
  std::int64_t x = 0;
  for (std::int64_t t = 0; t < length; ++t) {
    x = draw_index(t == 0 ? initial : Eigen::VectorXd(transition.row(x)), random);
    observations.push_back(emission.size() > 0 ? static_cast<double>(draw_index(emission.row(x), random))
                                               : means(x) + deviations(x) * normal(random));
  }
  return observations;
}

HmmPosterior forward_backward(const DiscreteHmm& model, std::span<const double> observations) {
  model.check();
  const Eigen::MatrixXd log_emissions = model.log_emissions(observations);
  const Eigen::Index k = model.states(), length = log_emissions.cols();
  HmmPosterior result{0, Eigen::MatrixXd(k, length), Eigen::MatrixXd(k, length)};
  Eigen::MatrixXd predicted(k, length);
  for (Eigen::Index t = 0; t < length; ++t) {
    predicted.col(t) =
        t == 0 ? model.initial : Eigen::VectorXd(model.transition.transpose() * result.filtered.col(t - 1));
    const double largest = log_emissions.col(t).maxCoeff();
    const Eigen::VectorXd joint = predicted.col(t).array() * (log_emissions.col(t).array() - largest).exp();
    const double sum = joint.sum();
    if (!(sum > 0))
      throw NumericalFailure("hidden Markov model: observation {} is impossible after those before", t + 1);
    result.log_likelihood += std::log(sum) + largest;
    result.filtered.col(t) = joint / sum;
  }
  result.smoothed = result.filtered;
  for (Eigen::Index t = length - 2; t >= 0; --t) {
    const Eigen::ArrayXd ratio =
        (predicted.col(t + 1).array() > 0)
            .select(result.smoothed.col(t + 1).array() / predicted.col(t + 1).array(), 0);
    result.smoothed.col(t).array() *= (model.transition * ratio.matrix()).array();
  }
  return result;
}

HmmPath viterbi(const DiscreteHmm& model, std::span<const double> observations) {
  model.check();
  const Eigen::MatrixXd log_emissions = model.log_emissions(observations);
  const Eigen::Index k = model.states(), length = log_emissions.cols();
  const Eigen::MatrixXd log_transition = model.transition.array().log();
  Eigen::VectorXd best = model.initial.array().log().matrix() + log_emissions.col(0);
  Eigen::MatrixXi from(k, length);
  for (Eigen::Index t = 1; t < length; ++t) {
    Eigen::VectorXd next(k);
    for (Eigen::Index l = 0; l < k; ++l)
      next(l) = (best + log_transition.col(l)).maxCoeff(&from(l, t)) + log_emissions(l, t);
    best = next;
  }
  HmmPath path{std::vector<std::int64_t>(observations.size()), 0};
  Eigen::Index state = 0;
  path.log_joint = best.maxCoeff(&state);
  for (Eigen::Index t = length; t-- > 0;) {
    path.states[static_cast<std::size_t>(t)] = state;
    if (t > 0) state = from(state, t);
  }
  return path;
}

HmmSeries::HmmSeries(const DiscreteHmm& model, std::span<const double> observations) {
  model.check();
  const Eigen::Index k = model.states();
  cumulative_.resize(k, k + 1);
  cumulative_.col(0) = model.initial;
  cumulative_.rightCols(k) = model.transition.transpose();
  for (Eigen::Index l = 1; l < k; ++l) cumulative_.row(l) += cumulative_.row(l - 1);
  log_transition_ = model.transition.array().log();
  emissions_ = model.log_emissions(observations);
  if (emissions_.cols() < 1) throw InvalidInput("hidden Markov model: there are no observations");
}

HmmSeries::State HmmSeries::draw(Eigen::Index column, Stream& random) const {
  const double u = uniform(random) * cumulative_(cumulative_.rows() - 1, column);
  Eigen::Index k = 0;
  while (k + 1 < cumulative_.rows() && !(u < cumulative_(k, column))) ++k;
  return k;
}

}  // namespace lehr::sample
