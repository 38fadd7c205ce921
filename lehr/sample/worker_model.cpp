#include "lehr/sample/worker_model.hpp"

#include "lehr/core/errors.hpp"

namespace lehr::sample {
namespace {

// Why the answer will not do, or "".
std::string answer_problem(const Json& answer, std::size_t outputs) {
  const bool fits = answer.contains("y") && answer["y"].is_array() && answer["y"].size() == outputs &&
                    std::ranges::all_of(answer["y"], [](const Json& entry) { return entry.is_number(); });
  return fits ? "" : fmt::format("the answer has no \"y\" of {} number{}", outputs, outputs == 1 ? "" : "s");
}

}  // namespace

ForwardModel worker_model(std::shared_ptr<Worker> worker, std::vector<std::string> inputs,
                          std::vector<std::string> outputs) {
  ForwardModel model{std::move(inputs), std::move(outputs), {}};
  model.evaluate = [worker = std::move(worker), names = model.inputs,
                    count = model.outputs.size()](const Points& points) {
    std::vector<Json> items;
    for (Index i = 0; i < points.cols(); ++i)
      items.push_back({{"x", std::vector<double>(points.col(i).begin(), points.col(i).end())}});
    const std::vector<WorkerAnswer> answers =
        worker->ask("evaluate", items, [count](const Json& answer) { return answer_problem(answer, count); });
    Eigen::MatrixXd values(static_cast<Index>(count), points.cols());
    for (Index i = 0; i < points.cols(); ++i) {
      const WorkerAnswer& answer = answers[static_cast<std::size_t>(i)];
      if (!answer.ok())
        throw NumericalFailure("worker: no answer at {}: {}", point_text(points.col(i), names),
                               answer.failure);
      for (std::size_t k = 0; k < count; ++k)
        values(static_cast<Index>(k), i) = answer.value["y"][k].get<double>();
    }
    return values;
  };
  return model;
}

}  // namespace lehr::sample
