#include "apps/lehr/sample/mcmc.hpp"

#include <chrono>
#include <cmath>
#include <filesystem>

#include "apps/lehr/sample/density_source.hpp"
#include "apps/lehr/sample/mcmc_report.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/sample/hmc.hpp"
#include "lehr/sample/mcmc.hpp"
#include "lehr/sample/nuts.hpp"
#include "lehr/sample/parallel_tempering.hpp"
#include "lehr/sample/random_walk.hpp"
#include "lehr/sample/slice.hpp"

namespace lehr::command {

using namespace sample;

namespace {

struct SampleMcmcOptions {
  DensityOptions density;
  std::string kernel = "nuts", draws;
  std::int64_t leapfrog_steps = 16, depth = 10;
  double spread = 1;
  McmcOptions chains;
  LadderOptions ladder;

  void describe(OptionTable& table) {
    density.describe(table);
    table
        .add("kernel", kernel,
             "how chains move: nuts and hmc by gradients in long strides, mala in short ones, random_walk "
             "and slice "
             "without gradients")
        .choices({"nuts", "hmc", "mala", "random_walk", "slice"});
    chains.describe(table);
    ladder.describe(table);
    table.add("leapfrog_steps", leapfrog_steps, "hmc: mean number of leapfrog steps of a trajectory")
        .range(1, 1e6);
    table.add("depth", depth, "nuts: trajectories end at 2^depth points").range(1, 20);
    table
        .add("spread", spread,
             "chains start within this distance of the model's start, in each unbounded coordinate")
        .range(0, 1e6);
    table.add("draws", draws, "file for the draws (CSV)");
  }
};

// A start for each chain, uniform around the model's; one with density 0 is drawn again.
Eigen::MatrixXd starting_points(const DensitySource& source, const SampleMcmcOptions& options, Seed seed) {
  constexpr int most_trials = 100;
  Eigen::MatrixXd starts(source.density.dimension, options.chains.chains);
  for (Eigen::Index c = 0; c < starts.cols(); ++c) {
    Stream random(seed, lane("sample.mcmc.starts"), static_cast<std::uint64_t>(c));
    bool found = false;
    for (int trial = 0; trial < most_trials && !found; ++trial) {
      Eigen::VectorXd x = source.start;
      for (double& value : x) value += options.spread * (2 * uniform(random) - 1);
      starts.col(c) = x;
      found = std::isfinite(source.density.value(x));
      if (options.spread == 0) break;
    }
    if (!found) {
      std::string reason;
      for (const std::string& problem : source.problems()) reason += " " + problem;
      throw InvalidInput(
          "sample.mcmc: no start with a finite log density among {} within {:g} of the model's start; give "
          "parameters a `start`, or another --spread.{}",
          most_trials, options.spread, reason);
    }
  }
  return starts;
}

class ChainRunner {
 public:
  ChainRunner(const SampleMcmcOptions& options, const DensitySource& source, TaskContext& context)
      : options_(options), source_(source), context_(context) {}

  template <class Kernel>
  ChainsReport run(Kernel kernel) {
    const Eigen::MatrixXd starts = starting_points(source_, options_, context_.seed);
    if (options_.ladder.temperatures > 1)
      return run_method(ParallelTempering<Kernel>(source_.density, std::move(kernel), starts, options_.chains,
                                                  options_.ladder));
    return run_method(Mcmc<Kernel>(source_.density, std::move(kernel), starts, options_.chains));
  }

 private:
  template <class M>
  ChainsReport run_method(const M& method) {
    const auto begin = std::chrono::steady_clock::now();
    Observers observers = context_.observers;
    if (!context_.directory.empty()) {
      std::filesystem::create_directories(context_.directory);
      observers.checkpoints.path = context_.directory / checkpoint_name();
    }
    auto run = drive(method, Budget::steps(method.steps()), context_.seed, observers);
    if (run.why != Stop::interrupted) std::filesystem::remove(observers.checkpoints.path);
    ChainsReport report = describe(run, method.draws(run.state));
    report.divergences = static_cast<std::int64_t>(run.last.find("divergences").value_or(0));
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return report;
  }

  // A checkpoint of other options or another model is never resumed.
  std::string checkpoint_name() const {
    SampleMcmcOptions options = options_;
    return fmt::format("mcmc-{:016x}.safetensors",
                       lane(lehr::describe(options).values().dump() + source_.identity));
  }

  template <class Run>
  ChainsReport describe(const Run& run, const Draws& draws) const {
    if (draws.iterations < 4)
      throw InvalidInput(
          "sample.mcmc: the run ended with {} draws a chain, before there was something to report",
          draws.iterations);
    ChainsReport report;
    report.title = source_.title;
    report.names = source_.names;
    report.parameters = source_.parameters;
    report.draws = draws;
    report.draws.dimension = static_cast<Eigen::Index>(source_.names.size());
    report.draws.values.resize(report.draws.dimension, draws.values.cols());
    for (Eigen::Index k = 0; k < draws.values.cols(); ++k)
      report.draws.values.col(k) = source_.values(draws.values.col(k));
    report.evaluations = run.used.evaluations;
    report.acceptance = run.last.find("acceptance").value_or(0);
    report.step = run.last.find("step").value_or(0);
    if (run.why == Stop::interrupted)
      report.notes.push_back("Interrupted: this is what had been drawn by then.");
    for (const std::string& problem : source_.problems()) report.notes.push_back(problem);
    return report;
  }

  const SampleMcmcOptions& options_;
  const DensitySource& source_;
  TaskContext& context_;
};

ChainsReport run_kernel(const SampleMcmcOptions& options, const DensitySource& source, TaskContext& context) {
  ChainRunner runner(options, source, context);
  if (options.kernel == "nuts") return runner.run(Nuts(static_cast<int>(options.depth)));
  if (options.kernel == "hmc") return runner.run(Hmc(options.leapfrog_steps));
  if (options.kernel == "mala") return runner.run(Hmc(1));
  if (options.kernel == "slice") return runner.run(Slice());
  return runner.run(RandomWalk(source.density.dimension));
}

Report run_sample_mcmc(const SampleMcmcOptions& options, TaskContext& context) {
  const DensitySource source = density_source(options.density, context);
  const ChainsReport chains = run_kernel(options, source, context);
  Report report = report_chains(chains);
  if (!options.draws.empty()) {
    write_file_atomically(context.resolve(options.draws), draws_csv(chains));
    report.notes.push_back(fmt::format("The draws are in {}.", options.draws));
  }
  return report;
}

}  // namespace

Task sample_mcmc_task() {
  return make_task<SampleMcmcOptions>(
      "sample.mcmc", "", "draws from the posterior of a model",
      "Runs Markov chains on a model file (data, parameters with priors, formulas; docs/sample.md) or on a "
      "density that "
      "a worker computes ({\"op\":\"log_prob\",\"x\":[...],\"gradient\":true} -> "
      "{\"log_prob\":...,\"gradient\":[...]}). "
      "Step sizes and scales adapt in the warm-up. The report has means with their Monte Carlo errors, "
      "quantiles, R-hat and "
      "effective sample sizes, traces and rank plots, and says what to worry about.",
      {"lehr sample mcmc schools.toml",
       "lehr sample mcmc schools.toml --kernel hmc --iterations 5000 --draws draws.csv",
       "lehr sample mcmc --worker.command \"python3 density.py\" --dimension 3 --kernel random_walk"},
      run_sample_mcmc);
}

}  // namespace lehr::command
