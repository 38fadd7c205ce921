#include "lehr/sample/reweight.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::sample {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

void check_sample(const Points& points, Index outputs, Index densities, const Density& law) {
  if (points.cols() < 2)
    throw InvalidInput("reweighting: at least 2 points are needed, found {}", points.cols());
  if (outputs != points.cols() || densities != points.cols())
    throw InvalidInput("reweighting: {} points, {} outputs and {} densities", points.cols(), outputs,
                       densities);
  if (law.dimension != points.rows())
    throw InvalidInput("reweighting: the points have {} coordinates, the law has {} variables", points.rows(),
                       law.dimension);
}

}  // namespace

Reweighted reweight(const Points& points, const Eigen::Ref<const MatrixXd>& outputs,
                    const Eigen::Ref<const VectorXd>& log_density, const Density& law,
                    std::vector<std::string> names, Normalisation normalisation) {
  check_sample(points, outputs.cols(), log_density.size(), law);
  for (Index i = 0; i < log_density.size(); ++i)
    if (!std::isfinite(log_density[i]))
      throw InvalidInput("reweighting: the log-density of point {} is {}", i + 1, log_density[i]);
  const VectorXd log_weights = law.log_pdf(points) - log_density;
  const double largest = log_weights.maxCoeff();
  if (!std::isfinite(largest))
    throw InvalidInput("reweighting: the law's density is 0 at all {} points", points.cols());

  const VectorXd scaled = (log_weights.array() - largest).exp();  // w / max w
  const double total = scaled.sum(), scale = std::exp(largest);
  const auto n = static_cast<double>(points.cols());
  Reweighted result;
  result.effective_sample_size = total * total / scaled.squaredNorm();
  result.largest_share = 1 / total;
  result.mass = scale * total / n;
  result.mass_error = scale * std::sqrt(column_variances(scaled)[0] / n);

  JointMoments moments(outputs.rows());
  const bool self = normalisation == Normalisation::self;
  const double factor = self ? n / total : scale;
  const MatrixXd terms = factor * (outputs * scaled.asDiagonal()).transpose();  // n x m
  VectorXd values = terms.colwise().mean().transpose();
  if (self)
    moments.add(terms - factor * scaled * values.transpose());  // w (y - I) / mean w
  else
    moments.add(terms);
  result.estimate = {std::move(names), std::move(values), moments.covariance() / n, points.cols()};
  return result;
}

}  // namespace lehr::sample
