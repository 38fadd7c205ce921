#include "apps/lehr/diffusion/bridge.hpp"

#include <cmath>
#include <filesystem>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/bridge/bridge_draws.hpp"
#include "lehr/diffusion/bridge/bridge_file.hpp"
#include "lehr/diffusion/bridge/gaussian_sb.hpp"
#include "lehr/diffusion/point_file.hpp"

namespace lehr::command {

using namespace diffusion;

namespace {

using Eigen::MatrixXd;

std::string fingerprint(const MatrixXd& from, const MatrixXd& to) {
  std::string bytes;
  for (const MatrixXd* points : {&from, &to})
    bytes.append(reinterpret_cast<const char*>(points->data()),
                 static_cast<std::size_t>(points->size()) * sizeof(double));
  return fmt::format("{:016x}", lane(bytes));
}

// What decides the course of a fit.
Json fit_identity(const DiffusionBridgeOptions& options, const MatrixXd& from, const MatrixXd& to) {
  LightSbOptions fit = options.fit;
  OptionTable table;
  fit.describe(table);
  Json identity = table.values();
  identity["steps"] = options.steps;
  identity["points"] = fingerprint(from, to);
  return identity;
}

void check_request(const DiffusionBridgeOptions& options) {
  const bool generated = options.generate_seed.has_value();
  if (generated && (!options.from.empty() || !options.to.empty()))
    throw InvalidInput("diffusion.bridge: generate.seed makes both clouds; give no --from and --to with it");
  if (!options.course.empty() &&
      (generated || !options.from.empty() || !options.to.empty() || !options.model.empty()))
    throw InvalidInput("diffusion.bridge: --course takes the place of --from, --to and --model");
  if (options.course.empty() && (!options.times.empty() || !options.held_out.empty()))
    throw InvalidInput("diffusion.bridge: times and held_out belong to a --course of files");
  if (options.course.empty() && !generated && options.from.empty())
    throw InvalidInput("diffusion.bridge: give the first cloud as --from FILE (and the second as --to FILE)");
  if (options.course.empty() && !generated && options.to.empty() && options.model.empty())
    throw InvalidInput("diffusion.bridge: give the second cloud as --to FILE, or a fitted --model FILE");
  if (!options.model.empty() && options.scale != "none")
    throw InvalidInput("scale: a model brings its own scale; leave it out with --model");
  if (options.model.empty() && options.method == "light_sb" && !options.fit.epsilon)
    throw InvalidInput(
        "epsilon: missing; the noise of the bridge, variance over the whole time, has no default");
  if (options.model.empty() && options.method == "gaussian_sb" && !options.fit.epsilon)
    throw InvalidInput("epsilon: missing; gaussian_sb needs it too");
}

// The report's numbers are those of the fit; the files are what the user asked for besides.
void write_files(const DiffusionBridgeOptions& options, const BridgeData& data, const BridgeFit& fit,
                 const TaskContext& context, Report& report) {
  if (!options.save.empty()) {
    write_bridge(context.resolve(options.save), fit.model);
    report.notes.push_back(fmt::format("The model is in {}.", options.save));
  }
  if (options.sample.empty() && options.drift.empty()) return;
  const BridgePlan plan(fit.model);
  const double t = options.at_time.value_or(options.sample.empty() ? 0 : 1);
  if (!options.sample.empty()) {
    MatrixXd starts(data.from.rows(), data.from.cols() * options.draws);
    for (Eigen::Index i = 0; i < data.from.cols(); ++i)
      for (Eigen::Index k = 0; k < options.draws; ++k) starts.col(i * options.draws + k) = data.from.col(i);
    const MatrixXd states = fit.model.scale * draw_between(plan, starts, t, context.seed);
    write_point_set(context.resolve(options.sample), states, data.names);
    report.notes.push_back(fmt::format("{} holds {} states at time {:g}, {} of each point of {}.",
                                       options.sample, states.cols(), t, options.draws,
                                       options.from.empty() ? "from" : options.from));
  }
  if (!options.drift.empty()) {
    const double at = options.at_time.value_or(0);
    write_point_set(context.resolve(options.drift), fit.model.scale * plan.drift(data.from, at), data.names);
    report.notes.push_back(fmt::format("{} holds the drift at the points of {} and time {:g}.", options.drift,
                                       options.from.empty() ? "from" : options.from, at));
  }
}

Report run_diffusion_bridge(const DiffusionBridgeOptions& options, TaskContext& context) {
  check_request(options);
  if (!options.course.empty()) return bridge_course_report(options, context);
  const BridgeData data = load_bridge_data(options, context);
  BridgeFit fit;
  if (!options.model.empty())
    fit.model = read_bridge(context.resolve(options.model));
  else
    fit = fit_bridge(options, data.from, data.to, data.scale, context);
  Report report = bridge_report(options, data, fit, context);
  write_files(options, data, fit, context, report);
  return report;
}

}  // namespace

double pooled_scale(const std::vector<const MatrixXd*>& sets) {
  const Eigen::Index d = sets.front()->rows();
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(d), squares = Eigen::VectorXd::Zero(d);
  double count = 0;
  for (const MatrixXd* points : sets)
    sum += points->rowwise().sum(), count += static_cast<double>(points->cols());
  const Eigen::VectorXd mean = sum / count;
  for (const MatrixXd* points : sets) squares += (points->colwise() - mean).cwiseAbs2().rowwise().sum();
  const double scale = (squares / count).cwiseSqrt().mean();
  if (!(scale > 0)) throw InvalidInput("scale: all points are equal");
  return scale;
}

BridgeData load_bridge_data(const DiffusionBridgeOptions& options, const TaskContext& context) {
  BridgeData data;
  if (options.generate_seed) {
    const std::int64_t seed = *options.generate_seed;
    BridgeProblem problem = make_bridge_problem(
        options.generated, {seed == 0 ? context.seed.value : static_cast<std::uint64_t>(seed)});
    data.from = std::move(problem.from), data.to = std::move(problem.to),
    data.truth = std::move(problem.truth);
  } else {
    PointSet from = read_point_set(context.resolve(options.from));
    data.from = std::move(from.points), data.names = std::move(from.names);
    if (!options.to.empty()) data.to = read_point_set(context.resolve(options.to)).points;
    if (data.to.size() > 0 && data.to.rows() != data.from.rows())
      throw InvalidInput("diffusion.bridge: {} has {} coordinates, {} has {}", options.from, data.from.rows(),
                         options.to, data.to.rows());
  }
  if (!options.truth.empty()) data.truth = read_bridge(context.resolve(options.truth));
  if (data.truth && data.truth->dimension() != data.from.rows())
    throw InvalidInput("truth: {} has {} dimensions, the points {}", options.truth, data.truth->dimension(),
                       data.from.rows());
  if (!options.model.empty()) {
    const LightBridge model = read_bridge(context.resolve(options.model));
    if (model.dimension() != data.from.rows())
      throw InvalidInput("model: {} has {} dimensions, the points {}", options.model, model.dimension(),
                         data.from.rows());
    data.scale = model.scale;
  } else if (options.scale == "std") {
    data.scale = pooled_scale({&data.from, &data.to});
  }
  data.from /= data.scale, data.to /= data.scale;
  if (data.truth) {  // r and x shrink together, S stays, eps by the square
    const double ratio = data.truth->scale / data.scale;
    data.truth->epsilon *= ratio * ratio, data.truth->r *= ratio, data.truth->scale = data.scale;
  }
  return data;
}

BridgeFit fit_bridge(const DiffusionBridgeOptions& options, const MatrixXd& from, const MatrixXd& to,
                     double scale, TaskContext& context, const std::string& part) {
  BridgeFit fit;
  if (options.method == "gaussian_sb") {
    fit.model = gaussian_sb(moments_of(from), moments_of(to), options.fit.epsilon->at(1, 1));
    fit.model.scale = scale;
    return fit;
  }
  const LightSb method(from, to, options.fit, options.steps);
  Observers observers = context.observers_with_checkpoints(fit_identity(options, from, to));
  if (!part.empty() && !observers.checkpoints.path.empty())
    observers.checkpoints.path.replace_filename("checkpoint-" + part + ".safetensors");
  const auto run = drive(method, Budget::steps(options.steps), context.seed, observers);
  fit.model = method.model(run.state);
  fit.model.scale = scale;
  fit.looks = method.course(run.state);
  fit.seconds = run.used.seconds, fit.steps = run.used.steps, fit.revived = run.state.revived;
  fit.interrupted = run.why == Stop::interrupted;
  return fit;
}

void DiffusionBridgeOptions::describe(OptionTable& table) {
  table.add("from", from, "file of the first cloud: csv, tsv, npy, npz or safetensors, a row a point");
  table.add("to", to, "file of the second cloud; any number of points");
  table.add("model", model, "uses this fitted model in place of a fit");
  table.add("save", save, "file for the model: .json (also a plain mixture) or .safetensors");
  table.add("sample", sample, "file for a partner of each point of --from, or its state at --at_time");
  table.add("at_time", at_time, "time of --sample (default 1) and --drift (default 0)").range(0, 1);
  table.add("drift", drift, "file for the drift at the points of --from");
  table.add("draws", draws, "states of each point in --sample").range(1, 100000);
  table.add("truth", truth, "file of the exact potential (log_alpha, r, S_diag, epsilon): reports cBW2-UVP");
  table
      .add("method", method,
           "mixture potential, or the closed form of two normal laws with the clouds' moments")
      .choices({"light_sb", "gaussian_sb"});
  table.add("scale", scale, "std: divides both sets by the mean of the per-axis deviations of all points")
      .choices({"none", "std"});
  table.add("steps", steps, "steps of the fit").range(1, 1e9);
  fit.describe(table);
  table.add("path_steps", path_steps, "Euler-Maruyama steps of simulated paths").range(2, 100000);
  table.add("check_points", check_points, "points that distances and cBW2-UVP are measured on")
      .range(10, 20000);
  table
      .add("path_check", path_check,
           "compares this many simulated paths with draws by the closed form, at times 1/2 and 1; 0: none")
      .range(0, 20000);
  table
      .add("sinkhorn_steps", sinkhorn_steps,
           "compares conditional means with those of this many steps of sinkhorn_sb on at most 5000 points a "
           "side; 0: none")
      .range(0, 100000);
  table.add("course", course, "files of clouds at successive times: every consecutive pair is fitted");
  table.add("times", times, "times of the files of --course; default 0, 1, 2, ...");
  table.add("held_out", held_out,
            "times of the course that are not fitted but scored by the energy distance");
  table.add("generate.seed", generate_seed, "makes a pair in place of files; 0: the run's seed").at_least(0);
  table.group("generate", generated);
}

Task diffusion_bridge_task() {
  return make_task<DiffusionBridgeOptions>(
      "diffusion.bridge", "bridge", "the most likely stochastic evolution between two unpaired point clouds",
      "Fits a light Schroedinger bridge (arXiv:2310.01174): for each point of the first cloud a distribution "
      "over "
      "partners in the second, states at any time in between and the drift, all in closed form from a small "
      "mixture. "
      "epsilon is the variance that the reference Brownian motion has over the whole time: small values pair "
      "points "
      "almost as optimal transport does, large ones almost independently. With --course a whole time course "
      "is fitted "
      "and held-out times are scored.",
      {"lehr diffusion bridge --from day2.npy --to day4.npy --epsilon 0.1 --scale std --save model.json",
       "lehr diffusion bridge --model model.json --from day2.npy --sample day3.npy --at_time 0.5",
       "lehr diffusion bridge --from x0.npy --to x1.npy --epsilon 0.1 --components 20 --learning_rate 3e-3 "
       "--truth "
       "truth.json",
       "lehr diffusion bridge --course day2.npy day3.npy day4.npy --times 2 3 4 --held_out 3 --epsilon 0.1"},
      run_diffusion_bridge);
}

}  // namespace lehr::command
