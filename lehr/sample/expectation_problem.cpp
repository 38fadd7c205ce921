#include "lehr/sample/expectation_problem.hpp"

#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"

namespace lehr::sample {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

void check_dimensions(const ForwardModel& model, const std::vector<Density>& laws) {
  if (laws.empty()) throw InvalidInput("expectations: at least one law is needed");
  for (std::size_t l = 0; l < laws.size(); ++l)
    if (laws[l].dimension != static_cast<Index>(model.inputs.size()))
      throw InvalidInput("expectations: law {} has {} variables, the model has {} inputs", l + 1,
                         laws[l].dimension, model.inputs.size());
}

}  // namespace

MatrixXd ExpectationProblem::log_laws(const Points& points) const {
  MatrixXd values(points.cols(), static_cast<Index>(laws.size()));
  for (std::size_t l = 0; l < laws.size(); ++l) values.col(static_cast<Index>(l)) = laws[l].log_pdf(points);
  return values;
}

VectorXd ExpectationProblem::log_start(const Points& points, const MatrixXd& log_laws) const {
  if (start) return start->log_pdf(points);
  if (log_laws.cols() == 1) return log_laws.col(0);
  const VectorXd largest = log_laws.rowwise().maxCoeff().cwiseMax(std::numeric_limits<double>::lowest());
  return (largest.array() + (log_laws.colwise() - largest).array().exp().rowwise().mean().log()).matrix();
}

MatrixXd ExpectationProblem::sample_start(const Stream& stream, Index count) const {
  return start ? start->sample(stream, count) : uniform_mixture(laws).sample(stream, count);
}

std::vector<std::string> ExpectationProblem::names() const {
  std::vector<std::string> list;
  for (const Expectation& expectation : expectations) list.push_back(expectation.name);
  return list;
}

ExpectationProblem expectations_under(const ForwardModel& model, const std::vector<Density>& laws) {
  check_dimensions(model, laws);
  ExpectationProblem problem;
  problem.dimension = laws.front().dimension;
  problem.laws = laws;
  problem.output_names = model.outputs;
  for (std::size_t l = 0; l < laws.size(); ++l)
    for (std::size_t k = 0; k < model.outputs.size(); ++k)
      problem.expectations.push_back(
          {laws.size() == 1 ? model.outputs[k] : fmt::format("{}_{}", model.outputs[k], l + 1),
           static_cast<Index>(k), static_cast<Index>(l)});
  problem.evaluate = [model](const Points& points) { return evaluate_checked(model, points); };
  problem.point_names = model.inputs;
  problem.to_physical = [](const Points& points) { return MatrixXd(points); };
  problem.log_jacobian = [](const Points& points) { return VectorXd(VectorXd::Zero(points.cols())); };
  return problem;
}

ExpectationProblem expectations_under(const ForwardModel& model, const std::vector<Law>& laws) {
  std::vector<Density> densities;
  for (const Law& law : laws) densities.push_back(law.density());
  return expectations_under(model, densities);
}

ExpectationProblem expectations_under(const ForwardModel& model, const Law& law, Space space) {
  if (space == Space::physical) return expectations_under(model, std::vector<Law>{law});
  ExpectationProblem problem = expectations_under(model, {standard_normal(law.dimension())});
  problem.evaluate = [model, law](const Points& points) {
    return evaluate_checked(model, law.from_standard(points));
  };
  problem.to_physical = [law](const Points& points) { return law.from_standard(points); };
  problem.log_jacobian = nullptr;
  if (law.has_density())
    problem.log_jacobian = [law](const Points& points) {
      return VectorXd(law.log_pdf(law.from_standard(points)) - standard_normal_log_pdf(points));
    };
  return problem;
}

Density in_standard_space(const Law& law, const Density& physical) {
  if (physical.dimension != law.dimension())
    throw InvalidInput("law: it has {} variables, the other {}", physical.dimension, law.dimension());
  return {
      law.dimension(),
      [law, physical](const Points& standard) {
        const MatrixXd points = law.from_standard(standard);
        return VectorXd(physical.log_pdf(points) - law.log_pdf(points) + standard_normal_log_pdf(standard));
      },
      [law, physical](const Stream& stream, Index count) {
        MatrixXd standard = law.to_standard(physical.sample(stream, count));
        if (!standard.allFinite())
          throw InvalidInput("start: it draws points outside the support of the law");
        return standard;
      }};
}

}  // namespace lehr::sample
