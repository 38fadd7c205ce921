#include "lehr/neural/train_noise_task.hpp"

#include <functional>
#include <map>
#include <memory>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/safetensors.hpp"
#include "lehr/diffusion/conv_network.hpp"
#include "lehr/diffusion/deis.hpp"
#include "lehr/diffusion/point_file.hpp"
#include "lehr/diffusion/quality.hpp"
#include "lehr/neural/conv_net.hpp"
#include "lehr/neural/noise_net.hpp"
#include "lehr/neural/torch_runtime.hpp"

namespace lehr::neural {

using namespace diffusion;

namespace {

struct TrainNoiseOptions {
  std::string data, bytes = "signed", process = "vp-linear", network = "residual", save = "model.safetensors";
  std::vector<double> map = {1, 0};
  std::optional<std::int64_t> columns;
  Schedule learning_rate = Schedule::parse("warmup(0.05, cosine(from=2e-3, to=1e-5))");
  std::int64_t steps = 5000, batch = 256, torch_threads = 1;
  Schedule average = Schedule(0.999);
  NoiseNetSize size;
  ConvShape conv;
  AdamW optimizer{.weight_decay = 0};

  void describe(OptionTable& table) {
    table.add("data", data, "file of the points: csv, npy, npz, safetensors or IDX images")
        .required()
        .positional();
    table.add("columns", columns, "how many of the file's first coordinates to take (leaves out a label)")
        .at_least(1);
    table.add("bytes", bytes, byte_scale_help).choices(byte_scale_names());
    table.add("map", map,
              "factor and shift of the numbers, so that they lie around 0 with a size of about 1");
    table.add("process", process, "noise process: vp-linear, vp-cosine, sub-vp, ve, edm, flow or vp-table");
    table.add("save", save, "safetensors file for the network, which `lehr diffusion sample` takes");
    table.add("learning_rate", learning_rate, "by step");
    table.add("steps", steps, "training steps").range(1, 1e9);
    table.add("batch", batch, "points of a step").range(1, 1e6);
    table.add("average", average, "decay of the parameters' average, which is what is saved, by step");
    table
        .add("network", network,
             "residual: of any points; conv: a U-Net of images that stand row by row, with the options conv")
        .choices({"residual", "conv"});
    table.add("width", size.width, "of the residual stream, a multiple of 4").range(4, 8192);
    table.add("blocks", size.blocks, "residual blocks").range(1, 32);
    table.add("frequencies", size.frequencies, "waves in which the time is embedded").range(1, 1024);
    table.group("conv", conv);
    table.add("clip", optimizer.clip, "largest L2 norm of a gradient; 0: no clipping").at_least(0);
    table.add("torch_threads", torch_threads, "threads of torch; results are equal for equal counts")
        .range(1, 1024);
  }
};

Eigen::MatrixXd training_points(const TrainNoiseOptions& options, const TaskContext& context) {
  Eigen::MatrixXd points =
      read_point_set(context.resolve(options.data), byte_scale_named(options.bytes)).points;
  if (options.columns && *options.columns > points.rows())
    throw InvalidInput("diffusion.train: columns = {}, but {} has {}", *options.columns, options.data,
                       points.rows());
  if (options.columns) points = Eigen::MatrixXd(points.topRows(*options.columns));
  if (options.map.size() != 2) throw InvalidInput("diffusion.train: map takes a factor and a shift");
  points.array() = points.array() * options.map[0] + options.map[1];
  return points;
}

// The network that the options ask for: what training needs of it, and its tensors for a file.
struct TrainedNetwork {
  NoisePredictor predictor;
  std::function<std::map<std::string, lehr::Tensor, std::less<>>(const std::vector<float>&)> tensors;
  std::string architecture;  // of a convolutional network
  std::int64_t parameters = 0;
};

template <class Net>
TrainedNetwork trained_network(std::shared_ptr<const Net> net, std::string architecture) {
  return {{[net](Seed seed) { return net->initial_parameters(seed); },
           [net](const torch::Tensor& parameters, const torch::Tensor& x, const torch::Tensor& t) {
             return (*net)(parameters, x, t);
           }},
          [net](const std::vector<float>& parameters) { return net->tensors(parameters); },
          std::move(architecture),
          net->parameter_count()};
}

TrainedNetwork network_for(const TrainNoiseOptions& options, Eigen::Index dimension) {
  if (options.network == "conv") {
    const ConvShape shape = checked_shape(options.conv, dimension);
    return trained_network(std::make_shared<const ConvNet>(shape), shape.architecture());
  }
  NoiseNetSize size = options.size;
  size.dimension = dimension;
  return trained_network(std::make_shared<const NoiseNet>(size), "");
}

void save_network(const TrainedNetwork& net, const std::vector<float>& parameters, const Process& process,
                  const std::filesystem::path& path) {
  const auto tensors = net.tensors(parameters);
  TensorViews views;
  for (const auto& [name, tensor] : tensors) views[name] = tensor.view();
  Metadata metadata = {{"kind", "noise prediction"}, {"process", process.text()}};
  if (!net.architecture.empty()) metadata["architecture"] = net.architecture;
  write_safetensors(path, views, metadata);
}

Report report_on(const TrainNoiseOptions& options, const TrainNoise::State& state, const Eigen::MatrixXd& all,
                 const Process& process, const std::filesystem::path& model, std::int64_t steps, Seed seed) {
  Report report;
  report.title = fmt::format("A noise predictor for {}", options.data);
  report.metric("loss", state.loss.mean);
  report.metric("linear_loss", least_linear_loss(process, all));
  report.metric("steps", static_cast<double>(steps));
  // Samples of the network beside the points: 20 steps of tAB-DEIS.
  const Eigen::Index most = options.network == "conv" ? 256 : 2000;
  const Eigen::MatrixXd points = all.leftCols(std::min<Eigen::Index>(all.cols(), 10000));
  const ScoreModel network = score_network(read_network(model), model.string());
  const Eigen::Index count = std::clamp<Eigen::Index>(points.cols(), 100, most);
  const Eigen::MatrixXd samples =
      follow(deis_plan(process,
                       TimeGrid::parse("power_t(2)")
                           .times(process, process.discrete() ? std::min(20.0, process.end()) : 20),
                       {.order = 3}),
             network, process, prior_points(process, points.rows(), count, seed));
  const Eigen::Index half = points.cols() / 2;
  report.metric("sw2", sliced_wasserstein(samples, points));
  report.metric("energy",
                energy_distance(samples, points.leftCols(std::min<Eigen::Index>(points.cols(), 5000))));
  if (half >= 2)
    report.metric("sw2_halves", sliced_wasserstein(points.leftCols(half), points.rightCols(half)));
  Figure loss;
  loss.name = "loss", loss.title = "Loss",
  loss.caption = "Mean squared error of the predicted noise, averaged over about a hundred steps.";
  loss.x.label = "step", loss.y.label = "loss";
  Series line;
  line.label = "training";
  for (std::size_t i = 0; i < state.loss.every_hundred.size(); ++i)
    line.x.push_back(100.0 * static_cast<double>(i + 1)), line.y.push_back(state.loss.every_hundred[i]);
  loss.series = {line};
  if (!line.x.empty()) report.figures.push_back(std::move(loss));
  if (points.rows() > 1) {
    const auto cloud = [](const char* label, const Eigen::MatrixXd& x, int color) {
      Series series;
      series.label = label, series.style = Series::Style::points, series.color = color;
      for (Eigen::Index i = 0; i < std::min<Eigen::Index>(x.cols(), 2000); ++i)
        series.x.push_back(x(0, i)), series.y.push_back(x(1, i));
      return series;
    };
    Figure figure;
    figure.name = "points", figure.title = "Points and samples, first two coordinates";
    figure.caption = "20 steps of tAB-DEIS of order 3.";
    figure.x.label = "x0", figure.y.label = "x1";
    figure.series = {cloud("points", points, 1), cloud("samples", samples, 0)};
    report.figures.push_back(std::move(figure));
  }
  report.artifacts.push_back({"model", "safetensors", "", model.string()});
  report.notes.push_back(fmt::format("The network is in {}.", model.string()));
  if (steps < options.steps)
    report.notes.push_back(fmt::format("Stopped after step {} of {}; the same command with --resume goes on.",
                                       steps, options.steps));
  return report;
}

std::filesystem::path model_path(const TrainNoiseOptions& options, const TaskContext& context) {
  if (!options.save.empty()) return context.resolve(options.save);
  if (context.directory.empty()) throw InvalidInput("diffusion.train: --save is missing");
  return context.directory / "model.safetensors";
}

Report train_noise(const TrainNoiseOptions& options, TaskContext& context) {
  const Eigen::MatrixXd points = training_points(options, context);
  const Process process = Process::parse(options.process, context.base);
  set_torch_threads(options.torch_threads);
  const TrainedNetwork net = network_for(options, points.rows());
  const TrainNoise method(net.predictor, process, points,
                          {.learning_rate = options.learning_rate,
                           .optimizer = options.optimizer,
                           .batch = options.batch,
                           .average = options.average});
  TrainNoiseOptions own = options;
  own.save.clear();
  const Observers observers = context.observers_with_checkpoints(describe(own).values());
  const auto run = drive(method, Budget::steps(options.steps), context.seed, observers);
  const std::filesystem::path model = model_path(options, context);
  save_network(net, method.averaged(run.state), process, model);
  return report_on(options, run.state, points, process, model, run.used.steps, context.seed);
}

Report run_train_noise(const TrainNoiseOptions& options, TaskContext& context) try {
  return train_noise(options, context);
} catch (const c10::Error& error) {
  const std::string what = error.what_without_backtrace();
  throw InvalidInput("torch cannot run this training: {}", what.substr(0, what.find('\n')));
}

}  // namespace

Task train_noise_task() {
  return make_task<TrainNoiseOptions>(
      "diffusion.train", "", "trains a small noise predictor on a file of points",
      "A residual network learns to predict the noise in points that a process has noised; AdamW under a "
      "learning-rate schedule, an average of the "
      "parameters is saved. `lehr diffusion sample`, `search` and `chains` take the file, without libtorch.",
      {"lehr diffusion train points.csv --save model.safetensors",
       "lehr diffusion train digits.csv --columns 64 --map 0.125 -1 --width 256 --blocks 4 --steps 6000",
       "lehr diffusion sample model.safetensors --nfe 10"},
      run_train_noise);
}

}  // namespace lehr::neural
