#include "apps/lehr/spin/continual.hpp"

#include <cmath>
#include <filesystem>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/npy.hpp"
#include "lehr/spin/memory/elastic_network.hpp"
#include "lehr/spin/memory/metaplastic_bnn.hpp"
#include "lehr/spin/memory/variational_continual.hpp"

namespace lehr::command {

using namespace spin;

namespace {

struct ContinualOptions {
  std::vector<std::string> tasks;
  std::string data = "digits", method = "variational";
  std::int64_t permuted = 5, train = 1400, epochs = 20, batch = 50;
  std::vector<std::int64_t> hidden = {256, 256};
  double input_scale = 1;
  Schedule learning_rate = 0.01, beta = annealed_polarisation(), kl = 1, metaplasticity = 8, stiffness = 0;
  double initial_scale = 0;

  void describe(OptionTable& table) {
    table.add("tasks", tasks, "data of each task, in their order: npz, CSV, or a folder of IDX files")
        .positional();
    table.add("data", data,
              "where no tasks are given: `digits` (8 x 8, of python3-sklearn) or a path as above");
    table.add("permuted", permuted, "tasks made of it, each with its inputs in another order").range(1, 1000);
    table.add("train", train, "training examples of each task; 0: all that its files set aside")
        .range(0, 1e8);
    table.add("input_scale", input_scale, "largest magnitude of an input").above(0);
    table.add("method", method, "how to learn").choices({"variational", "metaplastic", "elastic", "plain"});
    table.add("hidden", hidden, "widths of the hidden layers").range(1, 65536);
    table.add("epochs", epochs, "passes over each task").range(1, 1e6);
    table.add("batch", batch, "examples per mini-batch").range(1, 1e6);
    table.add("learning_rate", learning_rate, "of Adam, over the whole sequence");
    table
        .add("initial_scale", initial_scale,
             "standard deviation of the first weights; 0: 1 (variational, elastic, plain) or 0.1 "
             "(metaplastic)")
        .at_least(0);
    table.add("beta", beta, "variational: inverse temperature of the fields, over the whole sequence");
    table.add("kl", kl, "variational: weight of the pull to the last mini-batch's posterior; 1 is Bayes");
    table.add("metaplasticity", metaplasticity, "metaplastic: m");
    table.add("stiffness", stiffness, "elastic: weight of the Fisher penalty (EWC)");
  }
};

constexpr const char* digits_path = "/usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz";

std::filesystem::path data_path(const std::string& name, const TaskContext& context) {
  if (name != "digits") return context.resolve(name);
  if (!std::filesystem::exists(digits_path))
    throw InvalidInput("data: the digits are not installed ({} is missing); apt-get install python3-sklearn",
                       digits_path);
  return digits_path;
}

TaskSequence load(const ContinualOptions& options, const TaskContext& context) {
  const auto read = [&](const std::string& name) {
    ClassificationTask task = read_task(data_path(name, context), options.train, context.seed);
    task.train.inputs *= static_cast<float>(options.input_scale);
    task.test.inputs *= static_cast<float>(options.input_scale);
    return task;
  };
  if (options.tasks.empty()) return permuted_tasks(read(options.data), options.permuted, context.seed);
  std::vector<ClassificationTask> tasks;
  for (const std::string& name : options.tasks) tasks.push_back(read(name));
  return task_sequence(std::move(tasks));
}

// Rows at the end of every epoch.
struct EpochTrace {
  std::vector<std::string> names;
  std::vector<std::vector<double>> rows;
};

Figure figure_of(const EpochTrace& trace, const char* name, const char* title, const char* label,
                 std::string_view prefix) {
  Figure figure{.name = name, .title = title, .caption = {}, .x = {}, .y = {}, .series = {}};
  figure.x.label = "epoch";
  figure.y.label = label;
  for (std::size_t k = 0; k < trace.names.size(); ++k) {
    if (!trace.names[k].starts_with(prefix) || figure.series.size() == 8) continue;
    Series series{.label = trace.names[k], .x = {}, .y = {}, .low = {}, .high = {}};
    for (std::size_t i = 0; i < trace.rows.size(); ++i)
      series.x.push_back(static_cast<double>(i + 1)), series.y.push_back(trace.rows[i][k]);
    figure.series.push_back(std::move(series));
  }
  return figure;
}

Table accuracy_table(const AccuracyMatrix& accuracy, const TaskSequence& sequence) {
  Table table{.title = "Test accuracy on each task (rows) after each task (columns)",
              .columns = {"task"},
              .rows = {},
              .formats = {""}};
  for (std::size_t t = 0; t < sequence.tasks.size(); ++t)
    table.columns.push_back(fmt::format("after {}", t + 1)), table.formats.push_back(".4f");
  for (Eigen::Index k = 0; k < accuracy.values.rows(); ++k) {
    std::vector<Json> row{sequence.tasks[static_cast<std::size_t>(k)].name};
    for (Eigen::Index t = 0; t < accuracy.values.cols(); ++t)
      row.push_back(t < k ? Json("") : json_number(accuracy.values(k, t)));
    table.rows.push_back(std::move(row));
  }
  return table;
}

// Writes the layers as name_1, name_2, ... of an npz file, if the run has a folder (which `train` made).
void keep_layers(Report& report, const TaskContext& context,
                 const std::vector<std::pair<std::string, Layers>>& groups) {
  if (context.directory.empty()) return;
  std::vector<std::vector<float>> values;
  std::vector<std::pair<std::string, Shape>> entries;
  for (const auto& [name, layers] : groups)
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows = layers[l];
      values.emplace_back(rows.data(), rows.data() + rows.size());
      entries.emplace_back(fmt::format("{}_{}", name, l + 1), Shape{rows.rows(), rows.cols()});
    }
  std::map<std::string, TensorView, std::less<>> arrays;
  for (std::size_t k = 0; k < entries.size(); ++k)
    arrays.emplace(entries[k].first, tensor_view(std::span<const float>(values[k]), entries[k].second));
  const auto path = context.directory / "weights.npz";
  write_npz(path, arrays);
  report.artifacts.push_back({.name = "weights", .extension = "npz", .content = {}, .path = path.string()});
}

template <class M>
void train(const M& method, const TaskSequence& sequence, const ContinualOptions& options,
           TaskContext& context, Report& report, auto layers) {
  EpochTrace trace;
  ContinualOptions described = options;
  Observers observers = context.observers_with_checkpoints(describe(described).values());
  const std::int64_t steps_per_epoch = sequence.tasks.front().train.size() / options.batch;
  observers.list.push_back(
      {.see = [&trace, steps_per_epoch](const Moment& now, const Row& row) -> std::int64_t {
         const std::int64_t done = now.step + 1, next = (done / steps_per_epoch + 1) * steps_per_epoch;
         if (done % steps_per_epoch != 0) return next - 1;
         trace.rows.emplace_back();
         for (const auto& [name, value] : row.entries()) {
           if (trace.rows.size() == 1) trace.names.push_back(name);
           trace.rows.back().push_back(value);
         }
         return next - 1;
       },
       .end = {}});
  const auto run = drive(method, Budget::steps(method.steps()), context.seed, observers);
  const AccuracyMatrix& accuracy = run.state.accuracy;
  report.metric("accuracy", accuracy.mean());
  report.metric("last_accuracy", accuracy.last());
  report.metric("backward_transfer", accuracy.backward_transfer());
  report.metric("first_accuracy", accuracy.trained > 0 ? accuracy.values(0, accuracy.trained - 1) : 0);
  report.tables.push_back(accuracy_table(accuracy, sequence));
  report.figures.push_back(figure_of(trace, "accuracy",
                                     "Test accuracy on each task while it and later ones are learnt",
                                     "accuracy", "accuracy_"));
  if (options.method == "variational")
    report.figures.push_back(
        figure_of(trace, "variance", "Mean variance of the weights", "variance", "variance_"));
  keep_layers(report, context, layers(run.state));
}

Report continual(const ContinualOptions& options, TaskContext& context) {
  const auto sequence = std::make_shared<const TaskSequence>(load(options, context));
  Report report;
  report.title = fmt::format("Continual learning of {} tasks, {}", sequence->tasks.size(), options.method);
  using Groups = std::vector<std::pair<std::string, Layers>>;
  const double scale = options.initial_scale;
  if (options.method == "variational") {
    const VariationalContinual method(sequence, {.hidden = options.hidden,
                                                 .epochs = options.epochs,
                                                 .batch = options.batch,
                                                 .beta = options.beta,
                                                 .learning_rate = options.learning_rate,
                                                 .kl = options.kl,
                                                 .initial_scale = scale > 0 ? scale : 1});
    train(method, *sequence, options, context, report, [&](const auto& state) {
      return Groups{{"binary", method.binary_weights(state)},
                    {"theta", state.theta},
                    {"variance", method.variances(state)}};
    });
  } else if (options.method == "metaplastic") {
    const MetaplasticBnn method(sequence, {.hidden = options.hidden,
                                           .epochs = options.epochs,
                                           .batch = options.batch,
                                           .metaplasticity = options.metaplasticity,
                                           .learning_rate = options.learning_rate,
                                           .initial_scale = scale > 0 ? scale : 0.1});
    train(method, *sequence, options, context, report, [&](const auto& state) {
      return Groups{{"binary", method.binary_weights(state)}};
    });
  } else {
    const ElasticNetwork method(sequence,
                                {.hidden = options.hidden,
                                 .epochs = options.epochs,
                                 .batch = options.batch,
                                 .stiffness = options.method == "plain" ? Schedule(0) : options.stiffness,
                                 .learning_rate = options.learning_rate,
                                 .initial_scale = scale > 0 ? scale : 1});
    train(method, *sequence, options, context, report, [&](const auto& state) {
      return Groups{{"weights", state.weights}};
    });
  }
  return report;
}

}  // namespace

Task spin_continual_task() {
  return make_task<ContinualOptions>(
      "spin.continual", "", "train a network on tasks that arrive one after another",
      "Trains a fully connected network on a sequence of classification tasks without replaying old data. "
      "`variational` trains the distribution of weights +1 and -1, whose variances protect what matters; "
      "`metaplastic` trains +1 and -1 weights that resist being weakened; `elastic` trains real weights with "
      "the "
      "Fisher penalty of EWC, and `plain` without. An npz file holds x_train, y_train, x_test, y_test, or x "
      "and y, "
      "of which `train` examples are drawn for training; a CSV file has the label in its last column.",
      {"spin continual --data digits --permuted 5 --input_scale 16",
       "spin continual first.npz second.npz --method variational --epochs 5 --batch 64",
       "spin continual --data mnist/ --permuted 5 --train 32000 --hidden 512 512 --epochs 5 --batch 64"},
      continual);
}

}  // namespace lehr::command
