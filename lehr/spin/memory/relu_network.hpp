// A fully connected network without biases, z_l = W_l a_(l-1) / sqrt(width of a_(l-1)), ReLU between the
// layers, softmax with cross-entropy at the end: what the continual learners of this folder train in one form
// or another.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/core/row.hpp"
#include "lehr/spin/memory/task_sequence.hpp"

namespace lehr::spin {

using Layers = std::vector<Eigen::MatrixXf>;  // W_l: width of layer l x width of layer l - 1

// The widths [inputs, hidden..., classes]. Throws InvalidInput for a hidden width outside [1, 65536].
std::vector<Eigen::Index> network_widths(const TaskSequence& sequence, std::span<const std::int64_t> hidden);
// Matrices of these widths with independent normal entries of standard deviation `scale` (0: zeros).
Layers random_layers(std::span<const Eigen::Index> widths, double scale, Stream random);

// Entry by entry +1 or -1; +1 where it is 0.
Layers signs(const Layers& layers);

// The outputs before the softmax, classes x examples.
Eigen::MatrixXf network_outputs(const Layers& weights, const Eigen::Ref<const Eigen::MatrixXf>& inputs);
double accuracy(const Layers& weights, const LabelledData& data);

// Sets `gradient` (of the weights' shapes) to that of the loss summed over the batch, and returns this loss.
double network_gradient(const Layers& weights, const Eigen::Ref<const Eigen::MatrixXf>& inputs,
                        std::span<const std::int32_t> labels, Layers& gradient);

// What is known of every task after each: entry (k, t) is the test accuracy on task k once task t was
// trained, nan where task k was not trained yet.
struct AccuracyMatrix {
  Eigen::MatrixXd values;
  Eigen::VectorXd latest;    // after the last epoch; 0 for tasks to come
  std::int64_t trained = 0;  // tasks that were trained to their end

  explicit AccuracyMatrix(std::size_t tasks = 0);
  // Tests the network on the tasks seen so far; to be called at the end of every epoch.
  void update(const Layers& weights, const TaskSequence& sequence, const TrainingOrder::Place& place);
  void measure(Row& row) const;  // accuracy_1 .. accuracy_T, as of the last epoch
  double mean() const;           // of the last column; 0 before the first
  double last() const;           // of the last task on its own
  double backward_transfer()
      const;  // mean over the earlier tasks of (last column - diagonal); 0 for one task

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("accuracy", values);
    visit("latest_accuracy", latest);
    visit("trained", trained);
  }
};

// The examples of one mini-batch.
struct Batch {
  Eigen::MatrixXf inputs;
  std::vector<std::int32_t> labels;
};
Batch gather(const LabelledData& data, std::span<const std::int32_t> order, std::int64_t batch,
             std::int64_t size);

// Visits every matrix of a checkpoint's field `name` as name.0, name.1, ...
template <class Visitor, class AnyLayers>
void visit_layers(Visitor& visit, std::string_view name, AnyLayers& layers) {
  for (std::size_t l = 0; l < layers.size(); ++l)
    visit(std::string(name) + "." + std::to_string(l), layers[l]);
}

}  // namespace lehr::spin
