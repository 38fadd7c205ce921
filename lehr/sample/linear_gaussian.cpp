#include "lehr/sample/linear_gaussian.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include "lehr/core/errors.hpp"
#include "lehr/linalg/dense.hpp"

namespace lehr::sample {
namespace {

const double log_two_pi = std::log(2 * std::numbers::pi);

void check_matrix(const Eigen::MatrixXd& matrix, Eigen::Index rows, Eigen::Index cols, const char* name) {
  if (matrix.rows() != rows || matrix.cols() != cols)
    throw InvalidInput("linear-Gaussian model: {} is {} x {}, expected {} x {}", name, matrix.rows(),
                       matrix.cols(), rows, cols);
  if (!matrix.allFinite()) throw InvalidInput("linear-Gaussian model: {} is not finite", name);
}

// A factor F with F F' = covariance; semidefinite covariances have one too.
Eigen::MatrixXd covariance_factor(const Eigen::MatrixXd& covariance, const char* name) {
  if (!covariance.isApprox(covariance.transpose(), 1e-9) && covariance.size() > 1)
    throw InvalidInput("linear-Gaussian model: {} is not symmetric", name);
  const linalg::SymmetricEigen eigen = linalg::symmetric_eigen(covariance);
  const double largest = eigen.values.cwiseAbs().maxCoeff();
  if (!(eigen.values.minCoeff() >= -1e-12 * largest))
    throw InvalidInput("linear-Gaussian model: {} has the negative eigenvalue {}", name,
                       eigen.values.minCoeff());
  return eigen.vectors * eigen.values.cwiseMax(0).cwiseSqrt().asDiagonal();
}

Eigen::VectorXd standard_normals(Eigen::Index count, Stream& random) {
  Eigen::VectorXd z(count);
  for (double& value : z) value = normal(random);
  return z;
}

// The entries of y that were observed.
std::vector<Eigen::Index> observed(const Eigen::VectorXd& y) {
  std::vector<Eigen::Index> there;
  for (Eigen::Index i = 0; i < y.size(); ++i)
    if (!std::isnan(y(i))) there.push_back(i);
  return there;
}

}  // namespace

void LinearGaussian::check() const {
  const Eigen::Index d = dimension(), e = observation.rows();
  if (d < 1 || e < 1) throw InvalidInput("linear-Gaussian model: it has {} states and {} observations", d, e);
  check_matrix(transition, d, d, "transition");
  check_matrix(transition_covariance, d, d, "transition_covariance");
  check_matrix(observation, e, d, "observation");
  check_matrix(observation_covariance, e, e, "observation_covariance");
  check_matrix(initial_mean, d, 1, "initial_mean");
  check_matrix(initial_covariance, d, d, "initial_covariance");
  covariance_factor(transition_covariance, "transition_covariance");
  covariance_factor(initial_covariance, "initial_covariance");
  covariance_factor(observation_covariance, "observation_covariance");
  if (linalg::cholesky_factor(observation_covariance).size() == 0)
    throw InvalidInput("linear-Gaussian model: observation_covariance is not positive definite");
}

// P = sum_k A^k Q A'^k by doubling: P <- P + B P B', B <- B B.
Eigen::MatrixXd LinearGaussian::stationary_covariance(const Eigen::MatrixXd& transition,
                                                      const Eigen::MatrixXd& transition_covariance) {
  Eigen::MatrixXd covariance = transition_covariance, power = transition;
  for (int k = 0; k < 64; ++k) {
    covariance += power * covariance * power.transpose();
    power = power * power;
    if (!covariance.allFinite() || !power.allFinite()) break;
    if (power.norm() < 1e-18) return 0.5 * (covariance + covariance.transpose());
  }
  throw InvalidInput(
      "linear-Gaussian model: the process is not stationary; initial_mean and initial_covariance must be "
      "given");
}

SimulatedSeries simulate(const LinearGaussian& model, std::int64_t length, Stream& random) {
  model.check();
  const Eigen::Index d = model.dimension(), e = model.observation.rows();
  const Eigen::MatrixXd first = covariance_factor(model.initial_covariance, "initial_covariance"),
                        step = covariance_factor(model.transition_covariance, "transition_covariance"),
                        noise = linalg::cholesky_factor(model.observation_covariance);
  SimulatedSeries series{Eigen::MatrixXd(d, length), Eigen::MatrixXd(e, length)};
  Eigen::VectorXd x = model.initial_mean + first * standard_normals(d, random);
  for (std::int64_t t = 0; t < length; ++t) {
    if (t > 0) x = model.transition * x + step * standard_normals(d, random);
    series.states.col(t) = x;
    series.observations.col(t) = model.observation * x + noise * standard_normals(e, random);
  }
  return series;
}

KalmanFilter kalman_filter(const LinearGaussian& model, const Eigen::MatrixXd& observations) {
  model.check();
  const Eigen::Index d = model.dimension();
  KalmanFilter filter{0, Eigen::MatrixXd(d, observations.cols()), Eigen::MatrixXd(d, observations.cols())};
  Eigen::VectorXd mean = model.initial_mean;
  Eigen::MatrixXd covariance = model.initial_covariance;
  for (Eigen::Index t = 0; t < observations.cols(); ++t) {
    if (t > 0) {
      mean = model.transition * mean;
      covariance = model.transition * covariance * model.transition.transpose() + model.transition_covariance;
    }
    const std::vector<Eigen::Index> there = observed(observations.col(t));
    if (!there.empty()) {
      const Eigen::MatrixXd c = model.observation(there, Eigen::all);
      const Eigen::MatrixXd spread =
          c * covariance * c.transpose() + Eigen::MatrixXd(model.observation_covariance(there, there));
      const Eigen::VectorXd surprise = Eigen::VectorXd(observations.col(t)(there)) - c * mean;
      const Eigen::MatrixXd factor = linalg::cholesky_factor(spread);
      const Eigen::VectorXd white = factor.triangularView<Eigen::Lower>().solve(surprise);
      filter.log_likelihood -= 0.5 * white.squaredNorm() + factor.diagonal().array().log().sum() +
                               0.5 * static_cast<double>(there.size()) * log_two_pi;
      const Eigen::MatrixXd gain =
          linalg::solve_semidefinite(spread, Eigen::MatrixXd(c * covariance)).transpose();
      mean += gain * surprise;
      covariance -= gain * spread * gain.transpose();
      covariance = (0.5 * (covariance + covariance.transpose())).eval();
    }
    filter.means.col(t) = mean;
    filter.variances.col(t) = covariance.diagonal();
  }
  return filter;
}

template <int D>
LinearGaussianSeries<D>::LinearGaussianSeries(const LinearGaussian& model,
                                              const Eigen::MatrixXd& observations) {
  model.check();
  if (model.dimension() != D || observations.rows() != model.observation.rows() || observations.cols() < 1)
    throw InvalidInput("linear-Gaussian model: {} states and {} x {} observations do not fit",
                       model.dimension(), observations.rows(), observations.cols());
  transition_ = model.transition;
  noise_factor_ = covariance_factor(model.transition_covariance, "transition_covariance");
  initial_factor_ = covariance_factor(model.initial_covariance, "initial_covariance");
  initial_mean_ = model.initial_mean;
  const Eigen::MatrixXd noise = linalg::cholesky_factor(model.transition_covariance);
  if (noise.size() > 0) {
    noise_inverse_ = noise.triangularView<Eigen::Lower>().solve(Eigen::MatrixXd::Identity(D, D));
    transition_constant_ = -noise.diagonal().array().log().sum() - 0.5 * D * log_two_pi;
  } else {
    transition_constant_ = std::numeric_limits<double>::quiet_NaN();
  }
  for (Eigen::Index t = 0; t < observations.cols(); ++t) {
    const std::vector<Eigen::Index> there = observed(observations.col(t));
    Row row{.first = static_cast<std::int64_t>(white_.size()),
            .count = static_cast<std::int64_t>(there.size()),
            .constant = 0};
    if (!there.empty()) {
      const Eigen::MatrixXd factor =
          linalg::cholesky_factor(Eigen::MatrixXd(model.observation_covariance(there, there)));
      const auto lower = factor.triangularView<Eigen::Lower>();
      const Eigen::VectorXd y = lower.solve(Eigen::VectorXd(observations.col(t)(there)));
      const Eigen::MatrixXd c = lower.solve(Eigen::MatrixXd(model.observation(there, Eigen::all)));
      row.constant =
          -factor.diagonal().array().log().sum() - 0.5 * static_cast<double>(there.size()) * log_two_pi;
      for (Eigen::Index i = 0; i < y.size(); ++i) {
        std::array<double, D + 1> white{y(i)};
        for (std::size_t k = 0; k < D; ++k) white[k + 1] = c(i, static_cast<Eigen::Index>(k));
        white_.push_back(white);
      }
    }
    rows_.push_back(row);
  }
}

template <int D>
void LinearGaussianSeries<D>::draw_first(State& x, Stream& random) const {
  Eigen::Matrix<double, D, 1> z;
  for (double& value : z) value = normal(random);
  Eigen::Map<Eigen::Matrix<double, D, 1>> state(x.data());
  state = initial_mean_ + initial_factor_ * z;
}

template <int D>
void LinearGaussianSeries<D>::draw_next(State& x, Stream& random) const {
  Eigen::Matrix<double, D, 1> z;
  for (double& value : z) value = normal(random);
  Eigen::Map<Eigen::Matrix<double, D, 1>> state(x.data());
  state = (transition_ * state + noise_factor_ * z).eval();
}

template <int D>
double LinearGaussianSeries<D>::log_likelihood(const State& x, std::int64_t t) const {
  const Row& row = rows_[static_cast<std::size_t>(t)];
  double squares = 0;
  for (std::int64_t i = row.first; i < row.first + row.count; ++i) {
    const std::array<double, D + 1>& white = white_[static_cast<std::size_t>(i)];
    double rest = white[0];
    for (std::size_t k = 0; k < D; ++k) rest -= white[k + 1] * x[k];
    squares += rest * rest;
  }
  return row.constant - 0.5 * squares;
}

template <int D>
double LinearGaussianSeries<D>::log_transition(const State& from, const State& to) const {
  const Eigen::Map<const Eigen::Matrix<double, D, 1>> x(from.data()), next(to.data());
  return transition_constant_ - 0.5 * (noise_inverse_ * (next - transition_ * x)).squaredNorm();
}

template class LinearGaussianSeries<1>;
template class LinearGaussianSeries<2>;
template class LinearGaussianSeries<3>;
template class LinearGaussianSeries<4>;

}  // namespace lehr::sample
