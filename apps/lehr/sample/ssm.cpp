#include "apps/lehr/sample/ssm.hpp"

#include <chrono>
#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/sample/entropic_particle_filter.hpp"
#include "lehr/sample/filter_averages.hpp"
#include "lehr/sample/resampling.hpp"
#include "lehr/sample/state_space_filter.hpp"

namespace lehr::command {

using namespace sample;

void SsmOptions::describe(OptionTable& table) {
  table.add("model", model, "TOML file of the model (docs/sample.md)").positional().required();
  table.add("data", data, "CSV file of the observations, a row a step").positional();
  table.add("simulate", simulate, "in place of data: as many observations drawn from the model")
      .range(1, 1e7);
  table.add("particles", particles, "particles, a schedule of the steps");
  table.add("runs", runs, "independent filters: their spread is the error").range(1, 1e6);
  table
      .add("method", method,
           "pf: bootstrap filter; epf: with tempering; epf+lam: with look-ahead modulation; apf: auxiliary "
           "particle filter; bon: "
           "importance sampling without resampling")
      .choices({"pf", "epf", "epf+lam", "apf", "bon"});
  table.add("resample", resample, "how survivors are drawn").choices(resampling_schemes());
  table.add("resample_below", resample_below, "effective share of the particles at which they are");
  table.add("temperature", temperature,
            "how weights are flattened before: ess, entropy, base, solve, or a schedule; "
            "default: ess for epf and epf+lam, else 1");
  table.add("ess_threshold", tempering.ess_threshold, "effective share below which they may be flattened");
  table.add("early", tempering.early, "share of the series in which they may be flattened").range(0, 1);
  table.add("target_ess", tempering.target_ess, "solve: share of effective particles to keep");
  table.add("hottest", tempering.hottest, "base: temperature at the start").at_least(1);
  table.add("correct", correct,
            "survivors carry what tempering took from their weight; default: yes, which keeps the likelihood "
            "unbiased");
  table.group("lam", lam);
  table.add("output", output, "file for the filtered states (.csv)");
}

namespace {

constexpr std::int64_t lags_of_one_run = 20;  // resamplings back to which one run's errors look
constexpr std::int64_t least_families = 10;   // whose spread may be taken for an error

ParticleFilterOptions filter_options(const SsmOptions& options, std::int64_t length) {
  ParticleFilterOptions filter = likelihood_filter(options.method, 1, length);
  filter.particles = options.particles;
  filter.resample = options.resample;
  filter.resample_below = options.resample_below;
  filter.temperature = options.temperature;
  filter.tempering = options.tempering;
  filter.correct = options.correct;
  filter.lam = options.lam;
  filter.shuffle = false;  // costs a third of a step, and systematic resampling needs no order here
  filter.history = false;
  filter.error_lags = options.runs == 1 ? lags_of_one_run : 0;  // the spread of several runs says more
  return filter;
}

// Many independent filters of one series; a step of the run is a block of them.
template <class Filter>
struct RepeatedSeries {
  static constexpr std::int64_t block = 8;
  const Filter& filter;
  std::int64_t runs;

  struct State {
    std::vector<double> log_likelihoods;  // of each run
    FilterAverages averages;
    std::vector<double> ess;  // sums over runs
  };

  State start(const Moment&) const { return {}; }
  bool finished(const State& state) const {
    return static_cast<std::int64_t>(state.log_likelihoods.size()) >= runs;
  }
  void measure(const State& state, Row& row) const {
    if (!state.log_likelihoods.empty()) row.add("log_likelihood", state.log_likelihoods.back());
  }
  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    visit("log_likelihoods", state.log_likelihoods);
    state.averages.fields(visit, "averages");
    visit("ess", state.ess);
  }

  void advance(State& state, const Moment& now) const {
    const auto first = static_cast<std::int64_t>(state.log_likelihoods.size());
    const std::int64_t count = std::min(block, runs - first);
    const auto filtered = parallel_map(count, [&](std::int64_t i) {
      Stream random(now.seed, lane("sample.ssm.run"), static_cast<std::uint64_t>(first + i));
      return drive(filter, Budget::steps(filter.steps()), Seed{random() >> 1}).state;
    });
    for (const auto& run : filtered) add(state, run);
  }

  void add(State& state, const typename Filter::State& run) const {
    state.log_likelihoods.push_back(run.course.trace.back().log_evidence);
    state.averages.add(run.means);
    state.ess.resize(run.means.size());
    for (std::size_t t = 0; t < state.ess.size(); ++t) state.ess[t] += run.course.trace[t].tempering.ess;
  }
};

template <class State>
void take_averages(const State& state, SsmResult& result) {
  result.log_likelihoods = state.log_likelihoods;
  result.means = state.averages.means();
  result.variances = state.averages.variances();
  result.mean_errors = state.averages.mean_errors();
  for (const double ess : state.ess)
    result.ess.push_back(ess / static_cast<double>(state.log_likelihoods.size()));
}

template <class Series>
SsmResult filter_series(const Series& series, const SsmOptions& options, TaskContext& context) {
  const StateSpaceFilter<Series> space(series);
  const EntropicParticleFilter filter(space, space, filter_options(options, series.length()));
  using Filter = std::remove_const_t<decltype(filter)>;
  const RepeatedSeries<Filter> runs{filter, options.runs};
  SsmResult result;
  result.single_error = std::numeric_limits<double>::quiet_NaN();
  Observers observers = context.observers;
  if (!context.directory.empty()) {
    std::filesystem::create_directories(context.directory);
    SsmOptions named = options;
    observers.checkpoints.path = context.directory / fmt::format("checkpoint-{:016x}.safetensors",
                                                                 lane(describe(named).values().dump()));
  }
  const auto start = std::chrono::steady_clock::now();
  typename RepeatedSeries<Filter>::State state;
  Stop why = Stop::finished;
  if (options.runs == 1) {
    const auto run = drive(filter, Budget::steps(filter.steps()), context.seed, observers);
    why = run.why;
    if (run.state.course.trace.empty()) throw InvalidInput("sample.ssm: interrupted before the first step");
    runs.add(state, run.state);
    const FilterCourse& course = run.state.course;
    const std::int64_t multinomial = options.resample == "multinomial" ? course.resamplings : 0;
    if (why != Stop::interrupted && course.genealogy.distinct_founders() >= least_families)
      result.single_error = std::sqrt(
          std::max(0.0, relative_variance(course.probabilities, course.genealogy.family(), multinomial)));
  } else {
    auto run =
        drive(runs, Budget::steps((options.runs + runs.block - 1) / runs.block), context.seed, observers);
    why = run.why;
    state = std::move(run.state);
    if (state.log_likelihoods.empty())
      throw InvalidInput("sample.ssm: interrupted before the first run was done");
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.interrupted = why == Stop::interrupted;
  if (!result.interrupted && !observers.checkpoints.path.empty())
    std::filesystem::remove(observers.checkpoints.path);
  for (std::size_t t = 0; t < state.ess.size(); ++t)
    result.particle_steps +=
        static_cast<double>(state.log_likelihoods.size()) *
        static_cast<double>(filter.selection().particles_at(static_cast<std::int64_t>(t + 1)));
  take_averages(state, result);
  return result;
}

template <int D>
SsmResult filter_linear_gaussian(const LinearGaussian& model, const Eigen::MatrixXd& observations,
                                 const SsmOptions& options, TaskContext& context) {
  return filter_series(LinearGaussianSeries<D>(model, observations), options, context);
}

SsmResult filter_model(const LinearGaussian& model, const Eigen::MatrixXd& observations,
                       const SsmOptions& options, TaskContext& context) {
  SsmResult result;
  switch (model.dimension()) {
    case 1:
      result = filter_linear_gaussian<1>(model, observations, options, context);
      break;
    case 2:
      result = filter_linear_gaussian<2>(model, observations, options, context);
      break;
    case 3:
      result = filter_linear_gaussian<3>(model, observations, options, context);
      break;
    case 4:
      result = filter_linear_gaussian<4>(model, observations, options, context);
      break;
    default:
      throw InvalidInput("{}: linear-Gaussian models have 1 to 4 states here, found {}", options.model,
                         model.dimension());
  }
  const KalmanFilter exact = kalman_filter(model, observations);
  result.exact_log_likelihood = exact.log_likelihood;
  result.exact_means = exact.means, result.exact_variances = exact.variances;
  return result;
}

std::vector<double> first_row(const Eigen::MatrixXd& observations) {
  return {observations.data(), observations.data() + observations.cols()};
}

SsmResult filter_model(const DiscreteHmm& model, const Eigen::MatrixXd& observations,
                       const SsmOptions& options, TaskContext& context) {
  SsmResult result = filter_series(HmmSeries(model, first_row(observations)), options, context);
  const HmmPosterior exact = forward_backward(model, first_row(observations));
  result.exact_log_likelihood = exact.log_likelihood;
  result.exact_means = exact.filtered;
  result.exact_variances = exact.filtered.array() * (1 - exact.filtered.array());
  return result;
}

SsmResult filter_model(const StochasticVolatility& model, const Eigen::MatrixXd& observations,
                       const SsmOptions& options, TaskContext& context) {
  return filter_series(VolatilitySeries(model, first_row(observations)), options, context);
}

Report ssm(const SsmOptions& options, TaskContext& context) {
  if (options.data.empty() == !options.simulate.has_value())
    throw InvalidInput("sample.ssm: give data or simulate, one of them");
  const SsmModel model = read_ssm_model(context.resolve(options.model));
  Stream random(context.seed, lane("sample.ssm.simulate"));
  const Eigen::MatrixXd observations = options.simulate
                                           ? simulate_observations(model, *options.simulate, random)
                                           : read_observations(model, context.resolve(options.data));
  const SsmResult result = std::visit(
      [&](const auto& kind) { return filter_model(kind, observations, options, context); }, model.model);
  if (!options.output.empty())
    write_file_atomically(context.resolve(options.output), ssm_csv(model, observations, result));
  return ssm_report(options, model, observations, result);
}

}  // namespace

Task sample_ssm_task() {
  return make_task<SsmOptions>(
      "sample.ssm", "", "likelihood and filtered states of a state-space model, by particle filters",
      "Reads a state-space model (linear-Gaussian, hidden Markov, stochastic volatility) and a series of "
      "observations, and estimates the "
      "likelihood, without bias, and the filtered states by independent particle filters, whose spread is "
      "the error. Where the "
      "model has an exact answer (Kalman, forward algorithm) it stands beside. Empty cells are missing "
      "observations.",
      {"sample ssm model.toml data.csv --particles 1000",
       "sample ssm model.toml --simulate 200 --method epf --particles 64 --runs 100",
       "sample ssm volatility.toml returns.csv --method apf --resample_below 1 --output filtered.csv"},
      ssm);
}

}  // namespace lehr::command
