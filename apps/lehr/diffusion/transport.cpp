#include "apps/lehr/diffusion/transport.hpp"

#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/diffusion/interpolant/interpolant_bridge.hpp"
#include "lehr/diffusion/interpolant/interpolant_ode.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/point_file.hpp"

namespace lehr::command {

using namespace diffusion;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr std::int64_t adaptive_looks = 20;

Interpolant interpolant_of(const TransportOptions& options, const TaskContext& context) {
  if (options.interpolant_file.empty()) return Interpolant(options.interpolant);
  const std::filesystem::path path = context.resolve(options.interpolant_file);
  const Json json = parse_json(read_file(path), path.string());
  if (!json.is_object() || !json.contains("coefficients") || !json["coefficients"].is_array())
    throw InvalidInput("{}: expected the list 'coefficients' that diffusion.interpolant_bridge writes",
                       path.string());
  std::vector<double> numbers;
  for (const Json& item : json["coefficients"]) numbers.push_back(number_from(item));
  return bridge_interpolant(Eigen::Map<const VectorXd>(numbers.data(), static_cast<Index>(numbers.size())));
}

// The model's interpolant is part of the model.
LearnedInterpolant read_model(const TransportOptions& options, const TaskContext& context) {
  const InterpolantOptions plain;
  const InterpolantOptions& given = options.interpolant;
  if (!options.interpolant_file.empty() || given.path != plain.path || given.gamma != plain.gamma ||
      given.gamma_scale != plain.gamma_scale || given.alpha || given.beta)
    throw InvalidInput("diffusion.transport: path and gamma are the model's; leave them out with --model");
  return read_learned_interpolant(context.resolve(options.model));
}

// Exact fields need a mixture. A learned model needs one for its likelihood alone, and that of rho0.
LawSource read_end(const TransportOptions& options, const TaskContext& context, const std::string& file,
                   bool needs_mixture) {
  const std::filesystem::path path = context.resolve(file);
  return needs_mixture ? read_law(path, options.components, context.seed) : read_law_or_points(path);
}

void read_laws(const TransportOptions& options, const TaskContext& context, const Interpolant& interpolant,
               TransportOutcome& outcome) {
  const bool exact = !outcome.learned;
  std::string both = options.laws;
  if (both.empty() && options.to.empty() && !options.from.empty() &&
      has_both_laws(context.resolve(options.from)))
    both = options.from;
  if (!both.empty()) {
    if (!options.to.empty() || both != (options.laws.empty() ? options.from : options.laws) ||
        (!options.laws.empty() && !options.from.empty()))
      throw InvalidInput(
          "diffusion.transport: give one file with rho0 and rho1, or --from and --to, not both");
    outcome.from = read_law_at(context.resolve(both), "rho0");
    outcome.to = read_law_at(context.resolve(both), "rho1");
    if (interpolant.mirror()) outcome.from = outcome.to;
    return;
  }
  if (options.to.empty() && exact)
    throw InvalidInput("diffusion.transport: --to is missing: a mixture (json) or points (csv, npy, ...)");
  if (!options.to.empty())
    outcome.to =
        read_end(options, context, options.to, exact || (interpolant.mirror() && options.log_likelihood));
  if (interpolant.mirror()) {
    outcome.from = outcome.to;
    outcome.from.note.clear();
  } else if (!options.from.empty()) {
    outcome.from = read_end(options, context, options.from, exact || options.log_likelihood);
  } else {
    outcome.from.mixture = standard_normal(exact ? outcome.to.dimension() : outcome.learned->field.dimension);
    outcome.notes.push_back("No --from: the start is the standard normal law.");
  }
  for (const LawSource* law : {&outcome.from, &outcome.to})
    if (!law->note.empty()) outcome.notes.push_back(law->note);
}

void find_start(const TransportOptions& options, const TaskContext& context, TransportOutcome& outcome) {
  const LawSource& source = outcome.direction == Direction::forward ? outcome.from : outcome.to;
  outcome.names = source.names;
  if (!options.points.empty()) {
    PointSet set = read_point_set(context.resolve(options.points));
    outcome.start = std::move(set.points);
    outcome.names = std::move(set.names);
    if (source.is_known() && outcome.start.rows() != source.dimension())
      throw InvalidInput("{}: points have {} coordinates, the laws {}", options.points, outcome.start.rows(),
                         source.dimension());
  } else if (!source.is_known()) {
    throw InvalidInput("diffusion.transport: nothing travels: give --points or --to");
  } else if (!source.is_formula()) {
    outcome.start = source.points;
    outcome.notes.push_back(
        fmt::format("The {} points of the file travel, not draws.", source.points.cols()));
  } else {
    outcome.start =
        draw_mixture(source.mixture, options.count, context.seed, lane("diffusion.transport.start"));
    outcome.start_is_drawn = true;
  }
}

std::string integrator_of(const TransportOptions& options, bool stochastic) {
  const std::string chosen =
      options.integrator == "auto" ? (stochastic ? "trapezoid" : "rk4") : options.integrator;
  if (stochastic && (chosen == "rk4" || chosen == "dopri5"))
    throw InvalidInput("integrator {}: an epsilon above 0 needs euler, heun or trapezoid", chosen);
  return chosen;
}

// Decides the course of a run, so that a checkpoint of another is refused.
Json run_identity(const TransportOptions& options, const TransportOutcome& outcome) {
  TransportOptions own = options;
  own.save.clear(), own.compare = 0;
  Json identity = lehr::describe(own).values();
  const MatrixXd& start = outcome.start;
  std::string bytes(reinterpret_cast<const char*>(start.data()),
                    static_cast<std::size_t>(start.size()) * sizeof(double));
  for (const LawSource* law : {&outcome.from, &outcome.to})
    if (law->has_mixture()) bytes += mixture_json(law->mixture).dump();
  if (outcome.learned) bytes += outcome.learned->content;
  identity["data"] = fmt::format("{:016x}", lane(bytes));
  return identity;
}

template <class M>
TransportState run_method(const M& method, const Observers& observers, Seed seed, TransportOutcome& outcome) {
  auto run = drive(method, Budget::steps(method.steps()), seed, observers);
  outcome.interrupted = outcome.interrupted || run.why == Stop::interrupted;
  return std::move(run.state);
}

SdeScheme scheme_named(const std::string& name) {
  return name == "euler" ? SdeScheme::euler : name == "heun" ? SdeScheme::heun : SdeScheme::trapezoid;
}

void run_flow(const TransportOptions& options, const TransportField& field, TaskContext& context,
              TransportOutcome& outcome) {
  const bool adaptive = outcome.integrator == "dopri5";
  const InterpolantOdeOptions flow{
      .grid = {.steps = adaptive ? std::min(options.steps, adaptive_looks) : options.steps,
               .direction = outcome.direction,
               .margin = options.margin},
      .adaptive = adaptive,
      .rtol = options.rtol,
      .atol = options.atol,
      .likelihood = options.log_likelihood};
  const Observers observers = context.observers_with_checkpoints(run_identity(options, outcome));
  outcome.end = run_method(InterpolantOde(field, outcome.start, flow), observers, context.seed, outcome);
  if (!options.log_likelihood || outcome.interrupted) return;
  const bool forward = outcome.direction == Direction::forward;
  const stats::MixtureDensity density(outcome.from.mixture);
  outcome.log_likelihood =
      density.log_density(
          {.points = forward ? outcome.start : outcome.end.points, .weights = {}, .scatter = {}}) -
      outcome.end.divergence;
}

void run_diffusion(const TransportOptions& options, const TransportField& field, TaskContext& context,
                   TransportOutcome& outcome) {
  InterpolantSdeOptions noisy{
      .grid = {.steps = options.steps, .direction = outcome.direction, .margin = options.margin},
      .epsilon = options.epsilon,
      .scheme = scheme_named(outcome.integrator)};
  Observers observers = context.observers_with_checkpoints(run_identity(options, outcome));
  outcome.end = run_method(InterpolantSde(field, outcome.start, noisy), observers, context.seed, outcome);
  if (!options.log_likelihood || outcome.interrupted) return;
  noisy.grid.direction = Direction::backward, noisy.likelihood = true;
  if (!observers.checkpoints.path.empty())
    observers.checkpoints.path = context.directory / "likelihood.safetensors";
  const InterpolantSde method(field, repeated(outcome.at_one(), options.paths), noisy);
  const TransportState end = run_method(method, observers, context.seed, outcome);
  if (outcome.interrupted) return;
  std::error_code absent;
  std::filesystem::remove(observers.checkpoints.path, absent);
  const PathLikelihood likelihood = path_likelihood(end, outcome.from.mixture, options.paths);
  outcome.log_likelihood = likelihood.value, outcome.log_likelihood_error = likelihood.error;
  outcome.notes.push_back(fmt::format(
      "The log-likelihoods are log-means over {} paths a point, which are biased low.", options.paths));
}

void check_dimensions(const TransportOptions& options, const TransportOutcome& outcome) {
  const Index d = outcome.learned->field.dimension;
  const std::pair<const LawSource*, const char*> ends[] = {{&outcome.from, "start"}, {&outcome.to, "target"}};
  for (const auto& [law, name] : ends)
    if (law->is_known() && law->dimension() != d)
      throw InvalidInput("{}: the model has {} coordinates, the {} {}", options.model, d, name,
                         law->dimension());
  if (options.log_likelihood && !outcome.from.has_mixture())
    throw InvalidInput("diffusion.transport: the likelihood on the path mirror needs --to");
  if (options.perturb_amplitude != 0)
    throw InvalidInput("diffusion.transport: perturb_amplitude belongs to exact fields, not to a model");
}

Report run_transport(const TransportOptions& options, TaskContext& context) {
  TransportOutcome outcome;
  outcome.direction = direction_from(options.direction);
  if (!options.model.empty()) outcome.learned = read_model(options, context);
  const Interpolant interpolant =
      outcome.learned ? outcome.learned->interpolant() : interpolant_of(options, context);
  read_laws(options, context, interpolant, outcome);
  if (!outcome.learned)
    outcome.transport.emplace(outcome.from.mixture, outcome.to.mixture, interpolant);
  else
    check_dimensions(options, outcome);
  find_start(options, context, outcome);
  for (std::int64_t step = 0; step <= options.steps; ++step)
    outcome.stochastic = outcome.stochastic || options.epsilon.at(step, options.steps) != 0;
  outcome.integrator = integrator_of(options, outcome.stochastic);
  TransportField field = outcome.learned ? outcome.learned->field : outcome.transport->field();
  if (options.perturb_amplitude != 0)
    field = perturbed(std::move(field), options.perturb_amplitude, options.perturb_frequency);
  if (outcome.integrator == "rk4" || outcome.integrator == "dopri5")
    run_flow(options, field, context, outcome);
  else
    run_diffusion(options, field, context, outcome);
  return transport_report(options, outcome, context);
}

}  // namespace

void TransportOptions::describe(OptionTable& table) {
  table.add("laws", laws, "json file with two mixtures, rho0 (at t = 0) and rho1 (at t = 1)").positional();
  table.add("from", from,
            "rho0: a mixture (json), or a file of points, to which one is fitted; default: the standard "
            "normal law");
  table.add("to", to, "rho1: a mixture (json), or a file of points, to which one is fitted");
  table
      .add("components", components,
           "components of the mixtures fitted to points; 0: the number of 1 to 8 with the lowest BIC")
      .range(0, 1000);
  interpolant.describe(table);
  table.add("interpolant", interpolant_file,
            "json file of a path that diffusion.interpolant_bridge wrote, in place of path and gamma");
  table.add("model", model,
            "safetensors file of diffusion.learn_interpolant, whose fields carry the points; from and to may "
            "be files of points of any law");
  table.add("epsilon", epsilon, "noise level over t; 0: the deterministic flow");
  table.add("direction", direction, "from rho0 to rho1, or from rho1 to rho0")
      .choices({"forward", "backward"});
  table
      .add("integrator", integrator,
           "rk4 and dopri5 (adaptive) for the flow, euler, heun and trapezoid with noise; auto: rk4, with "
           "noise trapezoid")
      .choices({"auto", "rk4", "dopri5", "euler", "heun", "trapezoid"});
  table.add("steps", steps, "equal steps of t; dopri5: places where the paths are recorded, at most 20")
      .range(1, 1e7);
  table.add("margin", margin, "leaves out this much of t at both ends").range(0, 0.5).below(0.5);
  table.add("rtol", rtol, "dopri5: relative tolerance per step").above(0);
  table.add("atol", atol, "dopri5: absolute tolerance per step").above(0);
  table.add("count", count, "draws that travel").range(1, 1e8);
  table.add("points", points, "file of points that travel in place of draws");
  table.add("log_likelihood", log_likelihood, "log density of the model at the points of t = 1");
  table.add("paths", paths, "with noise: paths per point of the likelihood").range(2, 1e6);
  table.add("compare", compare, "points of the energy distance; its cost grows with their square")
      .range(2, 1e5);
  table.add("perturb_amplitude", perturb_amplitude,
            "adds amplitude sin(frequency x) to the velocity: what an error of this size costs");
  table.add("perturb_frequency", perturb_frequency, "frequency of that error");
  table.add("save", save,
            "file for the points that arrived: csv (with the log-likelihoods), npy, npz or safetensors");
}

Task diffusion_transport_task() {
  return make_task<TransportOptions>(
      "diffusion.transport", "", "carries one law into another, with any amount of noise",
      "Stochastic interpolants: x_t = alpha x0 + beta x1 + gamma z between two Gaussian mixtures, given as "
      "formulas or fitted to "
      "points. The velocity and the score are exact, so draws travel forward or backward by the flow "
      "(epsilon = 0) or by "
      "stochastic equations with any epsilon, and arrive at the same law. --log_likelihood gives the model's "
      "log density at the points "
      "of t = 1. The path mirror resamples a law around each of its points. With --model the fields are "
      "those "
      "that diffusion.learn_interpolant learned, and nothing is fitted.",
      {"lehr diffusion transport laws.json --epsilon 0.5",
       "lehr diffusion transport --from day1.csv --to day7.csv --save carried.csv",
       "lehr diffusion transport laws.json --direction backward --points x.csv --log_likelihood --save "
       "images.csv"},
      run_transport);
}

}  // namespace lehr::command
