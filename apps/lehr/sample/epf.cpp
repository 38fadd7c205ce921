#include "apps/lehr/sample/epf.hpp"

#include <filesystem>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"

namespace lehr::command {

using namespace sample;

void EpfOptions::describe(OptionTable& table) {
  problem.describe(table);
  filter.describe(table);
  table.add("instances", instances,
            "problems that are solved; default: 1 for each input, 100 of an environment");
  table.add("compare", compare, "methods to compare over the instances: quality against calls");
  table.add("sizes", sizes, "compare: numbers of particles").range(1, 1e8);
  table.add("calibration", calibration,
            "sequences an instance that nobody selects, to see what the score of a prefix is worth; default: "
            "20 for the "
            "environments tree and countdown, else 0");
  table.add("trace", trace, "file for a line of JSON a step (one instance)");
  table.add("output", output, "file for the sequences, a line of JSON each (one instance)");
}

namespace {

// FNV-1a of the options: a checkpoint of other options is never resumed.
std::filesystem::path epf_checkpoint(EpfOptions options, const TaskContext& context,
                                     const std::string& part) {
  if (context.directory.empty()) return {};
  std::filesystem::create_directories(context.directory);
  const std::string text = describe(options).values().dump() + part;
  return context.directory / fmt::format("checkpoint-{:016x}.safetensors", lane(text));
}

// The observers with a checkpoint, which is removed when the run is done.
template <class Run>
auto with_checkpoint(const EpfOptions& options, const TaskContext& context, const std::string& part,
                     Run run) {
  Observers observers = context.observers;
  observers.checkpoints.path = epf_checkpoint(options, context, part);
  auto result = run(observers);
  if (result.why != Stop::interrupted && !observers.checkpoints.path.empty())
    std::filesystem::remove(observers.checkpoints.path);
  return result;
}

// One line a step.
std::string trace_lines(const FilterCourse& course) {
  std::string lines;
  for (const FilterStep& s : course.trace) {
    Row row;
    add_to(row, s);
    Json line{{"sweep", s.sweep},
              {"step", s.step},
              {"progress", s.progress},
              {"particles", s.particles},
              {"largest", s.largest}};
    for (const auto& [name, value] : row.entries()) line[name] = json_number(value);
    lines += line.dump() + "\n";
  }
  return lines;
}

std::string sequence_lines(const SequenceOutcome& outcome) {
  std::string lines;
  for (const FoundSequence& s : outcome.sequences)
    lines += Json{{"steps", s.steps},
                  {"key", s.key},
                  {"particles", s.particles},
                  {"share", s.share},
                  {"log_weight", json_number(s.log_weight)},
                  {"chosen", &s == &outcome.sequences.front()}}
                 .dump(-1, ' ', false, Json::error_handler_t::replace) +
             "\n";
  return lines;
}

void note_calls(Report& report, const SequenceProblems& problems) {
  const SequenceProblems::Calls calls = problems.calls();
  if (calls.failures() > 0)
    report.notes.push_back(fmt::format("{} of {} calls of the worker failed, the last one because: {}.",
                                       calls.failures(), calls.items(), calls.last_failure));
}

class EpfTask {
 public:
  EpfTask(const EpfOptions& options, TaskContext& context)
      : options_(options), context_(context), problems_(options.problem, context) {
    instances_ = options.instances.value_or(
        problems_.has_worker() ? std::max<std::int64_t>(1, problems_.inputs()) : 100);
    if (instances_ < 1) throw InvalidInput("instances: must be at least 1, found {}", instances_);
    if (problems_.inputs() > 0 && instances_ > problems_.inputs())
      throw InvalidInput("instances: {} of {} inputs", instances_, problems_.inputs());
    if (instances_ > 1 && !(options.trace.empty() && options.output.empty()))
      throw InvalidInput("trace and output: they are of one instance, here are {}", instances_);
  }

  Report run() {
    Report report = !options_.compare.empty() ? compare() : instances_ == 1 ? single() : repeated();
    calibrate(report);
    const SequenceProblems::Calls calls = problems_.calls();
    if (calls.items() > 0 && calls.failures() == calls.items())
      throw InvalidInput("worker: none of {} calls was answered, the last one because: {}", calls.items(),
                         calls.last_failure);
    note_calls(report, problems_);
    return report;
  }

 private:
  Report single() {
    const ParticleFilterOptions filter = problems_.adapted(options_.filter);
    const SequenceOutcome outcome = with_checkpoint(options_, context_, "", [&](const Observers& observers) {
      return problems_.instance(0, context_.seed).run(filter, context_.seed, observers);
    });
    if (!options_.trace.empty())
      write_file_atomically(context_.resolve(options_.trace), trace_lines(outcome.course));
    const std::string lines = sequence_lines(outcome);
    if (!options_.output.empty()) write_file_atomically(context_.resolve(options_.output), lines);
    Report report = epf_single_report(options_, outcome, problems_.name());
    report.artifacts.push_back(
        {.name = "trace", .extension = "jsonl", .content = trace_lines(outcome.course), .path = {}});
    if (!lines.empty())
      report.artifacts.push_back({.name = "sequences", .extension = "jsonl", .content = lines, .path = {}});
    if (outcome.why == Stop::interrupted)
      report.notes.push_back("Interrupted: this is what had been found by then.");
    return report;
  }

  RepeatedFilters::State run_instances(const ParticleFilterOptions& filter, const std::string& part) {
    const RepeatedFilters method(problems_, problems_.adapted(filter), instances_, !problems_.has_worker());
    auto run = with_checkpoint(options_, context_, part, [&](const Observers& observers) {
      return drive(method, Budget::steps(method.steps()), context_.seed, observers);
    });
    if (run.state.quality.empty()) throw InvalidInput("interrupted before the first instance was done");
    return std::move(run.state);
  }

  Report repeated() {
    return epf_repeated_report(options_, run_instances(options_.filter, ""), problems_.name());
  }

  Report compare() {
    std::vector<EpfArm> arms;
    for (const std::string& method : options_.compare)
      for (const std::int64_t size : options_.sizes) {
        ParticleFilterOptions filter = options_.filter;
        filter.method = method;
        filter.particles = static_cast<double>(size);
        arms.push_back({method, size, run_instances(filter, fmt::format("{} {}", method, size))});
      }
    return epf_comparison_report(options_, arms, problems_.name());
  }

  void calibrate(Report& report) {
    const bool judged = options_.problem.environment == "tree" || options_.problem.environment == "countdown";
    const std::int64_t rollouts = options_.calibration.value_or(judged ? 20 : 0);
    if (rollouts == 0) return;
    const ParticleFilterOptions filter = problems_.adapted(options_.filter);
    if (filter.weight != "logit" && options_.problem.environment != "tree")
      throw InvalidInput("calibration: scores that are no probabilities (weight = {}) have none",
                         filter.weight);
    add_calibration(report, roll_out(problems_, filter, instances_, rollouts, context_.seed));
  }

  const EpfOptions& options_;
  TaskContext& context_;
  SequenceProblems problems_;
  std::int64_t instances_ = 1;
};

Report epf(const EpfOptions& options, TaskContext& context) { return EpfTask(options, context).run(); }

}  // namespace

Task sample_epf_task() {
  return make_task<EpfOptions>(
      "sample.epf", "",
      "sequences built step by step under a score: particle filters that do not trust it too early",
      "Grows sequences side by side: a proposal draws the next step of each, a score judges the prefix, and "
      "those of little weight "
      "make room for copies of those of much. Where the score is over-confident early, the entropic particle "
      "filter (epf) draws "
      "survivors from flattened weights, from which a temperature by feedback or by schedule takes it back "
      "to the weights "
      "themselves. Proposal and score are your program (--worker), or an environment to try methods on. "
      "--compare runs several "
      "methods and prints quality against calls; the report shows how many different ancestors are left, and "
      "what the "
      "score of a prefix is worth at each step.",
      {"sample epf --worker \"python3 my_model.py\" --input question.txt --particles 8",
       "sample epf --environment tree --instances 300 --compare pf epf epf+lam bon beam",
       "sample epf --environment countdown --method pf --particles 128 --instances 50",
       "sample epf --worker \"./planner --stdio\" --temperature solve --target_ess \"linear(from=0.5, "
       "to=0)\" --select vote"},
      epf);
}

}  // namespace lehr::command
