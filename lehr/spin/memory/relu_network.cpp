#include "lehr/spin/memory/relu_network.hpp"

#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/spin/memory/softmax_loss.hpp"

namespace lehr::spin {
namespace {

float inverse_root_width(const Eigen::MatrixXf& layer) {
  return 1 / std::sqrt(static_cast<float>(layer.cols()));
}

}  // namespace

std::vector<Eigen::Index> network_widths(const TaskSequence& sequence, std::span<const std::int64_t> hidden) {
  std::vector<Eigen::Index> widths{sequence.width()};
  for (const std::int64_t width : hidden) {
    if (width < 1 || width > 65536)
      throw InvalidInput("hidden: widths of layers must be in [1, 65536], found {}", width);
    widths.push_back(width);
  }
  widths.push_back(sequence.classes);
  return widths;
}

Layers random_layers(std::span<const Eigen::Index> widths, double scale, Stream random) {
  Layers layers;
  for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
    layers.emplace_back(Eigen::MatrixXf::Zero(widths[l + 1], widths[l]));
    if (scale > 0)
      for (float& entry : layers.back().reshaped()) entry = static_cast<float>(scale * normal(random));
  }
  return layers;
}

Layers signs(const Layers& layers) {
  Layers result;
  for (const auto& layer : layers)
    result.emplace_back((layer.array() < 0).select(-1.0F, Eigen::MatrixXf::Ones(layer.rows(), layer.cols())));
  return result;
}

Eigen::MatrixXf network_outputs(const Layers& weights, const Eigen::Ref<const Eigen::MatrixXf>& inputs) {
  Eigen::MatrixXf a = inputs;
  for (std::size_t l = 0; l < weights.size(); ++l) {
    Eigen::MatrixXf z = weights[l] * a;
    z *= inverse_root_width(weights[l]);
    a = l + 1 < weights.size() ? Eigen::MatrixXf(z.cwiseMax(0.0F)) : std::move(z);
  }
  return a;
}

double accuracy(const Layers& weights, const LabelledData& data) {
  return share_correct(network_outputs(weights, data.inputs), data.labels);
}

double network_gradient(const Layers& weights, const Eigen::Ref<const Eigen::MatrixXf>& inputs,
                        std::span<const std::int32_t> labels, Layers& gradient) {
  std::vector<Eigen::MatrixXf> activity{inputs};
  for (std::size_t l = 0; l < weights.size(); ++l) {
    Eigen::MatrixXf z = inverse_root_width(weights[l]) * (weights[l] * activity.back());
    activity.push_back(l + 1 < weights.size() ? Eigen::MatrixXf(z.cwiseMax(0.0F)) : std::move(z));
  }
  Eigen::MatrixXf delta = std::move(activity.back());
  const double loss = softmax_loss(delta, labels);
  gradient.resize(weights.size());
  for (std::size_t l = weights.size(); l-- > 0;) {
    const float scale = inverse_root_width(weights[l]);
    gradient[l].noalias() = scale * (delta * activity[l].transpose());
    if (l > 0)
      delta = ((scale * (weights[l].transpose() * delta)).array() * (activity[l].array() > 0).cast<float>())
                  .matrix()
                  .eval();
  }
  return loss;
}

AccuracyMatrix::AccuracyMatrix(std::size_t tasks)
    : values(Eigen::MatrixXd::Constant(static_cast<Eigen::Index>(tasks), static_cast<Eigen::Index>(tasks),
                                       std::numeric_limits<double>::quiet_NaN())),
      latest(Eigen::VectorXd::Zero(static_cast<Eigen::Index>(tasks))) {}

void AccuracyMatrix::update(const Layers& weights, const TaskSequence& sequence,
                            const TrainingOrder::Place& place) {
  for (std::size_t k = 0; k <= place.task; ++k)
    latest(static_cast<Eigen::Index>(k)) = accuracy(weights, sequence.tasks[k].test);
  if (!place.ends_task) return;
  trained = static_cast<std::int64_t>(place.task) + 1;
  values.col(trained - 1).head(trained) = latest.head(trained);
}

void AccuracyMatrix::measure(Row& row) const {
  for (Eigen::Index k = 0; k < latest.size(); ++k) row.add("accuracy_" + std::to_string(k + 1), latest(k));
}

double AccuracyMatrix::mean() const {
  return trained == 0 ? 0 : values.col(trained - 1).head(trained).mean();
}

double AccuracyMatrix::last() const { return trained == 0 ? 0 : values(trained - 1, trained - 1); }

double AccuracyMatrix::backward_transfer() const {
  if (trained < 2) return 0;
  const Eigen::VectorXd change = values.col(trained - 1) - values.diagonal();
  return change.head(trained - 1).mean();
}

Batch gather(const LabelledData& data, std::span<const std::int32_t> order, std::int64_t batch,
             std::int64_t size) {
  Batch gathered{Eigen::MatrixXf(data.inputs.rows(), size), {}};
  gathered.labels.reserve(static_cast<std::size_t>(size));
  for (std::int64_t i = 0; i < size; ++i) {
    const std::int32_t from = order[static_cast<std::size_t>(batch * size + i)];
    gathered.inputs.col(i) = data.inputs.col(from);
    gathered.labels.push_back(data.labels[static_cast<std::size_t>(from)]);
  }
  return gathered;
}

}  // namespace lehr::spin
