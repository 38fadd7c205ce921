// The models, process and exact answers that `lehr diffusion compose` is asked about.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "apps/lehr/diffusion/compose.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
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

void add_model(ComposeProblem& problem, std::string name, GaussianMixture law) {
  if (!problem.laws.empty() && problem.laws.front().dimension() != law.dimension())
    throw InvalidInput("{}: has {} dimensions, {} has {}", name, law.dimension(), problem.names.front(),
                       problem.laws.front().dimension());
  problem.names.push_back(std::move(name));
  problem.laws.push_back(std::move(law));
}

Json read_json(const TaskContext& context, const std::string& file) {
  return parse_json(read_file(context.resolve(file)), file);
}

// A mixture, alone or under the key "mixture".
void add_file(ComposeProblem& problem, const TaskContext& context, const std::string& file) {
  const Json json = read_json(context, file);
  const bool wrapped = json.is_object() && json.contains("mixture");
  add_model(problem, file, mixture_from_json(wrapped ? json["mixture"] : json, file));
}

// The one file, which may hold several models, the lowest noise level and exact answers. True where it is about guidance.
bool add_problem_file(ComposeProblem& problem, const ComposeOptions& options, const TaskContext& context,
                      double& sigma_min) {
  const Json json = read_json(context, options.file);
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
      add_model(problem, name, mixture_from_json(item, name));
    }
    return false;
  }
  if (json.contains("unconditional") || json.contains("conditional")) {
    for (const char* key : {"unconditional", "conditional"}) {
      if (!json.contains(key)) throw InvalidInput("{}: has no key '{}'", options.file, key);
      add_model(problem, options.file + ": " + key, mixture_from_json(json[key], options.file + ": " + key));
    }
    return true;
  }
  add_model(problem, options.file,
            mixture_from_json(json.contains("mixture") ? json["mixture"] : json, options.file));
  return false;
}

bool add_models(ComposeProblem& problem, const ComposeOptions& options, const TaskContext& context,
                double& sigma_min) {
  const bool guided = !options.unconditional.empty() || !options.conditional.empty();
  const int ways = (options.file.empty() ? 0 : 1) + (options.experts.empty() ? 0 : 1) + (guided ? 1 : 0);
  if (ways != 1)
    throw InvalidInput(
        "diffusion.compose: give one of a file, --experts, or --unconditional with --conditional{}",
        ways > 1 ? ", not several" : "");
  if (!options.file.empty()) return add_problem_file(problem, options, context, sigma_min);
  if (!guided) {
    for (const std::string& file : options.experts) add_file(problem, context, file);
    return false;
  }
  if (options.unconditional.empty() || options.conditional.empty())
    throw InvalidInput("{}: guidance needs the other model too",
                       options.unconditional.empty() ? "unconditional" : "conditional");
  add_file(problem, context, options.unconditional);
  add_file(problem, context, options.conditional);
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
  for (std::size_t i = 0; i < problem.laws.size(); ++i)
    precision += problem.experts[i].exponent(1) / (widest(problem.laws[i]) + low * low);
  if (precision <= 0)
    problem.notes.push_back(
        "Far from the origin a model with a negative exponent falls faster than the others: the target may "
        "not be "
        "normalisable at small noise, and then no weights are right.");
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

ComposeProblem compose_problem(const ComposeOptions& options, const TaskContext& context) {
  ComposeProblem problem;
  double sigma_min = 0.01;
  const bool guided = add_models(problem, options, context, sigma_min);
  sigma_min = options.sigma_min.value_or(sigma_min);
  if (options.process.empty() && !(sigma_min < options.sigma_max))
    throw InvalidInput("sigma_min: must be below sigma_max = {:g}, found {:g}", options.sigma_max, sigma_min);
  problem.process = options.process.empty() ? Process::edm(sigma_min, options.sigma_max)
                                            : Process::parse(options.process, context.base);
  problem.times = TimeGrid::parse(options.grid, context.base).times(problem.process, options.steps);
  const std::vector<Schedule> exponents = exponents_of(options, problem.laws.size(), guided);
  for (std::size_t i = 0; i < problem.laws.size(); ++i) {
    const GaussianMixture& law = problem.laws[i];
    Expert expert{.model = mixture_score(law, problem.process), .exponent = exponents[i]};
    expert.mean = law.means * law.weights;
    for (Index k = 0; k < law.components(); ++k)
      expert.variance += law.weights[k] *
                         (law.covariance(k).trace() + (law.means.col(k) - expert.mean).squaredNorm()) /
                         static_cast<double>(law.dimension());
    problem.experts.push_back(std::move(expert));
  }
  problem.reward = reward_of(options, context, problem.laws.front().dimension());
  check_tails(problem);
  return problem;
}

}  // namespace lehr::command
