#include "apps/lehr/spin/tts.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "apps/lehr/spin/problem_options.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/spin/anneal.hpp"
#include "lehr/spin/time_to_solution.hpp"
#include "lehr/stats/bootstrap.hpp"

namespace lehr::command {

using namespace spin;

namespace {

struct SpinTtsOptions {
  std::vector<std::string> problems;
  ReadOptions reading;
  GeneratedProblem generated;
  std::int64_t instances = 10;
  std::vector<std::int64_t> sweeps = {10, 20, 50, 100, 200, 500, 1000, 2000, 5000};
  std::vector<double> targets;
  std::int64_t reads = 256;
  std::int64_t reference_sweeps = 20000;
  double certainty = 0.99;
  AnnealOptions anneal;

  void describe(OptionTable& table) {
    table.add("problems", problems, "files of the instances").positional();
    reading.describe(table);
    table.add("instances", instances, "generated instances, by seeds that follow each other").range(1, 1e5);
    table.group("generate", generated);
    table.add("sweeps", sweeps, "lengths of the runs that are compared").range(1, 1e9);
    table.add("targets", targets,
              "objective to reach, one for each problem; default: the known optimum, else the best that "
              "any run finds");
    table.add("reads", reads, "runs of each length, of each problem").range(2, 1e6);
    table
        .add("reference_sweeps", reference_sweeps,
             "length of an extra run in search of the best state, where no target is known; 0: none")
        .at_least(0);
    table.add("certainty", certainty, "probability of at least one success").above(0).below(1);
    anneal.cooling.describe(table);
    table.add("rule", anneal.rule, "how a flip is accepted").choices({"metropolis", "heat_bath"});
  }
};

// The runs of one length on one problem.
struct Runs {
  std::int64_t sweeps = 0;
  std::vector<double> energies;
  double seconds = 0;
};

struct Instance {
  Problem problem;
  double target = 0;  // energy
  std::string target_origin;
  std::vector<Runs> runs;
};

// TTS of one length over all instances, in sweeps: the median instance with a bootstrap interval when there
// are several, else the posterior's interval.
struct LengthSummary {
  std::int64_t sweeps = 0;
  double success = 0;
  Interval tts;
  double seconds_per_sweep = 0;  // of one read
};

Runs run_length(const Anneal& method, std::int64_t sweeps, const Problem& problem, TaskContext& context) {
  Observers observers = context.observers;
  observers.checkpoints.path.clear();
  const auto start = std::chrono::steady_clock::now();
  const auto run = drive(method, Budget::steps(sweeps), context.seed, observers);
  Runs runs{.sweeps = sweeps,
            .energies = {},
            .seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()};
  runs.energies = method.solutions(run.state).energies();
  if (run.why == Stop::interrupted)
    throw InvalidInput("interrupted before {} had all its runs of {} sweeps", problem.name, sweeps);
  return runs;
}

std::int64_t successes(const Instance& instance, const Runs& runs) {
  const double slack = 1e-6 * std::max(1.0, std::abs(instance.target));
  return std::ranges::count_if(runs.energies, [&](double e) { return e <= instance.target + slack; });
}

Instance measure_instance(const SpinTtsOptions& options, std::size_t number, TaskContext& context) {
  Instance instance{.problem = options.problems.empty()
                                   ? options.generated.make(context.seed, static_cast<std::int64_t>(number))
                                   : load_problem(options.problems[number], options.reading, context),
                    .target = 0,
                    .target_origin = {},
                    .runs = {}};
  if (instance.problem.polynomial)
    throw InvalidInput("spin.tts: {} has terms of more than two variables", instance.problem.name);
  AnnealOptions own = options.anneal;
  own.reads = options.reads;
  const Anneal method(instance.problem.ising, own);
  for (const std::int64_t sweeps : options.sweeps)
    instance.runs.push_back(run_length(method, sweeps, instance.problem, context));
  if (!options.targets.empty()) {
    instance.target = instance.problem.energy(options.targets[number]), instance.target_origin = "given";
  } else if (instance.problem.optimum) {
    instance.target = instance.problem.energy(*instance.problem.optimum),
    instance.target_origin = "known optimum";
  } else {
    instance.target = std::numeric_limits<double>::infinity(), instance.target_origin = "best found";
    for (const Runs& runs : instance.runs)
      instance.target = std::min(instance.target, *std::ranges::min_element(runs.energies));
    if (options.reference_sweeps > 0) {
      const Runs reference = run_length(method, options.reference_sweeps, instance.problem, context);
      instance.target = std::min(instance.target, *std::ranges::min_element(reference.energies));
    }
  }
  return instance;
}

// The median instance's time, and its 95 % interval by resampling the instances. Rates are resampled, because the time of
// an instance that no read solved is infinite.
Interval median_interval(const std::vector<double>& times, Seed seed) {
  std::vector<double> rates;
  for (const double time : times) rates.push_back(1 / time);
  const stats::BootstrapEstimate median =
      stats::bootstrap(rates, stats::median, {.replicates = 1000, .seed = seed});
  return {1 / median.estimate, 1 / median.percentile.high, 1 / median.percentile.low};
}

std::vector<LengthSummary> summarise(const std::vector<Instance>& instances, const SpinTtsOptions& options,
                                     Seed seed) {
  std::vector<LengthSummary> lengths;
  for (std::size_t k = 0; k < options.sweeps.size(); ++k) {
    LengthSummary length{.sweeps = options.sweeps[k], .success = 0, .tts = {}, .seconds_per_sweep = 0};
    std::vector<double> all;
    for (const Instance& instance : instances) {
      const Runs& runs = instance.runs[k];
      const std::int64_t hits = successes(instance, runs);
      length.tts =
          time_to_solution(static_cast<double>(runs.sweeps), hits, options.reads, 0.95, options.certainty);
      all.push_back(length.tts.value);
      length.success += static_cast<double>(hits) / static_cast<double>(options.reads) /
                        static_cast<double>(instances.size());
      length.seconds_per_sweep += runs.seconds / static_cast<double>(runs.sweeps * options.reads) /
                                  static_cast<double>(instances.size());
    }
    if (instances.size() > 1) length.tts = median_interval(all, seed);
    lengths.push_back(length);
  }
  return lengths;
}

Figure tts_figure(const std::vector<LengthSummary>& lengths, double certainty) {
  Figure figure{
      .name = "tts",
      .title = "Time to solution",
      .caption = fmt::format(
          "Sweeps that one success costs with probability {}, by the length of a run; bars are 95 % "
          "intervals. Lengths without success are left out.",
          certainty),
      .x = {.label = "sweeps of a run", .log = true, .low = {}, .high = {}},
      .y = {.label = "sweeps to solution", .log = true, .low = {}, .high = {}},
      .series = {}};
  Series line{.label = "", .style = Series::Style::line, .x = {}, .y = {}, .low = {}, .high = {}, .color = 0};
  Series points{.label = "time to solution",
                .style = Series::Style::points,
                .x = {},
                .y = {},
                .low = {},
                .high = {},
                .color = 0};
  for (const LengthSummary& length : lengths) {
    if (!std::isfinite(length.tts.value)) continue;
    line.x.push_back(static_cast<double>(length.sweeps)), line.y.push_back(length.tts.value);
    points.low.push_back(length.tts.low);
    points.high.push_back(std::isfinite(length.tts.high) ? length.tts.high : length.tts.value);
  }
  points.x = line.x, points.y = line.y;
  figure.series = {std::move(line), std::move(points)};
  return figure;
}

Report tts_report(const std::vector<Instance>& instances, const std::vector<LengthSummary>& lengths,
                  const SpinTtsOptions& options) {
  Report report;
  report.title =
      fmt::format("Time to solution of {} instance{}", instances.size(), instances.size() == 1 ? "" : "s");
  const LengthSummary& best =
      *std::ranges::min_element(lengths, {}, [](const LengthSummary& l) { return l.tts.value; });
  Table table{.title = "Lengths of a run",
              .columns = {"sweeps", "success", "TTS in sweeps", "low", "high", "TTS in seconds"},
              .rows = {},
              .formats = {"", ".4f", ".4g", ".4g", ".4g", ".3g"}};
  Json list = Json::array();
  for (const LengthSummary& l : lengths) {
    table.rows.push_back({l.sweeps, l.success, json_number(l.tts.value), json_number(l.tts.low),
                          json_number(l.tts.high), json_number(l.tts.value * l.seconds_per_sweep)});
    list.push_back({{"sweeps", l.sweeps},
                    {"success", l.success},
                    {"tts_sweeps", json_number(l.tts.value)},
                    {"low", json_number(l.tts.low)},
                    {"high", json_number(l.tts.high)},
                    {"tts_seconds", json_number(l.tts.value * l.seconds_per_sweep)}});
    report.metric(fmt::format("success_{}", l.sweeps), l.success);
    if (std::isfinite(l.tts.value)) report.metric(fmt::format("tts_{}", l.sweeps), l.tts.value);
  }
  report.tables.push_back(std::move(table));
  Table targets{.title = "Instances",
                .columns = {"problem", "spins", "target", "from"},
                .rows = {},
                .formats = {"", "", ".10g", ""}};
  for (const Instance& instance : instances)
    targets.rows.push_back({instance.problem.name, instance.problem.size(),
                            json_number(instance.problem.objective(instance.target)),
                            instance.target_origin});
  report.tables.push_back(std::move(targets));
  report.figures.push_back(tts_figure(lengths, options.certainty));
  if (std::isfinite(best.tts.value)) {
    report.metric("best_sweeps", static_cast<double>(best.sweeps));
    report.metric("tts", best.tts.value);
    report.metric("tts_low", best.tts.low);
    if (std::isfinite(best.tts.high)) report.metric("tts_high", best.tts.high);
    report.notes.push_back(fmt::format(
        "Best length: {} sweeps; one solution with probability {} costs {:.4g} sweeps ({:.4g} to {:.4g}), "
        "{:.3g} s with {} reads side by side.",
        best.sweeps, options.certainty, best.tts.value, best.tts.low, best.tts.high,
        best.tts.value * best.seconds_per_sweep, options.reads));
  } else {
    report.notes.push_back(
        "No run reached the target: give longer runs (--sweeps) or more of them (--reads).");
  }
  if (std::ranges::any_of(instances, [](const Instance& i) { return i.target_origin == "best found"; }))
    report.notes.push_back(
        "Targets marked 'best found' may be above the optimum; then the times are too short.");
  report.json = {{"lengths", std::move(list)},
                 {"best_sweeps", best.sweeps},
                 {"tts_sweeps", json_number(best.tts.value)},
                 {"tts_seconds", json_number(best.tts.value * best.seconds_per_sweep)},
                 {"certainty", options.certainty}};
  return report;
}

Report tts(const SpinTtsOptions& options, TaskContext& context) {
  if (options.problems.empty() != options.generated.seed.has_value())
    throw InvalidInput("spin.tts: name the problems' files, or give generate.seed to make some");
  const std::size_t count =
      options.problems.empty() ? static_cast<std::size_t>(options.instances) : options.problems.size();
  if (options.sweeps.empty()) throw InvalidInput("spin.tts: sweeps: give at least one length");
  if (!options.targets.empty() && options.targets.size() != count)
    throw InvalidInput("spin.tts: {} targets for {} problems", options.targets.size(), count);
  std::vector<Instance> instances;
  for (std::size_t k = 0; k < count; ++k) instances.push_back(measure_instance(options, k, context));
  return tts_report(instances, summarise(instances, options, context.seed), options);
}

}  // namespace

Task spin_tts_task() {
  return make_task<SpinTtsOptions>(
      "spin.tts", "", "time to solution against the length of an annealing run",
      "Anneals each problem in runs of several lengths and reports the time after which one of them has "
      "reached the target "
      "with 99 % probability, TTS = t ln(1 - 0.99) / ln(1 - p), with its interval: from the reads' posterior "
      "for one "
      "problem, by resampling the instances for a family. The best length is what to run.",
      {"spin tts glass.ising",
       "spin tts family/*.mc --sweeps 100 300 1000 3000 --reads 1000 --beta \"linear(from=0.1, to=3)\""},
      tts);
}

}  // namespace lehr::command
