#include "lehr/spin/memory/task_sequence.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "lehr/core/csv.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/idx.hpp"
#include "lehr/core/npy.hpp"

namespace lehr::spin {
namespace {

std::vector<std::int32_t> shuffled(Eigen::Index count, Stream random) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1],
              order[static_cast<std::size_t>(uniform_index(random, static_cast<std::int64_t>(i)))]);
  return order;
}

LabelledData subset(const LabelledData& data, std::span<const std::int32_t> chosen) {
  LabelledData part{Eigen::MatrixXf(data.inputs.rows(), static_cast<Eigen::Index>(chosen.size())), {}};
  part.labels.reserve(chosen.size());
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    part.inputs.col(static_cast<Eigen::Index>(i)) = data.inputs.col(chosen[i]);
    part.labels.push_back(data.labels[static_cast<std::size_t>(chosen[i])]);
  }
  return part;
}

std::int32_t label_of(double value, const std::string& where) {
  if (!(value >= 0 && value < 1e6) || value != std::floor(value))
    throw InvalidInput("{}: labels are whole numbers from 0 to 999999, found {}", where, value);
  return static_cast<std::int32_t>(value);
}

LabelledData labelled(const Eigen::MatrixXd& inputs, std::span<const double> labels,
                      const std::string& where) {
  if (inputs.cols() != static_cast<Eigen::Index>(labels.size()))
    throw InvalidInput("{}: {} inputs have {} labels", where, inputs.cols(), labels.size());
  LabelledData data{inputs.cast<float>(), {}};
  for (const double value : labels) data.labels.push_back(label_of(value, where));
  return data;
}

LabelledData read_csv_examples(const std::filesystem::path& path) {
  const std::string name = path.string();
  const CsvTable table = read_csv(path, {.separator = '\0', .header = false});
  if (table.columns.size() < 2) throw InvalidInput("{}: a row needs inputs and a label", name);
  const auto width = static_cast<Eigen::Index>(table.columns.size()) - 1;
  Eigen::MatrixXd inputs(width, static_cast<Eigen::Index>(table.rows));
  for (Eigen::Index j = 0; j < width; ++j) {
    const auto column = table.number_column(table.columns[static_cast<std::size_t>(j)], MissingCells::refuse);
    inputs.row(j) =
        Eigen::Map<const Eigen::RowVectorXd>(column.data(), static_cast<Eigen::Index>(column.size()));
  }
  return labelled(inputs, table.number_column(table.columns.back(), MissingCells::refuse), name);
}

// An array of shape [n, ...] as n columns.
Eigen::MatrixXd flat_points(const Tensor& tensor, const std::string& where) {
  if (tensor.shape.size() < 2)
    throw InvalidInput("{}: the inputs have shape {}, expected [examples, width...]", where,
                       to_string(tensor.shape));
  const auto count = static_cast<Eigen::Index>(tensor.shape.front());
  const std::vector<double> values = tensor.to_doubles();
  if (count == 0 || values.empty()) throw InvalidInput("{}: no inputs", where);
  return Eigen::Map<const Eigen::MatrixXd>(values.data(), static_cast<Eigen::Index>(values.size()) / count,
                                           count);
}

LabelledData read_npz_part(const Npz& file, const std::string& inputs, const std::string& labels,
                           const std::string& name) {
  const std::string where = fmt::format("{}: {}", name, inputs);
  return labelled(flat_points(file.read(inputs), where), file.read(labels).to_doubles(), where);
}

bool is_split(const Npz& file) { return std::ranges::find(file.names(), "x_train") != file.names().end(); }

LabelledData read_idx_part(const std::filesystem::path& folder, const std::string& kind) {
  const auto file = [&](const std::string& rest) {
    for (const char* end : {"", ".gz"})
      if (const auto path = folder / (kind + rest + end); std::filesystem::exists(path)) return path;
    return folder / (kind + rest);  // reading it says that it is missing
  };
  const auto images = file("-images-idx3-ubyte"), labels = file("-labels-idx1-ubyte");
  return labelled(flat_points(read_idx(images), images.string()), read_idx(labels).to_doubles(),
                  labels.string());
}

void split(ClassificationTask& task, const LabelledData& all, Eigen::Index train, Seed seed) {
  if (train < 1 || train >= all.size())
    throw InvalidInput("{}: of {} examples, the number for training must be in [1, {}], found {}", task.name,
                       all.size(), all.size() - 1, train);
  const auto order = shuffled(all.size(), Stream(seed, lane("continual split")));
  task.train = subset(all, std::span(order).first(static_cast<std::size_t>(train)));
  task.test = subset(all, std::span(order).subspan(static_cast<std::size_t>(train)));
}

void scale_inputs(ClassificationTask& task) {
  const float largest = task.train.inputs.cwiseAbs().maxCoeff();
  if (!std::isfinite(largest)) throw InvalidInput("{}: an input is not finite", task.name);
  if (largest == 0) return;
  task.train.inputs /= largest;
  task.test.inputs /= largest;
}

}  // namespace

ClassificationTask read_task(const std::filesystem::path& path, Eigen::Index train, Seed seed) {
  ClassificationTask task{path.filename().string(), {}, {}};
  if (std::filesystem::is_directory(path)) {
    task.train = read_idx_part(path, "train");
    task.test = read_idx_part(path, "t10k");
  } else if (path.extension() == ".npz") {
    const Npz file(path);
    if (is_split(file)) {
      task.train = read_npz_part(file, "x_train", "y_train", path.string());
      task.test = read_npz_part(file, "x_test", "y_test", path.string());
    } else {
      split(task, read_npz_part(file, "x", "y", path.string()), train, seed);
    }
  } else {
    split(task, read_csv_examples(path), train, seed);
  }
  if (task.train.size() == 0 || task.test.size() == 0) throw InvalidInput("{}: no examples", path.string());
  if (train > 0) keep_training_examples(task, train, seed);
  scale_inputs(task);
  return task;
}

void keep_training_examples(ClassificationTask& task, Eigen::Index count, Seed seed) {
  if (count <= 0 || count >= task.train.size()) return;
  const auto order = shuffled(task.train.size(), Stream(seed, lane("continual subset")));
  task.train = subset(task.train, std::span(order).first(static_cast<std::size_t>(count)));
}

TaskSequence permuted_tasks(const ClassificationTask& task, std::int64_t count, Seed seed) {
  std::vector<ClassificationTask> tasks;
  for (std::int64_t k = 0; k < count; ++k) {
    const auto order = shuffled(task.train.inputs.rows(),
                                Stream(seed, lane("continual permutation"), static_cast<std::uint64_t>(k)));
    ClassificationTask permuted = task;
    permuted.name = fmt::format("{} permuted {}", task.name, k + 1);
    permuted.train.inputs = task.train.inputs(order, Eigen::all);
    permuted.test.inputs = task.test.inputs(order, Eigen::all);
    tasks.push_back(std::move(permuted));
  }
  return task_sequence(std::move(tasks));
}

TaskSequence task_sequence(std::vector<ClassificationTask> tasks) {
  TaskSequence sequence{std::move(tasks), 0};
  for (const ClassificationTask& task : sequence.tasks)
    for (const auto* part : {&task.train, &task.test})
      for (const std::int32_t label : part->labels) sequence.classes = std::max(sequence.classes, label + 1);
  sequence.check();
  return sequence;
}

void TaskSequence::check() const {
  if (tasks.empty()) throw InvalidInput("continual learning: there is no task");
  for (const ClassificationTask& task : tasks)
    for (const auto* part : {&task.train, &task.test}) {
      if (part->size() == 0) throw InvalidInput("task '{}': no examples", task.name);
      if (part->inputs.rows() != width())
        throw InvalidInput("task '{}': inputs are {} wide, those of '{}' are {} wide", task.name,
                           part->inputs.rows(), tasks.front().name, width());
      if (static_cast<Eigen::Index>(part->labels.size()) != part->size())
        throw InvalidInput("task '{}': {} examples have {} labels", task.name, part->size(),
                           part->labels.size());
      if (!part->inputs.allFinite()) throw InvalidInput("task '{}': an input is not finite", task.name);
      for (const std::int32_t label : part->labels)
        if (label < 0 || label >= classes)
          throw InvalidInput("task '{}': labels must be in [0, {}], found {}", task.name, classes - 1, label);
    }
}

TrainingOrder::TrainingOrder(const TaskSequence& sequence, std::int64_t epochs, std::int64_t batch)
    : starts_{0}, epochs_(epochs), batch_(batch) {
  for (const ClassificationTask& task : sequence.tasks) {
    if (batch < 1 || task.train.size() < batch)
      throw InvalidInput("batch: must be in [1, {}] (training examples of task '{}'), found {}",
                         task.train.size(), task.name, batch);
    sizes_.push_back(task.train.size());
    batches_.push_back(task.train.size() / batch);
    starts_.push_back(starts_.back() + epochs * batches_.back());
  }
}

TrainingOrder::Place TrainingOrder::at(std::int64_t step) const {
  const auto next = std::upper_bound(starts_.begin(), starts_.end() - 1, step);
  const auto task = static_cast<std::size_t>(next - starts_.begin()) - 1;
  const std::int64_t inside = step - starts_[task], batches = batches_[task];
  Place place{task, inside / batches, inside % batches};
  place.ends_epoch = place.batch == batches - 1;
  place.ends_task = place.ends_epoch && place.epoch == epochs_ - 1;
  return place;
}

std::vector<std::int32_t> TrainingOrder::shuffle(std::int64_t step, Seed seed) const {
  const Place place = at(step);
  const std::int64_t pass = static_cast<std::int64_t>(place.task) * epochs_ + place.epoch;
  return shuffled(sizes_[place.task],
                  Stream(seed, lane("continual order"), static_cast<std::uint64_t>(pass)));
}

}  // namespace lehr::spin
