#include "apps/lehr/diffusion/search.hpp"

#include <algorithm>
#include <bit>

#include "apps/lehr/diffusion/feature_source.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/point_file.hpp"
#include "lehr/diffusion/search/step_file.hpp"
#include "lehr/diffusion/time_grid.hpp"

namespace lehr::command {

using namespace diffusion;

namespace {

// The evaluations of a list of steps, or of the blocks that it does not skip where there are blocks.
std::int64_t cost_of(const Subset& subset, int blocks) {
  if (blocks == 0) return static_cast<std::int64_t>(subset.times.size());
  std::int64_t cost = 0;
  for (const std::uint32_t bits : subset.skips) cost += blocks - std::popcount(bits);
  return cost;
}

class SearchRun {
 public:
  SearchRun(SearchOptions options, TaskContext& context)
      : options_(std::move(options)), context_(context), source_(load_model(options_.model, context)) {
    if (options_.clip.size() != 0 && (options_.clip.size() != 2 || !(options_.clip[0] < options_.clip[1])))
      throw InvalidInput("diffusion.search: clip takes two rising numbers, such as -1 1");
    fit_ = Fitness::Options{.metric = metric_named(options_.metric), .points = options_.points};
    fit_.fine_steps = options_.fine;
    if (fit_.metric != Metric::rms) reference_ = load_reference();
    fit_.features = load_features(options_.features, context, reference_);
    if (!options_.transfer.empty()) {
      ModelOptions other = options_.model;
      other.model = {options_.transfer}, other.worker.command.clear();
      other.process = source_.process.text();
      other_ = load_model(other, context);
    }
  }

  Report run() { return options_.kind == "solver" ? search_solver() : search_steps(); }

 private:
  Eigen::MatrixXd load_reference() const {
    if (options_.reference.empty()) {
      if (!source_.mixture)
        throw InvalidInput("diffusion.search: metric {} needs --reference, a file of true samples",
                           options_.metric);
      return draw_mixture(*source_.mixture, std::max<Eigen::Index>(options_.points, 2000), context_.seed,
                          lane("diffusion.exact"));
    }
    Eigen::MatrixXd points =
        read_point_set(context_.resolve(options_.reference), byte_scale_named(options_.bytes)).points;
    if (points.rows() == source_.model.dimension + 1)
      points = Eigen::MatrixXd(points.topRows(source_.model.dimension));
    if (options_.reference_map.size() != 2)
      throw InvalidInput("diffusion.search: reference_map takes a factor and a shift");
    return (points.array() * options_.reference_map[0] + options_.reference_map[1]).matrix();
  }

  Fitness fitness(const ModelSource& source, std::int64_t points, std::uint64_t noise) const {
    Fitness::Options options = fit_;
    options.points = points;
    return Fitness(source.model, source.process, options, reference_,
                   Seed{context_.seed.value * 1000 + noise});
  }

  template <class M>
  auto drive_search(const M& method, std::int64_t evaluations, std::vector<double>& kendall) const {
    SearchOptions own = options_;
    own.save.clear();
    Observers observers = context_.observers_with_checkpoints(lehr::describe(own).values());
    observers.list.push_back(trace([&kendall](const Moment&, const Row& row) {
      if (const auto tau = row.find("kendall")) kendall.push_back(*tau);
    }));
    return drive(method, Budget::evaluations(evaluations), context_.seed, observers);
  }

  // The candidates on the search's noise, on fresh noise, and on the other model.
  std::vector<JudgedCandidate> judge(const std::vector<std::pair<std::string, Plan>>& plans) const {
    const Fitness same = fitness(source_, options_.points, 1),
                  fresh = fitness(source_, options_.fresh_points, 2);
    std::optional<Fitness> other;
    if (other_) other.emplace(fitness(*other_, options_.fresh_points, 3));
    std::vector<JudgedCandidate> judged;
    for (const auto& [name, plan] : plans) {
      judged.push_back({name, same(plan), fresh(plan), {}});
      if (other) judged.back().transfer = (*other)(plan);
    }
    return judged;
  }

  Report search_solver() {
    SolverSearchOptions settings = options_.solver;
    if (options_.evaluations) settings.evaluations = *options_.evaluations;
    const Fitness fitness = this->fitness(source_, options_.points, 1);
    const SolverSearch search(settings, source_.process, options_.nfe, [&](const SolverSchedule& schedule) {
      return fitness(usf_plan(source_.process, schedule));
    });
    std::vector<double> kendall;
    const auto run = drive_search(search, settings.evaluations, kendall);
    if (run.state.values.empty())
      throw InvalidInput("diffusion.search: interrupted before a candidate was evaluated");
    SolverSchedule best = search.member(run.state, search.ranking(run.state).front());
    best.provenance["process"] = source_.process.text();
    best.provenance["metric"] = options_.metric;
    best.provenance["points"] = options_.points;
    best.provenance["seed"] = context_.seed.value;
    best.provenance["value"] = run.state.values[search.ranking(run.state).front()];
    std::vector<std::pair<std::string, Plan>> plans = {{"searched", usf_plan(source_.process, best)}};
    const std::vector<std::string> labels = search.preset_labels();
    for (std::size_t i = 0; i < static_cast<std::size_t>(run.state.presets); ++i)
      plans.emplace_back(labels[i], usf_plan(source_.process, search.member(run.state, i)));
    Report report = search_report(options_, {.judged = judge(plans),
                                             .kendall = kendall,
                                             .values = run.state.values,
                                             .others = "published solvers",
                                             .presets = static_cast<std::size_t>(run.state.presets)});
    report.title = fmt::format("A solver for {} in {} evaluations", source_.title, options_.nfe);
    report.tables.insert(report.tables.begin() + 1, decisions_table(best));
    report.artifacts.push_back({"grid", "txt", grid_text(best.times) + "\n", ""});
    return finish(std::move(report), schedule_json(best));
  }

  Report search_steps() {
    SubsetEvolutionOptions settings = options_.steps;
    if (options_.evaluations) settings.evaluations = *options_.evaluations;
    StepPlanOptions plan_options{.sampler = options_.sampler, .order = static_cast<int>(options_.order)};
    if (!options_.clip.empty()) plan_options.clip = {options_.clip[0], options_.clip[1]};
    const std::int64_t total =
        source_.process.discrete() ? static_cast<std::int64_t>(source_.process.end()) + 1 : options_.total;
    const int blocks = options_.blocks_budget ? static_cast<int>(source_.model.blocks.size()) : 0;
    if (options_.blocks_budget && blocks == 0)
      throw InvalidInput("diffusion.search: blocks_budget needs a network with blocks; {} has none",
                         source_.title);
    const std::int64_t budget = options_.blocks_budget.value_or(0);
    const auto first_steps = blocks > 0 ? std::max<std::int64_t>(1, budget / blocks) : options_.nfe;
    const auto plan = [&](const Subset& subset) {
      return step_plan(source_.process, subset, total, plan_options);
    };
    const Fitness fitness = this->fitness(source_, options_.points, 1);
    const SubsetEvolution search(
        settings, total, {rule_steps(options_.first_rule, first_steps, total)},
        [&](const Subset& subset) { return fitness(plan(subset)); }, blocks, budget);
    std::vector<double> kendall;
    const auto run = drive_search(search, settings.evaluations, kendall);
    const Subset best = search.best(run.state);
    std::vector<std::pair<std::string, Plan>> plans = {{"searched", plan(best)}};
    for (const std::string& rule : step_rules())
      plans.emplace_back(rule, plan({rule_steps(rule, first_steps, total)}));
    Report report = search_report(options_, {.judged = judge(plans),
                                             .kendall = kendall,
                                             .values = run.state.values,
                                             .others = "rules",
                                             .presets = 0});
    report.title = fmt::format("Steps for {} in {} evaluations", source_.title, best.times.size());
    std::vector<double> times;
    for (const std::int64_t step : best.times) times.push_back(step_time(source_.process, step, total));
    report.tables.insert(report.tables.begin() + 1, step_list_table(best, times, blocks));
    times.push_back(source_.process.t0());
    if (times.size() > 2 && times.back() < times[times.size() - 2])
      report.artifacts.push_back({"grid", "txt", grid_text(times) + "\n", ""});
    Json json = step_list_json({best, total, plan_options});
    json["cost"] = cost_of(best, blocks);
    json["metric"] = options_.metric;
    json["value"] = json_number(run.state.best);
    json["process"] = source_.process.text();
    json["seed"] = context_.seed.value;
    return finish(std::move(report), std::move(json));
  }

  Report finish(Report report, Json result) const {
    const std::string text = result.dump(1) + "\n";
    report.artifacts.push_back({"schedule", "json", text, ""});
    if (!options_.save.empty()) {
      write_file_atomically(context_.resolve(options_.save), text);
      report.notes.push_back(
          fmt::format("The result is in {}; `lehr diffusion sample --schedule` takes it.", options_.save));
    }
    return report;
  }

  SearchOptions options_;
  TaskContext& context_;
  ModelSource source_;
  std::optional<ModelSource> other_;
  Fitness::Options fit_;
  Eigen::MatrixXd reference_;
};

Report run_search(const SearchOptions& options, TaskContext& context) {
  return SearchRun(options, context).run();
}

}  // namespace

Task diffusion_search_task() {
  return make_task<SearchOptions>(
      "diffusion.search", "", "finds a sampler's steps, or the solver of every step, for a model",
      "With --kind solver, each step's time, prediction, order, derivative estimate, scaling and corrector "
      "are searched, beginning from 36 published "
      "solvers (USF with its predictor-based search); with --kind steps, which of the model's times DDIM, "
      "DDPM or DEIS visit, and with "
      "--blocks_budget which blocks of the network each step leaves out (AutoDiffusion). Nothing is trained. "
      "The result is judged on fresh noise, is a "
      "file that `lehr diffusion sample --schedule` takes, and its times are a schedule that any other study "
      "can use.",
      {"lehr diffusion search mixture.json --nfe 5 --save schedule.json",
       "lehr diffusion search net.safetensors --kind steps --nfe 4 --metric frechet --reference digits.npy "
       "--features features.json --clip -1 1",
       "lehr diffusion sample net.safetensors --schedule schedule.json"},
      run_search);
}

}  // namespace lehr::command
