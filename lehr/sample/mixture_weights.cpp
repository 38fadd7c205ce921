#include "lehr/sample/mixture_weights.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lehr/core/parallel.hpp"

namespace lehr::sample {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using Active = Eigen::Array<bool, Eigen::Dynamic, 1>;

constexpr double negligible_ratio = 1e-200;  // what a vectorised exp(-infinity) may leave is below
constexpr double least_density = 1e-150;     // q, where it is divided by
constexpr std::int64_t rows_per_block = 2048;
constexpr int exchange_period = 10;  // steps
constexpr int newton_steps = 6;      // of an exchange

// q / h and G_j up to the factor 1/n: sum_i c_i g_j / (h q^2).
struct Gradient {
  VectorXd density, slope;
};

Gradient gradient_at(const Eigen::Ref<const MatrixXd>& ratios, const Eigen::Ref<const VectorXd>& fixed,
                     const Eigen::Ref<const VectorXd>& costs, const VectorXd& alpha) {
  Gradient gradient{VectorXd(ratios.rows()), {}};
  const auto partial = [&](std::int64_t from, std::int64_t to) {
    const Index count = to - from;
    const auto block = ratios.middleRows(from, count);
    VectorXd q = fixed.segment(from, count);
    q.noalias() += block * alpha;
    q = q.cwiseMax(least_density);
    gradient.density.segment(from, count) = q;
    const VectorXd factor = (costs.segment(from, count).array() / q.array().square()).matrix();
    return VectorXd(block.transpose() * factor);
  };
  gradient.slope =
      parallel_reduce(ratios.rows(), rows_per_block, VectorXd(VectorXd::Zero(alpha.size())), partial,
                      [](VectorXd sum, const VectorXd& part) { return VectorXd(sum + part); });
  return gradient;
}

// Scales to sum 1 with no active weight below the floor.
void floor_and_scale(VectorXd& alpha, const Active& active, double floor) {
  alpha /= alpha.sum();
  alpha = active.select(alpha.array().max(floor), 0.0).matrix();
  alpha /= alpha.sum();
}

// Moves weight to the component of the steepest descent: alpha + s (e_j - alpha), with s by Newton's method on V, halved
// until V is lower.
void exchange(VectorXd& alpha, const Gradient& gradient, const Eigen::Ref<const MatrixXd>& ratios,
              const Eigen::Ref<const VectorXd>& fixed, const Eigen::Ref<const VectorXd>& costs) {
  Index best = 0;
  gradient.slope.maxCoeff(&best);
  const Eigen::ArrayXd change = ratios.col(best) + fixed - gradient.density;
  const auto density = [&](double s) {
    return Eigen::ArrayXd((gradient.density.array() + s * change).max(least_density));
  };
  double s = 0;
  for (int k = 0; k < newton_steps; ++k) {
    const Eigen::ArrayXd q = density(s);
    const Eigen::ArrayXd terms = costs.array() * change / q.square();
    const double slope = -terms.sum(), curvature = 2 * (terms * change / q).sum();
    if (!(curvature > 0)) break;
    s = std::clamp(s - slope / curvature, 0.0, 0.5 * (1 + s));
  }
  const double before = (costs.array() / density(0)).sum();
  for (int k = 0; k < newton_steps && s > 0 && !((costs.array() / density(s)).sum() <= before); ++k) s /= 2;
  alpha *= 1 - s;
  alpha[best] += s;
}

}  // namespace

MixtureWeights optimal_mixture_weights(const Eigen::Ref<const MatrixXd>& ratios,
                                       const Eigen::Ref<const VectorXd>& fixed,
                                       const Eigen::Ref<const VectorXd>& costs, VectorXd start,
                                       const MixtureWeightOptions& options) {
  const Active active = ratios.colwise().maxCoeff().transpose().array() > negligible_ratio;
  MixtureWeights result{std::move(start)};
  VectorXd& alpha = result.alpha;
  floor_and_scale(alpha, active, options.floor);
  for (;; ++result.iterations) {
    const Gradient gradient = gradient_at(ratios, fixed, costs, alpha);
    const double mean = alpha.dot(gradient.slope);
    result.gap = mean > 0 ? std::max(0.0, gradient.slope.maxCoeff() / mean - 1) : 0;
    if (result.gap <= options.gap || result.iterations >= options.iterations) return result;
    if (result.iterations % exchange_period == exchange_period - 1)
      exchange(alpha, gradient, ratios, fixed, costs);
    else
      alpha = (alpha.array() * (gradient.slope.array() / mean).sqrt()).matrix();
    floor_and_scale(alpha, active, options.floor);
  }
}

}  // namespace lehr::sample
