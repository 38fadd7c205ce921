#include "lehr/study/search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/evolve/ask_tell.hpp"
#include "lehr/schedule/search_space.hpp"
#include "lehr/study/cell.hpp"
#include "lehr/study/references.hpp"

namespace lehr::study {
namespace {

// What a point of the unit cube means: a schedule of a family, or a number.
class Candidates {
 public:
  explicit Candidates(const Search& search) : search_(search) {
    if (search.family.empty()) return;
    using Order = ScheduleFamily::Order;
    const Order order = search.order == "falling"  ? Order::falling
                        : search.order == "rising" ? Order::rising
                                                   : Order::free;
    const auto scale = search.log_scale ? ScheduleFamily::Scale::log : ScheduleFamily::Scale::linear;
    try {
      family_ = ScheduleFamily::parse(
          search.family, {.low = search.low, .high = search.high, .scale = scale, .order = order});
    } catch (const InvalidInput& error) {
      throw InvalidInput("search: family: {}", error.what());
    }
  }

  Eigen::Index dimension() const { return family_ ? family_->dimension() : 1; }

  Json decode(const Eigen::VectorXd& point) const {
    if (family_) return family_->decode(point).text();
    const double share = std::clamp(point[0], 0.0, 1.0);
    if (search_.log_scale) return search_.low * std::pow(search_.high / search_.low, share);
    return search_.low + share * (search_.high - search_.low);
  }

 private:
  const Search& search_;
  std::optional<ScheduleFamily> family_;
};

void set_option(Json& options, const std::string& name, const Json& value) {
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos)
    options[name] = value;
  else
    set_option(options[name.substr(0, dot)], name.substr(dot + 1), value);
}

// One run of the task with a candidate's value: the objective, turned so that less is better.
double run_once(const RunContext& context, std::int64_t number, const Json& value, std::uint64_t seed) {
  const Search& search = *context.study.search;
  const std::string where = fmt::format("search, trial {} seed {}", number, seed);
  Json options = resolved_options(context, search.options, seed, where);
  set_option(options, search.knob, value);
  const std::filesystem::path trial = context.folder / search_arm / std::to_string(number);
  TaskContext task_context{Seed{seed}, context.study.base, trial / std::to_string(seed), {}};
  make_folder(task_context.directory);
  task_context.observers.interrupted = context.settings.interrupted;
  const Report report = find_task(context.tasks, search.task).run(options, where, task_context);
  if (context.interrupted()) throw Interrupted{};
  if (const auto objective = report.find_metric(search.objective))
    return search.minimize ? *objective : -*objective;
  std::vector<std::string> known;
  for (const auto& [name, metric] : report.metrics) known.push_back(name);
  throw InvalidInput("search: objective: task {} has no metric {}{}", search.task, quote(search.objective),
                     hint(search.objective, known));
}

// A candidate's mean over the search's seeds; infinite where a run failed.
store::Trial evaluate(const RunContext& context, std::int64_t number, const Json& value) {
  const Search& search = *context.study.search;
  store::Trial trial{number, value.dump(), 0, ""};
  try {
    for (const std::uint64_t seed : search.seeds) trial.objective += run_once(context, number, value, seed);
    trial.objective /= static_cast<double>(search.seeds.size());
    if (std::isnan(trial.objective)) throw NumericalFailure("the objective is not a number");
  } catch (const NumericalFailure& failure) {
    trial.objective = std::numeric_limits<double>::infinity();
    trial.message = failure.what();
  }
  std::error_code ignored;  // a folder that stays does no harm
  std::filesystem::remove_all(context.folder / search_arm / std::to_string(number), ignored);
  return trial;
}

// The trial `number` from the store, or a new one.
store::Trial replay_or_evaluate(RunContext& context, const std::vector<store::Trial>& stored,
                                std::int64_t number, const Json& value) {
  const auto found = std::ranges::find(stored, number, &store::Trial::number);
  if (found == stored.end()) {
    const store::Trial trial = evaluate(context, number, value);
    context.store.add_trial(context.run, trial);
    return trial;
  }
  if (found->value != value.dump())
    throw InvalidInput(
        "search: trial {} in the store had the value {}, now it would have {}; start a new run", number,
        quote(found->value, 80), quote(value.dump(), 80));
  return *found;
}

// The search in progress: which trial comes next, and the best so far.
struct Progression {
  std::int64_t trials = 0, limit = 0;
  store::Trial best{-1, "", std::numeric_limits<double>::infinity(), ""};

  void add(const store::Trial& trial) {
    if (trial.objective < best.objective) best = trial;
    ++trials;
  }
};

void evaluate_generation(RunContext& context, const Candidates& candidates,
                         const std::vector<store::Trial>& stored, const Eigen::MatrixXd& points,
                         std::vector<double>& objectives, Progression& progression) {
  const std::int64_t count = std::min<std::int64_t>(points.cols(), progression.limit - progression.trials);
  std::vector<store::Trial> trials(static_cast<std::size_t>(count));
  std::atomic<std::int64_t> next = 0;
  run_workers(context.settings.jobs, context, [&] {
    for (std::int64_t i = next++; i < count; i = next++) {
      if (context.stopping()) throw Interrupted{};
      trials[static_cast<std::size_t>(i)] =
          replay_or_evaluate(context, stored, progression.trials + i, candidates.decode(points.col(i)));
    }
  });
  for (std::size_t i = 0; i < trials.size(); ++i) {
    objectives[i] = trials[i].objective;
    progression.add(trials[i]);
  }
  const double sign = context.study.search->minimize ? 1 : -1;
  context.tell({.event = Progress::Event::trial_done,
                .arm = search_arm,
                .seed = static_cast<std::uint64_t>(progression.trials),
                .done = progression.trials,
                .total = progression.limit,
                .message = fmt::format("{} {:.6g}", context.study.search->objective,
                                       sign * progression.best.objective)});
}

}  // namespace

store::CellResult run_search(RunContext& context) {
  const Search& search = *context.study.search;
  const Candidates candidates(search);
  const std::vector<store::Trial> stored = context.store.trials(context.run);
  Progression progression;
  progression.limit = search.evaluations / static_cast<std::int64_t>(search.seeds.size());
  evolve::AskTell method = evolve::make_search(search.method, candidates.dimension(), Seed{1});
  while (progression.trials < progression.limit) {
    const Eigen::MatrixXd points = method.ask();
    std::vector<double> objectives(static_cast<std::size_t>(points.cols()));
    evaluate_generation(context, candidates, stored, points, objectives, progression);
    if (progression.trials < progression.limit) method.tell(points, objectives);
  }
  if (progression.best.number < 0)
    throw NumericalFailure("search: none of {} candidates has a finite {}", progression.trials,
                           search.objective);

  store::CellResult result;
  result.metrics = {
      {search.objective, search.minimize ? progression.best.objective : -progression.best.objective},
      {"evaluations", static_cast<double>(progression.trials) * static_cast<double>(search.seeds.size())}};
  result.artifacts.push_back({"value", "json", progression.best.value, ""});
  result.report = "{}";
  return result;
}

Json found_value(const std::vector<Artifact>& artifacts) {
  const auto value = std::ranges::find(artifacts, "value", &Artifact::name);
  if (value == artifacts.end()) throw InvalidInput("search: its result is missing in the store");
  return parse_json(value->content, "search result");
}

void check_candidates(const Search& search) { const Candidates candidates(search); }

}  // namespace lehr::study
