#include "lehr/neural/learn_interpolant_task.hpp"

#include "lehr/core/csv.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/safetensors.hpp"
#include "lehr/diffusion/interpolant/interpolant_ode.hpp"
#include "lehr/diffusion/point_file.hpp"
#include "lehr/diffusion/quality.hpp"
#include "lehr/neural/interpolant_net.hpp"
#include "lehr/neural/torch_runtime.hpp"

namespace lehr::neural {

using namespace diffusion;
using Eigen::Index;
using Eigen::MatrixXd;

namespace {

constexpr Index generated_points = 24000, compared_points = 1000;
constexpr std::int64_t flow_steps = 40;

struct LearnInterpolantOptions {
  std::string from, to, generate, learn = "b,eta", coupling = "independent", save = "model.safetensors";
  InterpolantOptions interpolant;
  Schedule learning_rate = Schedule::parse("warmup(0.05, cosine(from=2e-3, to=1e-5))");
  std::int64_t steps = 3000, batch = 256, torch_threads = 1;
  Schedule average = 0.999;
  double score_weight = 1, margin = 1e-3;
  NoiseNetSize size;
  AdamW optimizer{.beta2 = 0.999, .weight_decay = 0};

  void describe(OptionTable& table) {
    table.add("from", from,
              "file of points at t = 0: csv, npy, npz or safetensors; default: the standard normal law");
    table.add("to", to, "file of points at t = 1");
    table
        .add("generate", generate,
             "in place of files: from the standard normal law to the uniform law on the even squares of a "
             "checkerboard")
        .choices({"", "checkerboard"});
    interpolant.describe(table);
    table
        .add("learn", learn,
             "the fields: b (velocity) or v (velocity without the noise's part), and eta (denoiser) or s "
             "(score); b alone gives the flow")
        .choices({"b,eta", "v,eta", "b,s", "v,s", "b", "eta", "s"});
    table
        .add("coupling", coupling,
             "how x0 and x1 are drawn: independent, paired (row by row), or minibatch_ot (the best "
             "assignment in each batch)")
        .choices({"independent", "paired", "minibatch_ot"});
    table.add("save", save,
              "safetensors file for both networks, which `lehr diffusion transport --model` takes; empty: "
              "among the run's artifacts");
    table.add("learning_rate", learning_rate, "by step");
    table.add("steps", steps, "training steps").range(1, 1e9);
    table.add("batch", batch, "draws of a step, each a pair of points; minibatch_ot costs its cube")
        .range(1, 1e6);
    table.add("average", average, "decay of the parameters' average, which is what is saved, by step");
    table.add("score_weight", score_weight, "of the loss of eta or s beside that of b or v").above(0);
    table.add("margin", margin, "t is drawn from [margin, 1 - margin]").range(0, 0.5).below(0.5);
    table.add("width", size.width, "of each network's residual stream, a multiple of 4").range(4, 8192);
    table.add("blocks", size.blocks, "residual blocks").range(1, 32);
    table.add("frequencies", size.frequencies, "waves in which the time is embedded").range(1, 1024);
    table.add("clip", optimizer.clip, "largest L2 norm of a gradient; 0: no clipping").at_least(0);
    table.add("torch_threads", torch_threads, "threads of torch; results are equal for equal counts")
        .range(1, 1024);
  }
};

// Both ends, and how pairs are drawn from them.
struct Ends {
  MatrixXd from, to;  // from: empty for the standard normal law
  std::vector<std::string> names;
};

Ends read_ends(const LearnInterpolantOptions& options, const TaskContext& context, bool mirror) {
  Ends ends;
  if (!options.generate.empty()) {
    if (!options.from.empty() || !options.to.empty())
      throw InvalidInput("diffusion.learn_interpolant: give files or --generate {}, not both",
                         options.generate);
    ends.to.resize(2, generated_points);
    Stream stream(context.seed, lane("learn_interpolant.generate"));
    QuickStream random(stream);
    for (Index i = 0; i < generated_points; ++i) draw_checkerboard(random, {ends.to.col(i).data(), 2});
    return ends;
  }
  if (options.to.empty())
    throw InvalidInput(
        "diffusion.learn_interpolant: --to is missing: a file of points (or --generate checkerboard)");
  PointSet set = read_point_set(context.resolve(options.to));
  ends.to = std::move(set.points), ends.names = std::move(set.names);
  if (!options.from.empty()) ends.from = read_point_set(context.resolve(options.from)).points;
  if (mirror && !options.from.empty())
    throw InvalidInput("path mirror starts from the target: --from does not belong to it");
  if (options.coupling == "paired" && options.from.empty())
    throw InvalidInput("coupling paired needs --from");
  return ends;
}

std::filesystem::path model_file(const LearnInterpolantOptions& options, const TaskContext& context) {
  if (!options.save.empty()) return context.resolve(options.save);
  if (context.directory.empty()) throw InvalidInput("diffusion.learn_interpolant: --save is missing");
  return context.directory / "model.safetensors";
}

void save_model(const LearnInterpolantOptions& options, const TrainInterpolant& method,
                const TrainInterpolant::State& state, const LearnedParts& parts, Index dimension,
                const std::filesystem::path& path) {
  std::map<std::string, lehr::Tensor, std::less<>> tensors;
  const auto add = [&](const std::string& prefix, const std::vector<float>& parameters) {
    if (parameters.empty()) return;
    for (auto& [name, tensor] : method.net().tensors(parameters)) tensors[prefix + name] = tensor;
  };
  add("velocity.", method.velocity_parameters(state));
  add("denoiser.", method.score_parameters(state));
  TensorViews views;
  for (const auto& [name, tensor] : tensors) views[name] = tensor.view();
  write_safetensors(path, views, learned_metadata(options.interpolant, parts, dimension, options.margin));
}

Series line_of(const char* label, const std::vector<double>& values, int color) {
  Series line;
  line.label = label, line.color = color;
  for (std::size_t i = 0; i < values.size(); ++i)
    line.x.push_back(100.0 * static_cast<double>(i + 1)), line.y.push_back(values[i]);
  return line;
}

Series cloud_of(const char* label, const MatrixXd& points, int color) {
  Series series;
  series.label = label, series.style = Series::Style::points, series.color = color;
  for (Index i = 0; i < std::min<Index>(points.cols(), 2000); ++i)
    series.x.push_back(points(0, i)), series.y.push_back(points(1, i));
  return series;
}

// The start of a check of the flow: the first points of the file, or draws.
MatrixXd first_points(const Ends& ends, const Interpolant& interpolant, Seed seed) {
  if (interpolant.mirror()) return ends.to.leftCols(std::min(compared_points, ends.to.cols()));
  if (ends.from.size() > 0) return ends.from.leftCols(std::min(compared_points, ends.from.cols()));
  MatrixXd points(ends.to.rows(), compared_points);
  Stream random(seed, lane("learn_interpolant.check"));
  for (double& x : points.reshaped()) x = normal(random);
  return points;
}

// Carries points by the flow of the saved model, as `lehr diffusion transport` does.
void check_flow(const Ends& ends, const std::filesystem::path& model, Seed seed, Report& report) {
  const LearnedInterpolant learned = read_learned_interpolant(model);
  const InterpolantOde flow(learned.field, first_points(ends, learned.interpolant(), seed),
                            {.grid = {.steps = flow_steps}, .measure_score = false});
  const TransportState end = drive(flow, Budget::steps(flow.steps()), seed).state;
  if (end.points.cols() < 2 || ends.to.cols() < 2) return;
  report.metric("flow_energy_distance",
                energy_distance(end.points, ends.to.rightCols(std::min<Index>(ends.to.cols(), 5000))));
  report.metric("flow_sw2", sliced_wasserstein(end.points, ends.to));
  report.metric("flow_kinetic_energy", end.kinetic);
  if (end.points.rows() < 2) return;
  Figure figure;
  figure.name = "points", figure.title = "Target and what the flow makes of the start, first two coordinates";
  figure.caption = fmt::format("{} steps of Runge-Kutta.", flow_steps);
  figure.x.label = "x0", figure.y.label = "x1";
  figure.series = {cloud_of("target", ends.to, 1), cloud_of("arrived", end.points, 0)};
  report.figures.push_back(std::move(figure));
}

Report report_on(const LearnInterpolantOptions& options, const TrainInterpolant::State& state,
                 const Ends& ends, const std::filesystem::path& model, std::int64_t steps, Seed seed) {
  Report report;
  report.title =
      fmt::format("Fields {} between {} and {}", options.learn, options.from.empty() ? "noise" : options.from,
                  options.generate.empty() ? options.to : options.generate);
  report.metric("velocity_loss", state.velocity.mean);
  report.metric("score_loss", state.score.mean);
  report.metric("steps", static_cast<double>(steps));
  Figure loss;
  loss.name = "loss", loss.title = "Losses",
  loss.caption = "Averaged over about a hundred steps; below 0, since a constant is left out.";
  loss.x.label = "step", loss.y.label = "loss";
  if (!state.velocity.every_hundred.empty())
    loss.series.push_back(line_of("velocity", state.velocity.every_hundred, 0));
  if (!state.score.every_hundred.empty())
    loss.series.push_back(line_of("denoiser or score", state.score.every_hundred, 1));
  if (!loss.series.empty()) report.figures.push_back(std::move(loss));
  check_flow(ends, model, seed, report);
  report.artifacts.push_back({"model", "safetensors", "", std::filesystem::absolute(model).string()});
  if (!options.generate.empty()) {
    std::vector<CsvColumn> columns;
    for (Index j = 0; j < ends.to.rows(); ++j) {
      const auto row = ends.to.row(j);
      columns.push_back({fmt::format("x{}", j), std::vector<double>(row.begin(), row.end())});
    }
    report.artifacts.push_back({"target", "csv", csv_text(columns), ""});
  }
  report.notes.push_back(fmt::format("The networks are in {}.", model.string()));
  if (steps < options.steps)
    report.notes.push_back(fmt::format("Stopped after step {} of {}; the same command with --resume goes on.",
                                       steps, options.steps));
  return report;
}

Report learn_interpolant(const LearnInterpolantOptions& options, TaskContext& context) {
  const Interpolant interpolant(options.interpolant);
  const Ends ends = read_ends(options, context, interpolant.mirror());
  const std::filesystem::path model = model_file(options, context);
  const bool paired = options.coupling == "paired", assigned = options.coupling == "minibatch_ot";
  if (interpolant.one_sided() && !options.from.empty() && options.learn != "b")
    throw InvalidInput("learn {}: a one-sided path starts from noise; leave --from out, or learn b",
                       options.learn);
  set_torch_threads(options.torch_threads);
  TrainInterpolantSettings settings{
      .parts = LearnedParts::parse(options.learn),
      .size = options.size,
      .learning_rate = options.learning_rate,
      .optimizer = options.optimizer,
      .batch = options.batch,
      .average = options.average,
      .score_weight = options.score_weight,
      .first = options.margin,
      .last = 1 - options.margin,
      .minibatch_ot = assigned,
      .noise_is_start = interpolant.one_sided() && options.from.empty() && !assigned};
  settings.size.dimension = ends.to.rows();
  const TrainInterpolant method(
      interpolant, options.generate.empty() ? draws_of(ends.from, ends.to, paired) : checkerboard_draws(),
      settings);
  LearnInterpolantOptions own = options;
  own.save.clear();
  const Observers observers = context.observers_with_checkpoints(describe(own).values());
  const auto run = drive(method, Budget::steps(options.steps), context.seed, observers);
  save_model(options, method, run.state, settings.parts, ends.to.rows(), model);
  return report_on(options, run.state, ends, model, run.used.steps, context.seed);
}

Report run_learn_interpolant(const LearnInterpolantOptions& options, TaskContext& context) try {
  return learn_interpolant(options, context);
} catch (const c10::Error& error) {
  const std::string what = error.what_without_backtrace();
  throw InvalidInput("torch cannot run this training: {}", what.substr(0, what.find('\n')));
}

}  // namespace

Task learn_interpolant_task() {
  return make_task<LearnInterpolantOptions>(
      "diffusion.learn_interpolant", "", "learns the fields that carry one set of points into another",
      "Stochastic interpolants: x_t = alpha x0 + beta x1 + gamma z between the points of two files, or from "
      "noise to the points of one. A network "
      "learns the velocity, another the denoiser, by quadratic losses; each draw of the noise enters with "
      "both signs. `lehr diffusion transport "
      "--model` then carries points either way, by the flow or with any amount of noise, without libtorch.",
      {"lehr diffusion learn_interpolant --from day1.csv --to day7.csv --save model.safetensors",
       "lehr diffusion learn_interpolant --to points.npy --path linear --gamma quadratic --learn v,eta "
       "--steps 3000",
       "lehr diffusion transport --model model.safetensors --from day1.csv --to day7.csv --epsilon 0.5"},
      run_learn_interpolant);
}

}  // namespace lehr::neural
