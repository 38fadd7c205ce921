#include "apps/lehr/diffusion/compose.hpp"

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/diffusion/point_file.hpp"

namespace lehr::command {

using namespace diffusion;

void ComposeReward::describe(OptionTable& table) {
  table.add("mixture", mixture, "JSON file of a mixture whose log density is the reward");
  table.add("slope", slope, "reward that is linear in the point, with these coefficients");
  table.add("strength", strength, "factor of the reward, a schedule like the exponents");
}

void ComposeOptions::describe(OptionTable& table) {
  table
      .add("file", file,
           "JSON file: a mixture, or one with the keys mixture, experts, or unconditional and conditional; "
           "or a "
           "network's file, or 'worker: COMMAND'")
      .positional();
  table.add("experts", experts, "models that are multiplied: mixtures, networks or 'worker: COMMAND'");
  table.add("exponent", exponent,
            "exponent of every model (of the one model: below 1 hotter, above 1 colder)");
  table.add("exponents", exponents, "an exponent for each model");
  table.add("unconditional", unconditional, "guidance: the unconditional model");
  table.add("conditional", conditional, "guidance: the conditional model");
  table.add("guidance", guidance, "guidance weight g: exponents 1 - g and g");
  table.add("prediction", prediction,
            "what networks predict: noise, data, score or velocity; default: what their files say");
  table.group("worker", worker);
  table.group("reward", reward);
  table.add("process", process,
            "noise process of the particles, such as vp-linear; default: the first that a model states, else "
            "edm(sigma_min, sigma_max)");
  table.add("sigma_max", sigma_max, "noise level where particles start").above(0);
  table.add("sigma_min", sigma_min, "noise level where they end; default: the file's sigma_min, or 0.01")
      .above(0);
  table.add("grid", grid, "noise levels in between: rho(7), log_rho, or a schedule of them");
  table.add("steps", steps, "steps of the grid").range(1, 1e7);
  corrector.describe(table);
  table.add("denoise", denoise, "adds a last step to noise 0, without weights");
  table.add("baseline", baseline, "runs score mixing as well, for comparison");
  table.add("save", save,
            "file for the points (.npy, .npz, .csv, .safetensors), their log weights and ancestors");
}

namespace {

Composed composed(const FeynmanKacCorrector& method, const FeynmanKacCorrector::State& state, bool denoise) {
  Composed result;
  result.points = denoise ? method.denoised(state) : method.points(state);
  const std::vector<double> p = method.probabilities(state);
  result.probabilities = Eigen::Map<const Eigen::VectorXd>(p.data(), static_cast<Eigen::Index>(p.size()));
  result.log_weights = method.log_weights(state);
  const auto family = state.genealogy.family();
  result.ancestors.assign(family.begin(), family.end());
  result.log_z = method.log_z(state);
  result.island_log_z = method.island_log_z(state);
  result.trace = method.trace(state);
  result.warnings = method.warnings(state);
  return result;
}

Json course(ComposeOptions options, const ComposeProblem& problem) {
  options.save.clear(), options.baseline = true, options.denoise = false;
  Json values = lehr::describe(options).values();
  for (const GivenModel& model : problem.models) values["models"].push_back(lane(model.identity));
  return values;
}

Report run_compose(const ComposeOptions& options, TaskContext& context) {
  ComposeProblem problem = compose_problem(options, context);
  const auto method_of = [&](const CorrectorOptions& corrector) {
    return FeynmanKacCorrector(problem.process, problem.times, problem.experts, problem.reward, corrector);
  };
  const FeynmanKacCorrector method = method_of(options.corrector);
  const auto run = drive(method, Budget::steps(method.steps()), context.seed,
                         context.observers_with_checkpoints(course(options, problem)));
  if (run.state.step < method.steps())
    problem.notes.push_back(fmt::format("Interrupted at step {} of {}: points are at noise level {:.3g}.",
                                        run.state.step, method.steps(),
                                        method.path().nodes[static_cast<std::size_t>(run.state.step)].rho));
  const Composed result = composed(method, run.state, options.denoise);
  if (!options.save.empty()) save_composed(context.resolve(options.save), result);
  for (const std::string& note : worker_notes(problem.models)) problem.notes.push_back(note);
  if (!options.baseline || options.corrector.method != "fkc" || run.state.step < method.steps())
    return compose_report(options, problem, result, nullptr);
  CorrectorOptions mixing = options.corrector;
  mixing.method = "score_mixing", mixing.moves = 0, mixing.path.ramp.ess = 0;
  const FeynmanKacCorrector other = method_of(mixing);
  const auto baseline = drive(other, Budget::steps(other.steps()), context.seed);
  const Composed mixed = composed(other, baseline.state, options.denoise);
  return compose_report(options, problem, result, &mixed);
}

}  // namespace

void save_composed(const std::filesystem::path& path, const Composed& run) {
  const Eigen::Index d = run.points.rows(), n = run.points.cols();
  Eigen::MatrixXd both(2, n);
  for (Eigen::Index i = 0; i < n; ++i)
    both(0, i) = run.log_weights[static_cast<std::size_t>(i)],
            both(1, i) = static_cast<double>(run.ancestors[static_cast<std::size_t>(i)]);
  if (path.extension() == ".csv") {
    Eigen::MatrixXd all(d + 2, n);
    all << run.points, both;
    std::vector<std::string> names;
    for (Eigen::Index j = 0; j < d; ++j) names.push_back(fmt::format("x{}", j));
    names.insert(names.end(), {"log_weight", "ancestor"});
    return write_point_set(path, all, names);
  }
  const auto beside = [&](const char* part) {
    return path.parent_path() / (path.stem().string() + part + path.extension().string());
  };
  write_point_set(path, run.points);
  write_point_set(beside(".log_weights"), both.row(0));
  write_point_set(beside(".ancestors"), both.row(1));
}

Task diffusion_compose_task() {
  return make_task<ComposeOptions>(
      "diffusion.compose", "",
      "samples of a distribution composed from score models: annealed, guided, multiplied, tilted",
      "Weighted particles follow the product of powers of the models (exponents, schedules of the noise "
      "level), so that, unlike under "
      "added scores, samples really have that law, and its normalising constant is estimated. Models are "
      "Gaussian mixtures, networks, or programs of yours, together; where exponents vary, log densities that "
      "a "
      "model does not have are followed along the path. A mixture's file "
      "may also hold exact answers, against which the run is measured. Exponents that rise late "
      "(--ramp.levels 0.5 0.02) have smaller errors "
      "than constant ones at the same cost. The report shows effective sizes, ancestors, and the cloud "
      "beside that of added scores.",
      {"lehr diffusion compose q.json --exponent 2 --particles 4000",
       "lehr diffusion compose q.json --exponent 4 --ramp.levels 0.5 0.02 --save x.npy",
       "lehr diffusion compose --experts a.json b.json --exponents 1 1 --steps 400",
       "lehr diffusion compose --experts a.safetensors \"worker: python3 my_score.py\" --exponents 1 1",
       "lehr diffusion compose --unconditional u.json --conditional c.json --guidance 2"},
      run_compose);
}

}  // namespace lehr::command
