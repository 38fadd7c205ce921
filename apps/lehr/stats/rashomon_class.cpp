#include "apps/lehr/stats/rashomon_class.hpp"

#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/worker_pool.hpp"
#include "lehr/stats/rashomon/multilevel_splitting.hpp"

namespace lehr::command {

using namespace stats;

namespace {

struct OwnClassOptions {
  WorkerOptions worker;
  std::int64_t dimension = 0;
  std::string prior = "cube";
  std::optional<double> reference_loss;
  double theta = 0.05;
  std::int64_t members = 10;
  SplittingOptions splitting;

  void describe(OptionTable& table) {
    table.group("worker", worker);
    table.add("dimension", dimension, "parameters of a model").range(0, 1e6);
    table.add("prior", prior, "of the parameters: uniform on the unit cube, or standard normal")
        .choices({"cube", "normal"});
    table.add("reference_loss", reference_loss, "loss of the reference model, such as the best one known");
    table.add("theta", theta, "how much worse than the reference a model may be").at_least(0);
    table.add("members", members, "models of the set to report").range(0, 1e5);
    table.group("splitting", splitting);
  }
};

// The loss of a model; infinity where the call failed: the model counts as outside of every set.
double ask_loss(WorkerPool& workers, HypothesisClass::ConstPoint x) {
  const WorkerAnswer answer =
      workers.ask("loss", Json{{"x", std::vector<double>(x.begin(), x.end())}}, [](const Json& found) {
        return std::string(
            found.contains("loss") && found["loss"].is_number() ? "" : "the answer has no number \"loss\"");
      });
  return answer.ok() ? answer.value["loss"].get<double>() : std::numeric_limits<double>::infinity();
}

// The course of the run, level by level.
struct SplittingCourse {
  std::vector<double> level, threshold, acceptance, log10_ratio, log10_error;

  void add(const Row& row) {
    if (!row.find("threshold")) return;
    level.push_back(*row.find("level")), threshold.push_back(*row.find("threshold"));
    acceptance.push_back(*row.find("acceptance"));
    log10_ratio.push_back(*row.find("log10_ratio")), log10_error.push_back(*row.find("log10_error"));
  }
};

Figure course_figure(const char* name, const char* title, const char* label, const SplittingCourse& course,
                     const std::vector<double>& values) {
  return {.name = name,
          .title = title,
          .caption = "",
          .x = {.label = "level", .log = false, .low = {}, .high = {}},
          .y = {.label = label, .log = false, .low = {}, .high = {}},
          .series = {{.label = "",
                      .style = Series::Style::line,
                      .x = course.level,
                      .y = values,
                      .low = {},
                      .high = {}}}};
}

Report own_class_report(const OwnClassOptions& options, const MultilevelSplitting& method,
                        const MultilevelSplitting::State& state, const SplittingCourse& course) {
  Report report;
  const RatioEstimate ratio = method.ratio(state);
  report.title = fmt::format("Rashomon ratio of a class of {} parameters", options.dimension);
  const double limit = *options.reference_loss + options.theta;
  Table table{.title = "Result", .columns = {"quantity", "value"}, .rows = {}, .formats = {"", ".6g"}};
  table.rows.push_back({"loss of a member at most", limit});
  table.rows.push_back({"log10 ratio", json_number(ratio.log10_ratio)});
  table.rows.push_back({"its standard error", json_number(ratio.log10_error)});
  table.rows.push_back({"95 % upper limit", json_number(ratio.log10_upper)});
  table.rows.push_back({"best loss seen", json_number(state.best_loss)});
  table.rows.push_back({"levels", state.level});
  report.tables.push_back(std::move(table));
  if (std::isfinite(ratio.log10_ratio)) {
    report.metric("log10_ratio", ratio.log10_ratio);
    report.metric("log10_error", ratio.log10_error);
  }
  report.metric("log10_upper", ratio.log10_upper);
  report.metric("best_loss", state.best_loss);
  report.metric("levels", static_cast<double>(state.level));
  if (course.level.size() > 1) {
    report.figures.push_back(
        course_figure("threshold", "Thresholds", "mean threshold", course, course.threshold));
    report.figures.push_back(
        course_figure("ratio", "Ratio so far", "log10 ratio", course, course.log10_ratio));
    report.figures.push_back(
        course_figure("acceptance", "Accepted moves", "share", course, course.acceptance));
  }
  if (!std::isfinite(ratio.log10_ratio))
    report.notes.push_back(
        "No population came down to the limit: the ratio is below its upper limit, or the moves are too "
        "bold (splitting.step) or too few (splitting.moves).");
  if (state.best_loss < *options.reference_loss)
    report.notes.push_back(
        fmt::format("A model better than the reference was met, with loss {:.6g}: give it as "
                    "reference_loss for the set around the best.",
                    state.best_loss));
  Json members = Json::array();
  for (const Eigen::VectorXd& point : method.members(state, options.members))
    members.push_back(
        {{"loss", json_number(method.loss(point))}, {"x", std::vector<double>(point.begin(), point.end())}});
  report.artifacts.push_back(
      {.name = "members", .extension = "json", .content = members.dump(1) + "\n", .path = {}});
  report.json = {{"log10_ratio", json_number(ratio.log10_ratio)},
                 {"log10_error", json_number(ratio.log10_error)},
                 {"log10_upper", json_number(ratio.log10_upper)},
                 {"best_loss", json_number(state.best_loss)},
                 {"best", std::vector<double>(state.best.begin(), state.best.end())},
                 {"levels", state.level},
                 {"members", std::move(members)}};
  return report;
}

Report own_class(const OwnClassOptions& options, TaskContext& context) {
  if (options.worker.command.empty())
    throw InvalidInput("worker.command: name the program that computes the losses");
  if (options.dimension < 1) throw InvalidInput("dimension: say how many parameters a model has");
  if (!options.reference_loss) throw InvalidInput("reference_loss: say the loss of the reference model");
  const auto workers = std::make_shared<WorkerPool>(options.worker, context.base);
  ask_loss(*workers, Eigen::VectorXd::Constant(options.dimension, 0.5));  // does it work at all?
  if (const auto first = workers->counts(); first.failures > 0)
    throw InvalidInput("the worker does not answer: {}", first.last_failure);
  const auto loss = [workers](HypothesisClass::ConstPoint x) { return ask_loss(*workers, x); };
  const HypothesisClass hypotheses =
      options.prior == "cube" ? cube_class(options.dimension, loss) : gaussian_class(options.dimension, loss);
  const MultilevelSplitting method(hypotheses, *options.reference_loss + options.theta, options.splitting);
  Observers observers = context.observers;
  if (!context.directory.empty()) {
    std::filesystem::create_directories(context.directory);
    OwnClassOptions own = options;
    observers.checkpoints.path = context.directory / fmt::format("checkpoint-{:016x}.safetensors",
                                                                 lane(describe(own).values().dump()));
  }
  SplittingCourse course;
  observers.list.push_back(trace([&](const Moment&, const Row& row) { course.add(row); }));
  const auto run = drive(method, {}, context.seed, observers);
  if (run.why != Stop::interrupted) std::filesystem::remove(observers.checkpoints.path);
  Report report = own_class_report(options, method, run.state, course);
  if (const WorkerPool::Counts counts = workers->counts(); counts.failures > 0)
    report.notes.push_back(
        fmt::format("{} of {} calls of the worker failed and counted as infinite loss; the last one: {}.",
                    counts.failures, counts.calls, counts.last_failure));
  if (run.why == Stop::interrupted) report.notes.push_back("Interrupted: --resume goes on from here.");
  return report;
}

}  // namespace

Task stats_rashomon_class_task() {
  return make_task<OwnClassOptions>(
      "stats.rashomon-class", "", "how large the Rashomon set of your own class of models is",
      "For any class of models with numbers as parameters: a worker gets a model's parameters, "
      "{\"op\":\"loss\", \"x\":"
      "[...]}, and answers its loss, {\"loss\":0.3}. Multilevel splitting lowers a threshold on the loss "
      "down to the "
      "reference's loss plus theta, by quantiles of the models that are left, with MCMC moves at each level; "
      "the ratio is "
      "the product of the shares that remain, so that 1e-40 is no harder to measure than 1e-4 ten times. "
      "Quantile and step "
      "size are schedules.",
      {"stats rashomon-class --worker.command 'python3 loss.py' --dimension 12 --reference_loss 0.08",
       "stats rashomon-class --worker.command ./loss --dimension 5 --prior normal --reference_loss 0.1 "
       "--theta 0.02 "
       "--splitting.quantile \"linear(from=0.5, to=0.2)\""},
      own_class);
}

}  // namespace lehr::command
