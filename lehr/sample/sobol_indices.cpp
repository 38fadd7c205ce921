#include "lehr/sample/sobol_indices.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::sample {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

// Sets of inputs, each {input}, or its complement.
struct PickedSet {
  Index input;
  bool complement;
  bool picks(Index k) const { return (k == input) != complement; }
};

std::vector<PickedSet> picked_sets(Index inputs, const SobolOrders& orders) {
  std::vector<PickedSet> sets;
  for (Index k = 0; orders.first && k < inputs; ++k) sets.push_back({k, false});
  for (Index k = 0; orders.total && k < inputs; ++k) sets.push_back({k, true});
  return sets;
}

// The sets + 2 functions at each point (x1, x2) of 2 d standard coordinates.
MatrixXd pick_freeze(const ForwardModel& model, const Law& law, const std::vector<PickedSet>& sets, Index output,
                     double shift, const Points& points) {
  const Index d = law.dimension(), n = points.cols(), S = static_cast<Index>(sets.size());
  const MatrixXd first = law.from_standard(points.topRows(d)),
                 second = law.from_standard(points.bottomRows(d));
  MatrixXd inputs(d, n * (S + 1));
  inputs.leftCols(n) = first;
  for (Index s = 0; s < S; ++s)
    for (Index k = 0; k < d; ++k)
      inputs.row(k).segment((s + 1) * n, n) =
          sets[static_cast<std::size_t>(s)].picks(k) ? first.row(k) : second.row(k);
  const VectorXd y = evaluate_checked(model, inputs).row(output).transpose().array() - shift;
  MatrixXd values(S + 2, n);
  for (Index s = 0; s < S; ++s) values.row(s) = y.head(n).cwiseProduct(y.segment((s + 1) * n, n)).transpose();
  values.row(S) = y.head(n).transpose();
  values.row(S + 1) = y.head(n).cwiseAbs2().transpose();
  return values;
}

}  // namespace

ExpectationProblem sobol_problem(const ForwardModel& model, const Law& law, const SobolOrders& orders, Index output,
                                 double shift) {
  if (!orders.first && !orders.total) throw InvalidInput("sobol: give first, total, or both");
  if (!law.independent())
    throw InvalidInput("sobol: the indices need independent inputs, the law has correlations");
  if (static_cast<Index>(model.inputs.size()) != law.dimension())
    throw InvalidInput("sobol: the law has {} variables, the model has {} inputs", law.dimension(),
                       model.inputs.size());
  if (output < 0 || output >= static_cast<Index>(model.outputs.size()))
    throw InvalidInput("sobol: the model has {} outputs, found number {}", model.outputs.size(), output + 1);
  const Index d = law.dimension();
  const std::vector<PickedSet> sets = picked_sets(d, orders);
  ExpectationProblem problem;
  problem.dimension = 2 * d;
  problem.laws = {standard_normal(2 * d)};
  for (const PickedSet& set : sets)
    problem.output_names.push_back((set.complement ? "without_" : "with_") +
                                   law.variables()[static_cast<std::size_t>(set.input)].name);
  problem.output_names.insert(problem.output_names.end(), {"mean", "square"});
  for (std::size_t j = 0; j < problem.output_names.size(); ++j)
    problem.expectations.push_back({problem.output_names[j], static_cast<Index>(j), 0});
  problem.evaluate = [model, law, sets, output, shift](const Points& points) {
    return pick_freeze(model, law, sets, output, shift, points);
  };
  problem.calls_per_point = static_cast<std::int64_t>(sets.size()) + 1;
  for (const std::string& name : law.names()) problem.point_names.push_back(name);
  for (const std::string& name : law.names()) problem.point_names.push_back(name + "_other");
  problem.to_physical = [law, d](const Points& points) {
    MatrixXd both(2 * d, points.cols());
    both << law.from_standard(points.topRows(d)), law.from_standard(points.bottomRows(d));
    return both;
  };
  if (law.has_density())
    problem.log_jacobian = [law, d](const Points& points) {
      return VectorXd(law.log_pdf(law.from_standard(points.topRows(d))) +
                      law.log_pdf(law.from_standard(points.bottomRows(d))) - standard_normal_log_pdf(points));
    };
  return problem;
}

SobolIndices sobol_indices(const ExpectationEstimate& estimate, const Law& law, const SobolOrders& orders,
                           double shift) {
  const std::vector<PickedSet> sets = picked_sets(law.dimension(), orders);
  const auto S = static_cast<Index>(sets.size());
  if (estimate.values.size() != S + 2)
    throw InvalidInput("sobol: {} expectations were estimated, {} are needed", estimate.values.size(), S + 2);
  const double mean = estimate.values[S], variance = estimate.values[S + 1] - mean * mean;
  if (!(variance > 0))
    throw NumericalFailure("sobol: the output's variance is estimated as {}; more calls are needed",
                           variance);
  SobolIndices indices{{}, {}, mean + shift, variance};
  for (Index s = 0; s < S; ++s) {
    const PickedSet& set = sets[static_cast<std::size_t>(s)];
    const double index = (estimate.values[s] - mean * mean) / variance;
    VectorXd gradient = VectorXd::Zero(S + 2);
    gradient[s] = 1 / variance;
    gradient[S] = -2 * mean * (1 - index) / variance;
    gradient[S + 1] = -index / variance;
    const double error = std::sqrt(std::max(0.0, gradient.dot(estimate.covariance * gradient)));
    const std::string& name = law.variables()[static_cast<std::size_t>(set.input)].name;
    if (set.complement)
      indices.total.push_back({name, 1 - index, error});
    else
      indices.first.push_back({name, index, error});
  }
  return indices;
}

}  // namespace lehr::sample
