#include "lehr/sample/reference_projection.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/sample/design.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::sample {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double largest_grid = 300'000;
constexpr std::uint64_t reference_repetition = std::uint64_t{1}
                                               << 39;  // no design that is measured has this number
constexpr Index least_draws = 20'000, draws_per_function = 100;

struct Rule {
  MatrixXd nodes;  // d x N
  VectorXd weights;
};

double grid_size(const std::vector<stats::Quadrature>& rules) {
  double size = 1;
  for (const stats::Quadrature& rule : rules) size *= static_cast<double>(rule.nodes.size());
  return size;
}

// The product of univariate rules, the last coordinate running fastest.
Rule tensor_rule(const std::vector<stats::Quadrature>& rules) {
  const auto count = static_cast<Index>(grid_size(rules));
  Rule grid{MatrixXd(static_cast<Index>(rules.size()), count), VectorXd::Ones(count)};
  for (Index k = 0; k < count; ++k) {
    Index rest = k;
    for (std::size_t i = rules.size(); i-- > 0;) {
      const auto nodes = static_cast<Index>(rules[i].nodes.size());
      const auto at = static_cast<std::size_t>(rest % nodes);
      grid.nodes(static_cast<Index>(i), k) = rules[i].nodes[at];
      grid.weights(k) *= rules[i].weights[at];
      rest /= nodes;
    }
  }
  return grid;
}

VectorXd values_at(const ScalarModel& function, const MatrixXd& nodes) {
  VectorXd values = function(nodes);
  for (Index i = 0; i < values.size(); ++i)
    if (!std::isfinite(values(i)))
      throw InvalidInput("model: the value is {} at ({})", values(i),
                         fmt::join(nodes.col(i).begin(), nodes.col(i).end(), ", "));
  return values;
}

ReferenceProjection by_rule(const FunctionSpace& space, const ScalarModel& function, const Rule& rule) {
  const VectorXd values = values_at(function, rule.nodes);
  const MatrixXd features = space.features(rule.nodes);
  ReferenceProjection projection;
  projection.coefficients = features * rule.weights.cwiseProduct(values);
  const VectorXd rest = values - features.transpose() * projection.coefficients;
  projection.best_error = std::sqrt(rule.weights.dot(rest.cwiseAbs2()));
  projection.evaluations = values.size();
  return projection;
}

ReferenceProjection by_draws(const FunctionSpace& space, const ScalarModel& function, Seed seed) {
  const Index draws = std::max(least_draws, draws_per_function * space.size);
  const Design design =
      draw_design(space, {.kind = "optimal_iid", .n = draws, .mixing = 0.5}, seed, reference_repetition);
  const VectorXd values = values_at(function, design.points);
  const Fit fit =
      weighted_least_squares(space.features(design.points), design.weights, values.transpose()).front();
  return {fit.coefficients, fit.leave_one_out, fit.leave_one_out_error, draws};
}

}  // namespace

double ReferenceProjection::error_of(const VectorXd& c) const {
  VectorXd difference = coefficients;
  difference.head(c.size()) -= c;
  return std::hypot(best_error, difference.norm());
}

ReferenceProjection reference_projection(const FunctionSpace& space, const ScalarModel& function, Seed seed) {
  if (space.finite) return by_rule(space, function, {space.finite->points, space.finite->probabilities});
  if (!space.quadrature.empty() && grid_size(space.quadrature) <= largest_grid)
    return by_rule(space, function, tensor_rule(space.quadrature));
  return by_draws(space, function, seed);
}

RootMeanSquare root_mean_square(const std::vector<double>& squares) {
  RootMeanSquare result{std::sqrt(stats::mean(squares)), 0};
  if (squares.size() > 1 && result.value > 0)
    result.error = stats::standard_error(squares) / (2 * result.value);
  return result;
}

}  // namespace lehr::sample
