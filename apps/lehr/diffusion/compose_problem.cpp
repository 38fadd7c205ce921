// The models, process and exact answers that `lehr diffusion compose` is asked about.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "apps/lehr/diffusion/compose.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/diffusion/deis.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/mixture_score.hpp"

namespace lehr::command {

using namespace diffusion;
using Eigen::Index;
using stats::GaussianMixture;

namespace {

// Of a schedule that is a plain number.
std::optional<double> constant_of(const Schedule& schedule) {
  const std::string text = schedule.text();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// 1 - g.
Schedule complement(const Schedule& guidance) {
  if (const auto value = constant_of(guidance)) return 1 - *value;
  constexpr int knots = 2000;
  std::vector<double> values;
  for (int i = 0; i <= knots; ++i) values.push_back(1 - guidance(static_cast<double>(i) / knots));
  return Schedule::through(values);
}

void add_model(ComposeProblem& problem, GivenModel model) {
  problem.names.push_back(model.name);
  problem.models.push_back(std::move(model));
}

void add_law(ComposeProblem& problem, std::string name, const Json& json) {
  GivenModel model;
  model.name = std::move(name);
  model.mixture = mixture_from_json(json, model.name);
  model.identity = json.dump();
  add_model(problem, std::move(model));
}

// A mixture, a network, or a program.
void add_given(ComposeProblem& problem, const ComposeOptions& options, const TaskContext& context,
               const std::string& name) {
  GivenModel model = given_model(name, options.worker, context);
  if (!model.worker) model.name = name;
  add_model(problem, std::move(model));
}

// Whether the file is one that this command reads by itself: JSON, and no network's manifest.
bool holds_problem(const ComposeOptions& options, const TaskContext& context, Json& json) {
  if (options.file.starts_with("worker:") || std::filesystem::path(options.file).extension() != ".json")
    return false;
  json = parse_json(read_file(context.resolve(options.file)), options.file);
  return !json.is_object() || !json.contains("tensors");
}

// The one file, which may hold several models, the lowest noise level and exact answers. True where it is about guidance.
bool add_problem_file(ComposeProblem& problem, const ComposeOptions& options, const TaskContext& context,
                      double& sigma_min) {
  Json json;
  if (!holds_problem(options, context, json)) {
    add_given(problem, options, context, options.file);
    return false;
  }
  if (!json.is_object())
    throw InvalidInput("{}: expected an object with a mixture, experts, or unconditional and conditional",
                       options.file);
  if (json.contains("exact")) problem.exact = json["exact"];
  if (json.contains("sigma_min")) {
    if (!json["sigma_min"].is_number() || !(json["sigma_min"].get<double>() > 0))
      throw InvalidInput("{}: sigma_min must be a number above 0", options.file);
    sigma_min = json["sigma_min"].get<double>();
  }
  if (json.contains("experts")) {
    if (!json["experts"].is_array() || json["experts"].empty())
      throw InvalidInput("{}: experts is no list of mixtures", options.file);
    int number = 0;
    for (const Json& item : json["experts"]) {
      const std::string name = fmt::format("{}: experts[{}]", options.file, number++);
      add_law(problem, name, item);
    }
    return false;
  }
  if (json.contains("unconditional") || json.contains("conditional")) {
    for (const char* key : {"unconditional", "conditional"}) {
      if (!json.contains(key)) throw InvalidInput("{}: has no key '{}'", options.file, key);
      add_law(problem, options.file + ": " + key, json[key]);
    }
    return true;
  }
  add_law(problem, options.file, json.contains("mixture") ? json["mixture"] : json);
  return false;
}

bool add_models(ComposeProblem& problem, const ComposeOptions& options, const TaskContext& context,
                double& sigma_min) {
  const bool guided = !options.unconditional.empty() || !options.conditional.empty();
  const int ways = (options.file.empty() ? 0 : 1) + (options.experts.empty() ? 0 : 1) + (guided ? 1 : 0);
  if (ways != 1)
    throw InvalidInput(
        "diffusion.compose: give one of a file, --experts (--worker.command is one), or --unconditional with "
        "--conditional{}",
        ways > 1 ? ", not several" : "");
  if (!options.file.empty()) return add_problem_file(problem, options, context, sigma_min);
  if (!guided) {
    for (const std::string& name : options.experts) add_given(problem, options, context, name);
    return false;
  }
  if (options.unconditional.empty() || options.conditional.empty())
    throw InvalidInput("{}: guidance needs the other model too",
                       options.unconditional.empty() ? "unconditional" : "conditional");
  add_given(problem, options, context, options.unconditional);
  add_given(problem, options, context, options.conditional);
  return true;
}

std::vector<Schedule> exponents_of(const ComposeOptions& options, std::size_t models, bool guided) {
  const int ways =
      (options.exponent ? 1 : 0) + (options.exponents.empty() ? 0 : 1) + (options.guidance ? 1 : 0);
  if (ways > 1) throw InvalidInput("exponents: give one of exponent, exponents and guidance");
  if (options.guidance) {
    if (models != 2)
      throw InvalidInput("guidance: needs two models, unconditional and conditional; found {}", models);
    return {complement(*options.guidance), *options.guidance};
  }
  if (!options.exponents.empty()) {
    if (options.exponents.size() != models)
      throw InvalidInput("exponents: {} are given for {} models", options.exponents.size(), models);
    return options.exponents;
  }
  if (guided && !options.exponent) throw InvalidInput("guidance: give its weight, such as --guidance 2");
  return std::vector<Schedule>(models, options.exponent.value_or(Schedule(1)));
}

double widest(const GaussianMixture& law) {
  return law.shape == stats::CovarianceShape::full ? std::nan("") : law.covariances.maxCoeff();
}

// Far out the widest component of each model decides: sum beta_i / v_i must be above 0.
void check_tails(ComposeProblem& problem) {
  double precision = 0;
  const double low = problem.process.rho(problem.times.back());
  for (std::size_t i = 0; i < problem.models.size(); ++i) {
    if (!problem.models[i].mixture) return;
    precision += problem.experts[i].exponent(1) / (widest(*problem.models[i].mixture) + low * low);
  }
  if (precision <= 0)
    problem.notes.push_back(
        "Far from the origin a model with a negative exponent falls faster than the others: the target may "
        "not be "
        "normalisable at small noise, and then no weights are right.");
}

// Mean, and variance of a coordinate, of clean data.
void set_moments(const GaussianMixture& law, Expert& expert) {
  expert.mean = law.means * law.weights;
  for (Index k = 0; k < law.components(); ++k)
    expert.variance += law.weights[k] *
                       (law.covariance(k).trace() + (law.means.col(k) - expert.mean).squaredNorm()) /
                       static_cast<double>(law.dimension());
}

// The same of a model without a formula, from samples of its own.
void estimate_moments(const Process& process, Seed seed, Expert& expert) {
  constexpr std::int64_t points = 512, steps = 20;
  const auto times = TimeGrid::parse("rho(7)").times(process, steps);
  const Eigen::MatrixXd samples =
      follow(deis_plan(process, times, {.order = 2, .basis = Basis::rho}), expert.model, process,
             prior_points(process, expert.model.dimension, points, seed));
  expert.mean = samples.rowwise().mean();
  expert.variance = (samples.colwise() - expert.mean).squaredNorm() / static_cast<double>(samples.size());
}

void add_experts(const ComposeOptions& options, const TaskContext& context, bool guided,
                 ComposeProblem& problem) {
  const std::vector<Schedule> exponents = exponents_of(options, problem.models.size(), guided);
  std::vector<std::string> without_density;
  for (std::size_t i = 0; i < problem.models.size(); ++i) {
    const GivenModel& given = problem.models[i];
    Expert expert{.model = converted_model_of(given, problem.process, options.prediction, context),
                  .exponent = exponents[i]};
    const Index dimension =
        problem.experts.empty() ? expert.model.dimension : problem.experts.front().model.dimension;
    if (expert.model.dimension != dimension)
      throw InvalidInput("{}: has {} dimensions, {} has {}", given.name, expert.model.dimension,
                         problem.names.front(), dimension);
    if (!expert.model.density_at && std::ranges::find(without_density, given.name) == without_density.end())
      without_density.push_back(given.name);
    problem.experts.push_back(std::move(expert));
  }
  if (options.corrector.moves > 0 && !without_density.empty())
    throw InvalidInput("moves: rejuvenation needs log densities; {} gives scores alone",
                       without_density.front());
  for (std::size_t i = 0; i < problem.models.size(); ++i) {
    if (problem.models[i].mixture)
      set_moments(*problem.models[i].mixture, problem.experts[i]);
    else
      estimate_moments(problem.process, context.seed, problem.experts[i]);
  }
  if (!without_density.empty())
    problem.notes.push_back(
        fmt::format("Scores alone: {}. At the highest noise level such a model counts as a Gaussian with the "
                    "mean and variance of "
                    "512 samples, and where exponents vary its log density is followed along the path.",
                    fmt::join(without_density, ", ")));
}

Reward reward_of(const ComposeOptions& options, const TaskContext& context, Index dimension) {
  const ComposeReward& asked = options.reward;
  if (!asked.mixture.empty() && !asked.slope.empty())
    throw InvalidInput("reward: give a mixture or a slope, not both");
  Reward reward;
  reward.strength = asked.strength;
  if (!asked.slope.empty()) {
    if (static_cast<Index>(asked.slope.size()) != dimension)
      throw InvalidInput("reward.slope: {} numbers for {} dimensions", asked.slope.size(), dimension);
    const Eigen::RowVectorXd slope = Eigen::Map<const Eigen::RowVectorXd>(asked.slope.data(), dimension);
    reward.evaluate = [slope](const Lanes& x, Eigen::ArrayXd& value, Lanes& gradient) {
      value = (x.matrix() * slope.transpose()).array();
      gradient = slope.array().replicate(x.rows(), 1);
    };
  } else if (!asked.mixture.empty()) {
    const GaussianMixture law = read_mixture(context.resolve(asked.mixture));
    if (law.dimension() != dimension)
      throw InvalidInput("reward.mixture: has {} dimensions, the models have {}", law.dimension(), dimension);
    const Process still = Process::edm(1e-4, 1);  // the density at noise 1e-4; its score is -noise / 1e-4
    reward.evaluate = [density = mixture_score(law, still).density_at(1e-4)](
                          const Lanes& x, Eigen::ArrayXd& value, Lanes& gradient) {
      density(x, gradient, value);
      gradient /= -1e-4;
    };
  }
  return reward;
}

}  // namespace

ComposeProblem compose_problem(const ComposeOptions& given, const TaskContext& context) {
  ComposeProblem problem;
  ComposeOptions options = given;
  if (!options.worker.command.empty()) options.experts.push_back("worker: " + options.worker.command);
  double sigma_min = 0.01;
  const bool guided = add_models(problem, options, context, sigma_min);
  sigma_min = options.sigma_min.value_or(sigma_min);
  std::string process = options.process;
  for (const GivenModel& model : problem.models)
    if (process.empty()) process = model.process;
  if (process.empty() && !(sigma_min < options.sigma_max))
    throw InvalidInput("sigma_min: must be below sigma_max = {:g}, found {:g}", options.sigma_max, sigma_min);
  problem.process =
      process.empty() ? Process::edm(sigma_min, options.sigma_max) : process_of(process, context);
  problem.times = TimeGrid::parse(options.grid, context.base).times(problem.process, options.steps);
  add_experts(options, context, guided, problem);
  problem.reward = reward_of(options, context, problem.experts.front().model.dimension);
  if (problem.models.front().mixture) problem.centres = problem.models.front().mixture->means;
  check_tails(problem);
  return problem;
}

}  // namespace lehr::command
