#include "apps/lehr/sample/expect.hpp"

#include <chrono>
#include <cmath>
#include <filesystem>

#include "lehr/core/csv.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/sample/monte_carlo.hpp"

namespace lehr::command {

using namespace sample;

namespace {

// The numbers of a file's column "weight", for the expectations that its column "name" names.
std::vector<double> weights_of_file(const std::string& file, const std::vector<std::string>& names,
                                    const TaskContext& context) {
  const std::filesystem::path path = context.resolve(file);
  const CsvTable table = read_csv(path);
  const std::vector<std::string> given = table.text_column("name");
  const std::vector<double> values = table.number_column("weight", MissingCells::refuse);
  std::vector<double> weights;
  for (const std::string& name : names) {
    const auto at = std::ranges::find(given, name);
    if (at == given.end())
      throw InvalidInput("{}: no weight for the expectation {}", path.string(), quote(name));
    weights.push_back(values[static_cast<std::size_t>(at - given.begin())]);
  }
  return weights;
}

class ExpectRunner {
 public:
  ExpectRunner(const SampleExpectOptions& options, const ExpectSetup& setup, TaskContext& context)
      : options_(options), setup_(setup), context_(context) {}

  ExpectOutcome run() {
    if (options_.method == "mc" || options_.method == "mc_mixture") return monte_carlo();
    return adaptive();
  }

 private:
  ExpectOutcome adaptive() {
    AdaptiveImportanceOptions options = options_.adaptive;
    options.control_variates = options_.method == "aiscv";
    options.weight_values = given_weights();
    options.weights = options.weight_values.empty() ? options_.weights : "given";
    const AdaptiveImportanceSampling method(setup_.problem, options);
    const auto run = driven(method);
    const AdaptiveImportanceState& state = run.state;
    ExpectOutcome outcome = outcome_of(run, method.estimate(state));
    if (options.control_variates && state.chosen > 0 && state.sums.count() > 1)
      outcome.without_control_variates = method.estimate_without_control_variates(state);
    outcome.weights = method.variance_weights(outcome.estimate);
    const auto densities = method.log_densities(state);
    outcome.log_density = densities.all, outcome.log_final_density = densities.kept;
    outcome.final_points = state.sums.count();
    outcome.batches = state.draws, outcome.chosen = state.chosen;
    outcome.components = method.parts().names(), outcome.ess = state.ess;
    outcome.outside = state.outside;
    return outcome;
  }

  ExpectOutcome monte_carlo() {
    const MonteCarlo method(setup_.problem, options_.adaptive.budget,
                            options_.method == "mc" ? MonteCarloDesign::separate : MonteCarloDesign::mixture);
    const auto run = driven(method);
    ExpectOutcome outcome = outcome_of(run, method.estimate(run.state));
    outcome.weights = relative_variance_weights(outcome.estimate);
    if (options_.weights == "abs") outcome.weights.setOnes();
    if (const std::vector<double> given = given_weights(); !given.empty())
      outcome.weights = Eigen::Map<const Eigen::VectorXd>(given.data(), outcome.estimate.values.size());
    outcome.log_density = outcome.log_final_density = method.log_densities(run.state);
    outcome.final_points = run.state.points.cols();
    return outcome;
  }

  // Of a file; empty where the option is a word.
  std::vector<double> given_weights() const {
    if (options_.weights == "rel" || options_.weights == "abs") return {};
    return weights_of_file(options_.weights, setup_.problem.names(), context_);
  }

  template <Method M>
  Run<typename M::State> driven(const M& method) {
    const auto begin = std::chrono::steady_clock::now();
    Observers observers = context_.observers;
    if (!context_.directory.empty()) {
      std::filesystem::create_directories(context_.directory);
      observers.checkpoints.path = context_.directory / checkpoint_name();
    }
    observers.list.push_back(trace([&](const Moment&, const Row& row) {
      const bool adapting = steps_.empty() || steps_.back().find("adapting") == 1.0;
      if (row.find("ess_min") && adapting) steps_.push_back(row);
    }));
    auto run = drive(method, Budget::evaluations(options_.adaptive.budget), context_.seed, observers);
    if (run.why != Stop::interrupted) std::filesystem::remove(observers.checkpoints.path);
    if (run.state.points.cols() == 0)
      throw InvalidInput("sample.expect: interrupted before the first batch was done");
    seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return run;
  }

  template <class Run>
  ExpectOutcome outcome_of(const Run& run, ExpectationEstimate estimate) const {
    ExpectOutcome outcome;
    outcome.estimate = std::move(estimate);
    outcome.points = run.state.points, outcome.outputs = run.state.outputs;
    outcome.steps = steps_;
    outcome.calls = run.used.evaluations;
    outcome.seconds = seconds_;
    outcome.interrupted = run.why == Stop::interrupted;
    return outcome;
  }

  // A checkpoint of other options or another problem is never resumed.
  std::string checkpoint_name() const {
    SampleExpectOptions options = options_;
    return fmt::format("expect-{:016x}.safetensors",
                       lane(lehr::describe(options).values().dump() + setup_.identity));
  }

  const SampleExpectOptions& options_;
  const ExpectSetup& setup_;
  TaskContext& context_;
  std::vector<Row> steps_;
  double seconds_ = 0;
};

Report expect(const SampleExpectOptions& options, TaskContext& context) {
  if (!options.table.empty()) return reweight_table(options, context);
  const ExpectSetup setup = load_expect_problem(options.problem, context);
  if (!options.save.empty() && !setup.problem.log_jacobian)
    throw InvalidInput(
        "save: a sample is saved with its densities, and a law with equal empirical values has none");
  const std::size_t numbers = setup.sobol
                                  ? (setup.sobol->first + setup.sobol->total) * setup.model.inputs.size()
                                  : setup.problem.expectations.size();
  if (!options.truth.empty() && options.truth.size() != numbers)
    throw InvalidInput("truth: {} numbers for {} {}", options.truth.size(), numbers,
                       setup.sobol ? "indices" : "expectations");
  const ExpectOutcome outcome = ExpectRunner(options, setup, context).run();
  if (!options.save.empty()) write_file_atomically(context.resolve(options.save), sample_csv(setup, outcome));
  return expect_report(options, setup, outcome);
}

}  // namespace

void SampleExpectOptions::describe(OptionTable& options) {
  problem.describe(options);
  options
      .add("method", method,
           "adaptive importance sampling with control variates, without, or plain Monte Carlo: separate "
           "samples of "
           "the laws, or one of their mixture")
      .choices({"aiscv", "ais", "mc", "mc_mixture"});
  options.add("budget", adaptive.budget, "calls of the model").range(1, 1e9);
  options.add("weights", weights,
              "of the variances: relative precision (rel), absolute (abs), or a CSV file with columns name "
              "and weight");
  adaptive.describe(options);
  options.add("truth", truth, "known values, in order, to report errors against");
  options.add("save", save, "CSV file for the sample: points, outputs and log-densities");
  options.add("table", table,
              "CSV file with a saved sample, to be weighted anew to the law instead of calling a model");
  options.add("density", density,
              "its column with the draws' density (log-density where its name begins with log)");
  options.add("rows", rows, "its rows: all, or the last stage's, whose estimates are unbiased")
      .choices({"all", "final"});
  options.add("self_normalised", self_normalised,
              "divide by the sum of the weights: for densities up to a constant");
}

Task sample_expect_task() {
  return make_task<SampleExpectOptions>(
      "sample.expect", "", "many expectations of an expensive model from one sample",
      "Estimates all outputs' expectations (moments, failure probabilities, costs), one output's under many "
      "input "
      "laws, or Sobol' indices, from one budget of model calls: half of it at most adapts a mixture proposal "
      "with one "
      "component per expectation, the rest is drawn from it, and the components serve as control variates. "
      "Estimates are unbiased and come with their joint covariance; the sample can be saved and weighted "
      "anew to "
      "another law without a call. Models are formulas, a shared object, or a worker in any language.",
      {"sample expect beam.toml --budget 20000", "sample expect model.so --law law.toml --sobol first,total",
       "sample expect beam.toml --law ranges.toml --laws 40 --weights abs --save sample.csv",
       "sample expect --table sample.csv --law other.toml"},
      expect);
}

}  // namespace lehr::command
