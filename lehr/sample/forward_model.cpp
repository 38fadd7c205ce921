#include "lehr/sample/forward_model.hpp"

#include "lehr/core/errors.hpp"
#include "lehr/core/number_text.hpp"

namespace lehr::sample {

using Eigen::MatrixXd;
using Eigen::VectorXd;

ForwardModel pointwise_model(std::vector<std::string> inputs, std::vector<std::string> outputs,
                      std::function<void(const Eigen::Ref<const VectorXd>&, Eigen::Ref<VectorXd>)> function) {
  const auto count = static_cast<Index>(outputs.size());
  auto evaluate = [function = std::move(function), count](const Points& points) {
    MatrixXd values(count, points.cols());
    for_point_blocks(points.cols(), [&](Index first, Index size) {
      for (Index i = first; i < first + size; ++i) function(points.col(i), values.col(i));
    });
    return values;
  };
  return {std::move(inputs), std::move(outputs), std::move(evaluate)};
}

MatrixXd evaluate_checked(const ForwardModel& model, const Points& points) {
  if (points.rows() != static_cast<Index>(model.inputs.size()))
    throw InvalidInput("model: it has {} inputs, the points have {} coordinates", model.inputs.size(),
                       points.rows());
  if (points.cols() == 0) return {static_cast<Index>(model.outputs.size()), 0};
  MatrixXd values = model.evaluate(points);
  if (values.rows() != static_cast<Index>(model.outputs.size()) || values.cols() != points.cols())
    throw InvalidInput("model: it gave {} x {} outputs, expected {} x {}", values.rows(), values.cols(),
                       model.outputs.size(), points.cols());
  if (values.allFinite()) return values;
  for (Index i = 0; i < values.cols(); ++i)
    for (Index k = 0; k < values.rows(); ++k)
      if (std::string shown; !std::isfinite(values(k, i))) {
        append_number(shown, values(k, i));
        throw NumericalFailure("model: output {} is {} at {}",
                               quote(model.outputs[static_cast<std::size_t>(k)]), shown,
                               point_text(points.col(i), model.inputs));
      }
  return values;
}

}  // namespace lehr::sample
