#include "lehr/sample/annealed_smc.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/sample/log_weights.hpp"
#include "lehr/sample/resampling.hpp"
#include "lehr/schedule/acceptance_rate.hpp"

namespace lehr::sample {
namespace {

constexpr std::size_t numbers_per_smc_step = 7;
constexpr std::int64_t particles_per_task = 8;

MetricShape smc_metric_shape(const std::string& name) {
  if (name == "identity") return MetricShape::identity;
  return name == "dense" ? MetricShape::dense : MetricShape::diagonal;
}

// a x + b y of log densities; where a factor is 0 its density does not count, even where it is 0 itself.
double mixed(double a, double x, double b, double y) { return (a > 0 ? a * x : 0) + (b > 0 ? b * y : 0); }

}  // namespace

void AnnealedSmcOptions::describe(OptionTable& table) {
  table.add("particles", particles, "points side by side").range(2, 1e8);
  table.add("inverse_temperature", inverse_temperature,
            "share of the target in the law of a step, from 0 to 1: a schedule, or ess_tempering(...)");
  table.add("moves", moves, "transitions of each point at each temperature").range(1, 1e6);
  table.add("step", step,
            "step of the kernel: a schedule or a controller of acceptance; default: acceptance_rate at the "
            "rate that suits the "
            "kernel");
  table.add("metric", metric, "scale of the moves, from the points' covariance")
      .choices({"dense", "diagonal", "identity"});
  table.add("resample_below", resample_below, "effective share of the points at which they are resampled")
      .range(0, 1);
  table.add("resample", resample, "how; the error of the evidence is known for multinomial alone")
      .choices(resampling_schemes());
}

template <class Kernel>
AnnealedSmc<Kernel>::AnnealedSmc(AnnealingPrior prior, LogDensity target, Kernel kernel,
                                 AnnealedSmcOptions options)
    : prior_(std::move(prior)),
      target_(std::move(target)),
      kernel_(std::move(kernel)),
      options_(std::move(options)) {
  lehr::describe(options_).read(lehr::describe(options_).values(), "annealed SMC");
  if (target_.dimension < 1 || prior_.density.dimension != target_.dimension)
    throw InvalidInput("annealed SMC: the prior has dimension {}, the target {}", prior_.density.dimension,
                       target_.dimension);
  if (!prior_.draw || !prior_.density.value || !target_.value)
    throw InvalidInput("annealed SMC: the prior must have draws, and both laws a density");
  if (Kernel::needs_gradient && (!prior_.density.with_gradient || !target_.with_gradient))
    throw InvalidInput("annealed SMC: this kernel needs the gradients of both laws");
  options_.inverse_temperature.require(Signal::log_likelihoods, "inverse_temperature");
  if (options_.step) options_.step->require(Signal::acceptance, "step");
}

template <class Kernel>
auto AnnealedSmc<Kernel>::start(const Moment& now) const -> State {
  State state;
  const std::int64_t count = options_.particles;
  const auto size = static_cast<std::size_t>(count);
  state.points.resize(target_.dimension, count);
  state.log_priors.resize(size), state.log_targets.resize(size);
  const Stream random = now.random(lane("sample.smc.start"));
  parallel_for(
      count,
      [&](std::int64_t i) {
        Stream own = random.at_block(static_cast<std::uint64_t>(i) << 32);
        Eigen::VectorXd x(target_.dimension);
        prior_.draw(x, own);
        state.points.col(i) = x;
        state.log_priors[static_cast<std::size_t>(i)] = prior_.density.value(x);
        state.log_targets[static_cast<std::size_t>(i)] = target_.value(x);
      },
      particles_per_task);
  state.log_weights.assign(size, -std::log(static_cast<double>(count)));
  state.genealogy = Genealogy(count, false);
  state.inverse_temperature = options_.inverse_temperature.start("inverse_temperature");
  const double d = static_cast<double>(target_.dimension);
  state.step =
      options_.step
          ? options_.step->start("step")
          : Knob("step",
                 schedule::AcceptanceRate({.target = kernel_.target_acceptance(),
                                           .start = Kernel::needs_gradient ? 0.5 : 2.4 / std::sqrt(d)}));
  state.steps = {{.founders = static_cast<double>(count)}};
  now.spend(count);
  return state;
}

template <class Kernel>
double AnnealedSmc<Kernel>::next_inverse_temperature(State& state, const Moment& now) const {
  const double before = state.steps.back().inverse_temperature;
  if (options_.inverse_temperature.closed_loop()) {
    // The controller's feedback is what full strength would add to each weight.
    std::vector<double> gains(state.log_targets.size());
    for (std::size_t i = 0; i < gains.size(); ++i) gains[i] = state.log_targets[i] - state.log_priors[i];
    state.inverse_temperature.observe(gains);
    return state.inverse_temperature.value(now);
  }
  Moment end = now;
  ++end.step;
  if (now.steps > 0) end.progress = static_cast<double>(end.step) / static_cast<double>(now.steps);
  const double value = state.inverse_temperature.value(end);
  if (!(value > before && value <= 1))
    throw InvalidInput("inverse_temperature: must rise to 1, found {} after {} at step {}", value, before,
                       now.step);
  return value;
}

template <class Kernel>
void AnnealedSmc<Kernel>::advance(State& state, const Moment& now) const {
  const double before = state.steps.back().inverse_temperature;
  AnnealedSmcStep step;
  step.inverse_temperature = next_inverse_temperature(state, now);
  for (std::size_t i = 0; i < state.log_weights.size(); ++i) {
    const double gain = state.log_targets[i] - state.log_priors[i];
    state.log_weights[i] += std::isnan(gain) ? -std::numeric_limits<double>::infinity()
                                             : (step.inverse_temperature - before) * gain;
  }
  std::vector<double> p(state.log_weights.size());
  step.log_evidence = softmax(state.log_weights, 1, p, "weights of annealed SMC");
  const auto count = static_cast<double>(p.size());
  step.ess = effective_sample_size(p) / count;
  const double variance = relative_variance(p, state.genealogy.family(), state.resamplings);
  step.founders = static_cast<double>(state.genealogy.distinct_founders());
  const bool known = step.founders > 1 && options_.resample == "multinomial";
  step.log_evidence_error =
      known ? std::sqrt(std::max(0.0, variance)) : std::numeric_limits<double>::quiet_NaN();
  if (step.ess <= options_.resample_below + 1e-12) resample(state, now);
  step.step = state.step.value(now);
  step.acceptance = move(state, step.inverse_temperature, now);
  state.step.observe(step.acceptance);
  state.steps.push_back(step);
}

template <class Kernel>
void AnnealedSmc<Kernel>::resample(State& state, const Moment& now) const {
  std::vector<double> p(state.log_weights.size());
  const double log_sum = softmax(state.log_weights, 1, p);
  Stream random = now.random(lane("sample.smc.resample"));
  const auto ancestors = ancestors_in_place(
      resampled_copies(resampling_named(options_.resample), p, options_.particles, random));
  for (std::size_t j = 0; j < ancestors.size(); ++j) {
    const auto a = static_cast<std::size_t>(ancestors[j]);
    if (a == j) continue;  // sources keep their place
    state.points.col(static_cast<Eigen::Index>(j)) = state.points.col(static_cast<Eigen::Index>(a));
    state.log_priors[j] = state.log_priors[a];
    state.log_targets[j] = state.log_targets[a];
  }
  state.genealogy.descend(ancestors);
  ++state.resamplings;
  state.log_weights.assign(p.size(), log_sum - std::log(static_cast<double>(p.size())));
}

// The points' weighted covariance, regularised as the chains' is.
template <class Kernel>
Metric AnnealedSmc<Kernel>::metric_of(const State& state) const {
  const MetricShape shape = smc_metric_shape(options_.metric);
  Metric metric(target_.dimension, shape);
  if (shape == MetricShape::identity) return metric;
  const std::vector<double> p = probabilities(state);
  const Eigen::Map<const Eigen::VectorXd> weights(p.data(), static_cast<Eigen::Index>(p.size()));
  const Eigen::VectorXd mean = state.points * weights;
  const Eigen::MatrixXd deviations = state.points.colwise() - mean;
  const double n = effective_sample_size(p), share = n / (n + 5), floor = 5e-3 / (n + 5);
  if (shape == MetricShape::dense)
    metric.set_covariance(share * (deviations * weights.asDiagonal() * deviations.transpose()) +
                          floor * Eigen::MatrixXd::Identity(target_.dimension, target_.dimension));
  else
    metric.set_variances((share * (deviations.cwiseAbs2() * weights)).array() + floor);
  return metric;
}

template <class Kernel>
LogDensity AnnealedSmc<Kernel>::tempered(double b) const {
  LogDensity density{.dimension = target_.dimension, .value = {}, .with_gradient = {}};
  density.value = [this, b](const Eigen::VectorXd& x) {
    return mixed(1 - b, b < 1 ? prior_.density.value(x) : 0, b, target_.value(x));
  };
  if (!prior_.density.with_gradient || !target_.with_gradient) return density;
  density.with_gradient = [this, b](const Eigen::VectorXd& x, Eigen::VectorXd& gradient) {
    Eigen::VectorXd other(x.size());
    const double log_prior = prior_.density.with_gradient(x, other);
    const double log_target = target_.with_gradient(x, gradient);
    gradient = b * gradient + (1 - b) * other;
    return mixed(1 - b, log_prior, b, log_target);
  };
  return density;
}

// Returns the mean acceptance.
template <class Kernel>
double AnnealedSmc<Kernel>::move(State& state, double inverse_temperature, const Moment& now) const {
  const LogDensity density = tempered(inverse_temperature);
  const Metric metric = metric_of(state);
  const double step = state.step.value(now);
  if (!(step > 0)) throw InvalidInput("step: must be above 0, found {} at step {}", step, now.step);
  const Stream random = now.random(lane("sample.smc.move"));
  std::vector<double> acceptance(state.log_weights.size());
  std::vector<std::int64_t> spent(acceptance.size());
  parallel_for(
      options_.particles,
      [&](std::int64_t column) {
        const auto i = static_cast<std::size_t>(column);
        Stream own = random.at_block(static_cast<std::uint64_t>(column) << 32);
        ChainPoint point{.x = state.points.col(column), .log_density = 0, .gradient = {}};
        if constexpr (Kernel::needs_gradient) {
          point.gradient.resize(target_.dimension);
          point.log_density = density.with_gradient(point.x, point.gradient);
        } else {
          point.log_density =
              mixed(1 - inverse_temperature, state.log_priors[i], inverse_temperature, state.log_targets[i]);
        }
        for (std::int64_t k = 0; k < options_.moves; ++k) {
          const Transition made = kernel_.transition(density, point, metric, step, own);
          acceptance[i] += made.acceptance;
          spent[i] += made.evaluations;
        }
        state.points.col(column) = point.x;
        state.log_priors[i] = prior_.density.value(point.x);
        state.log_targets[i] = target_.value(point.x);
      },
      particles_per_task);
  double sum = 0;
  for (std::size_t i = 0; i < acceptance.size(); ++i) sum += acceptance[i], now.spend(spent[i] + 1);
  return sum / static_cast<double>(options_.moves * options_.particles);
}

template <class Kernel>
void AnnealedSmc<Kernel>::measure(const State& state, Row& row) const {
  const AnnealedSmcStep& last = state.steps.back();
  row.add("inverse_temperature", last.inverse_temperature);
  row.add("ess", last.ess);
  row.add("log_evidence", last.log_evidence);
  if (std::isfinite(last.log_evidence_error)) row.add("log_evidence_error", last.log_evidence_error);
  row.add("acceptance", last.acceptance);
  row.add("step", last.step);
  row.add("founders", last.founders);
}

template <class Kernel>
std::vector<double> AnnealedSmc<Kernel>::probabilities(const State& state) const {
  return softmax(state.log_weights);
}

template <class Kernel>
std::vector<double> AnnealedSmc<Kernel>::pack(const std::vector<AnnealedSmcStep>& steps) {
  std::vector<double> packed;
  for (const AnnealedSmcStep& s : steps)
    packed.insert(packed.end(), {s.inverse_temperature, s.ess, s.log_evidence, s.log_evidence_error,
                                 s.acceptance, s.step, s.founders});
  return packed;
}

template <class Kernel>
std::vector<AnnealedSmcStep> AnnealedSmc<Kernel>::unpack(const std::vector<double>& packed) {
  if (packed.empty() || packed.size() % numbers_per_smc_step != 0)
    throw InvalidInput("annealed SMC: the checkpoint holds {} numbers for its steps", packed.size());
  std::vector<AnnealedSmcStep> steps;
  for (auto s = packed.begin(); s != packed.end(); s += numbers_per_smc_step)
    steps.push_back({s[0], s[1], s[2], s[3], s[4], s[5], s[6]});
  return steps;
}

template class AnnealedSmc<RandomWalk>;
template class AnnealedSmc<Hmc>;

}  // namespace lehr::sample
