// The user's model: outputs of inputs, evaluated on batches of points.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lehr/sample/density.hpp"

namespace lehr::sample {

struct ForwardModel {
  std::vector<std::string> inputs;   // names, for messages
  std::vector<std::string> outputs;  // names
  // d x n points -> m x n outputs. Called by one thread at a time; may use several itself.
  std::function<Eigen::MatrixXd(const Points& points)> evaluate;
};

// A model of one function of a point, called in parallel: it must be safe to call from several threads.
ForwardModel pointwise_model(
    std::vector<std::string> inputs, std::vector<std::string> outputs,
    std::function<void(const Eigen::Ref<const Eigen::VectorXd>& point, Eigen::Ref<Eigen::VectorXd> outputs)>
        function);

// model.evaluate(points), checked: throws NumericalFailure for an output that is not finite, naming the
// output and the point, and InvalidInput for outputs of another size than promised.
Eigen::MatrixXd evaluate_checked(const ForwardModel& model, const Points& points);

}  // namespace lehr::sample
