#include "lehr/schedule/laws/spread.hpp"

#include <cmath>

#include "lehr/core/parallel.hpp"
#include "lehr/linalg/dense.hpp"
#include "lehr/schedule/laws/fit_problem.hpp"
#include "lehr/stats/distributions.hpp"

namespace lehr::laws {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

VectorXd drawn_variance(const Fit& fit, const std::function<VectorXd(const Law&)>& quantity) {
  const VectorXd center = quantity(fit.law);
  const auto values =
      parallel_map(static_cast<std::int64_t>(fit.draws.size()), [&](std::int64_t d) -> VectorXd {
        return (quantity(fit.draws[static_cast<std::size_t>(d)]) - center).cwiseAbs2();
      });
  VectorXd variance = VectorXd::Zero(center.size());
  for (const VectorXd& value : values) variance += value;
  return variance / static_cast<double>(values.size());
}

// Half differences along the columns of a square root of the covariance. The root is taken of the
// correlation, since parameters differ in scale, and points stay close to the centre, where the quantity is
// linear.
VectorXd sigma_point_variance(const Fit& fit, const std::function<VectorXd(const Law&)>& quantity) {
  constexpr double reach = 0.01;
  const Index count = static_cast<Index>(fit.parameters.size());
  VectorXd center(count);
  for (Index i = 0; i < count; ++i) center[i] = fit.parameters[static_cast<std::size_t>(i)].value;
  const linalg::SymmetricEigen eigen = linalg::symmetric_eigen(fit.correlation);
  const VectorXd deviation = fit.covariance.diagonal().cwiseSqrt();
  const auto squares = parallel_map(count, [&](std::int64_t j) -> VectorXd {
    const double root = std::sqrt(std::max(eigen.values[j], 0.0));
    const VectorXd step = reach * root * deviation.cwiseProduct(eigen.vectors.col(j));
    const VectorXd up = quantity(law_from(fit.options, center + step));
    const VectorXd down = quantity(law_from(fit.options, center - step));
    return ((up - down) / (2 * reach)).cwiseAbs2();
  });
  VectorXd variance = VectorXd::Zero(squares.front().size());
  for (const VectorXd& square : squares) variance += square;
  return variance;
}

}  // namespace

VectorXd parameter_variance(const Fit& fit, const std::function<VectorXd(const Law&)>& quantity) {
  return fit.draws.empty() ? sigma_point_variance(fit, quantity) : drawn_variance(fit, quantity);
}

double half_width(const ErrorModel& errors, double variance, double discrepancy, double level) {
  const double total = variance + discrepancy;
  if (!(total > 0)) return 0;
  double share = variance * variance / errors.degrees_of_freedom;
  if (errors.folds > 0)
    share += discrepancy * discrepancy / static_cast<double>(errors.folds + assumed_folds);
  const double freedom = std::min(total * total / std::max(share, 1e-300), 1e9);
  return stats::student_t_quantile(0.5 + level / 2, freedom) * std::sqrt(total);
}

}  // namespace lehr::laws
