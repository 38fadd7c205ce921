// Classification tasks that arrive one after another: the data of continual learning.
//
// Readers: a CSV file with the label in the last column (scikit-learn's digits.csv.gz), an .npz file with the
// arrays x_train, y_train, x_test, y_test or x, y, and a folder with the four IDX files of MNIST and
// Fashion-MNIST. Inputs are scaled to [0, 1] by their largest absolute value in the training part.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "lehr/core/random.hpp"

namespace lehr::spin {

struct LabelledData {
  Eigen::MatrixXf inputs;            // width x count, an example per column
  std::vector<std::int32_t> labels;  // 0 .. classes - 1
  Eigen::Index size() const { return inputs.cols(); }
};

struct ClassificationTask {
  std::string name;
  LabelledData train, test;
};

struct TaskSequence {
  std::vector<ClassificationTask> tasks;
  std::int32_t classes = 0;
  Eigen::Index width() const { return tasks.front().train.inputs.rows(); }
  // Throws InvalidInput unless there is a task and every task has training and test data of one width, finite
  // inputs, a label for each input, and labels in [0, classes).
  void check() const;
};

// The data of `path`: a folder of IDX files, .npz or CSV. Where it is not split, `train` examples drawn at
// random are the training part and the others the test part. Throws InvalidInput or IoError.
ClassificationTask read_task(const std::filesystem::path& path, Eigen::Index train, Seed seed);

// At most `count` training examples, drawn at random; 0 keeps all.
void keep_training_examples(ClassificationTask& task, Eigen::Index count, Seed seed);

// `count` tasks: `task` with its inputs' components in an order of their own in each (the first included).
TaskSequence permuted_tasks(const ClassificationTask& task, std::int64_t count, Seed seed);

// A sequence of given tasks; the number of classes is one more than the largest label.
TaskSequence task_sequence(std::vector<ClassificationTask> tasks);

// Which task, epoch and mini-batch a step of training is: tasks one after another, `epochs` passes over each
// in a fresh random order, the last, incomplete mini-batch of a pass left out.
class TrainingOrder {
 public:
  struct Place {
    std::size_t task = 0;
    std::int64_t epoch = 0;  // of this task
    std::int64_t batch = 0;
    bool ends_epoch = false, ends_task = false;
  };

  // Throws InvalidInput when a task has fewer training examples than `batch`.
  TrainingOrder(const TaskSequence& sequence, std::int64_t epochs, std::int64_t batch);
  std::int64_t steps() const { return starts_.back(); }
  std::int64_t batch() const { return batch_; }
  Place at(std::int64_t step) const;  // step in [0, steps())
  // The order of the task's training examples in the pass that `step` belongs to.
  std::vector<std::int32_t> shuffle(std::int64_t step, Seed seed) const;

 private:
  std::vector<std::int64_t> starts_, batches_, sizes_;  // of each task: first step, mini-batches, examples
  std::int64_t epochs_, batch_;
};

}  // namespace lehr::spin
