#include "apps/lehr/diffusion/search.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

#include "apps/lehr/diffusion/feature_source.hpp"
#include "apps/lehr/diffusion/model_source.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/point_file.hpp"
#include "lehr/diffusion/search/fitness.hpp"
#include "lehr/diffusion/search/solver_search.hpp"
#include "lehr/diffusion/search/step_file.hpp"
#include "lehr/diffusion/search/subset_evolution.hpp"
#include "lehr/diffusion/time_grid.hpp"

namespace lehr::command {

using namespace diffusion;

namespace {

struct SearchOptions {
  ModelOptions model;
  std::string kind = "solver", metric = "rms", reference, features, bytes = "signed", sampler = "ddim",
              first_rule = "leading", save, transfer;
  std::vector<double> reference_map = {1, 0}, clip;
  std::int64_t nfe = 5, total = 1000, points = 400, fresh_points = 2000, order = 2, fine = 1500;
  std::optional<std::int64_t> blocks_budget, evaluations;
  SolverSearchOptions solver;
  SubsetEvolutionOptions steps;

  void describe(OptionTable& table) {
    model.describe(table);
    table
        .add("kind", kind,
             "what is searched: solver, the decisions of every step (USF); steps, which times a sampler "
             "visits (AutoDiffusion)")
        .choices({"solver", "steps"});
    table.add("nfe", nfe, "evaluations of the network a point").range(1, 1000);
    table
        .add("evaluations", evaluations,
             "candidates to evaluate; default 236 solvers (36 of them published ones), 500 step lists")
        .range(1, 1e9);
    table.add("metric", metric, "rms to a fine solve from the same starts, or a distance to true samples")
        .choices(metric_names());
    table.add("fine", fine, "steps of the fine solve of metric rms, of four evaluations each").range(10, 1e6);
    table.add("points", points, "points of a candidate, from the same noise for all").range(2, 1e7);
    table.add("fresh_points", fresh_points, "points of the final judgement, from fresh noise").range(2, 1e7);
    table.add("reference", reference,
              "file of true samples; default: exact draws where the model is a mixture");
    table.add("reference_map", reference_map, "factor and shift of the reference's numbers");
    table.add("bytes", bytes, byte_scale_help).choices(byte_scale_names());
    table.add("features", features, features_help);
    table.add("transfer", transfer, "another model of the same process on which the result is judged too");
    table.add("save", save, "file for the result (JSON), which `lehr diffusion sample --schedule` takes");
    table.add("total", total, "steps: number of times to choose from, t = T (i + 1) / total").range(1, 1e6);
    table.add("sampler", sampler, "steps: what walks them").choices({"ddim", "ddpm", "deis_tab"});
    table.add("order", order, "steps: of deis_tab").range(0, 3);
    table.add("clip", clip, "steps: range of clean values, such as -1 1");
    table.add("first", first_rule, "steps: the list to begin from").choices(step_rules());
    table
        .add(
            "blocks_budget", blocks_budget,
            "steps: blocks of the network in all; then blocks may be skipped and the number of steps is free")
        .range(1, 1e6);
    table.group("solver", solver);
    table.group("steps", steps);
  }
};

// A candidate in the final judgement.
struct Judged {
  std::string name;
  double fitness = 0, fresh = 0;
  std::optional<double> transfer;
};

// Kendall's tau of the predictor's order and the true one, batch by batch.
struct Course {
  std::vector<double> kendall;
};

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
      other.model = {options_.transfer};
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
  auto drive_search(const M& method, std::int64_t evaluations, Course& course) const {
    SearchOptions own = options_;
    own.save.clear();
    Observers observers = context_.observers_with_checkpoints(lehr::describe(own).values());
    observers.list.push_back(trace([&course](const Moment&, const Row& row) {
      if (const auto kendall = row.find("kendall")) course.kendall.push_back(*kendall);
    }));
    return drive(method, Budget::evaluations(evaluations), context_.seed, observers);
  }

  // The candidates on the search's noise, on fresh noise, and on the other model.
  std::vector<Judged> judge(const std::vector<std::pair<std::string, Plan>>& plans) const {
    const Fitness same = fitness(source_, options_.points, 1),
                  fresh = fitness(source_, options_.fresh_points, 2);
    std::optional<Fitness> other;
    if (other_) other.emplace(fitness(*other_, options_.fresh_points, 3));
    std::vector<Judged> judged;
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
    Course course;
    const auto run = drive_search(search, settings.evaluations, course);
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
    Report report = describe(judge(plans), course, run.state.values, "published solvers",
                             static_cast<std::size_t>(run.state.presets));
    report.title = fmt::format("A solver for {} in {} evaluations", source_.title, options_.nfe);
    report.tables.insert(report.tables.begin() + 1, schedule_table(best));
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
    Course course;
    const auto run = drive_search(search, settings.evaluations, course);
    const Subset best = search.best(run.state);
    std::vector<std::pair<std::string, Plan>> plans = {{"searched", plan(best)}};
    for (const std::string& rule : step_rules())
      plans.emplace_back(rule, plan({rule_steps(rule, first_steps, total)}));
    Report report = describe(judge(plans), course, run.state.values, "rules", 0);
    report.title = fmt::format("Steps for {} in {} evaluations", source_.title, best.times.size());
    Table table{
        .title = "Steps", .columns = {"time", "t", "skipped blocks"}, .rows = {}, .formats = {"", ".6g", ""}};
    std::vector<double> times;
    for (std::size_t i = 0; i < best.times.size(); ++i) {
      std::string skipped;
      for (int b = 0; b < blocks; ++b)
        if ((best.skips[i] >> b & 1u) != 0) skipped += fmt::format("{}{}", skipped.empty() ? "" : ", ", b);
      times.push_back(step_time(source_.process, best.times[i], total));
      table.rows.push_back({best.times[i], times.back(), skipped});
    }
    report.tables.insert(report.tables.begin() + 1, std::move(table));
    times.push_back(source_.process.t0());
    if (times.size() > 2 && times.back() < times[times.size() - 2])
      report.artifacts.push_back({"grid", "txt", grid_text(times) + "\n", ""});
    Json json = step_list_json({best, total, plan_options});
    std::int64_t cost = 0;
    for (const std::uint32_t bits : best.skips) cost += blocks - std::popcount(bits);
    json["cost"] = blocks > 0 ? cost : static_cast<std::int64_t>(best.times.size());
    json["metric"] = options_.metric;
    json["value"] = json_number(run.state.best);
    json["process"] = source_.process.text();
    json["seed"] = context_.seed.value;
    return finish(std::move(report), std::move(json));
  }

  static Table schedule_table(const SolverSchedule& schedule) {
    static const char* const scalings[] = {"none", "dpm", "bh1", "plus_exp", "minus_exp", "linear"};
    Table table{.title = "Decisions",
                .columns = {"step", "from t", "to t", "predicts", "order", "points of the 1st derivative",
                            "scaling", "corrector"},
                .rows = {},
                .formats = {"", ".4g", ".4g", "", "", "", "", ""}};
    for (std::size_t i = 0; i < schedule.steps.size(); ++i) {
      const SolverStep& step = schedule.steps[i];
      std::string scaling = scalings[static_cast<std::size_t>(step.scaling)];
      if (step.scaling == Scaling::linear)
        scaling = fmt::format("1 {} {:.3f} h", step.kappa < 0 ? "-" : "+", std::abs(step.kappa));
      if (step.order == 1 && step.corrector == Corrector::none) scaling = "";
      table.rows.push_back(
          {i + 1, schedule.times[i], schedule.times[i + 1], step.data ? "data" : "noise", step.order,
           step.derivative_points.empty() ? Json("") : Json(step.derivative_points.front().size()), scaling,
           step.corrector == Corrector::none ? "" : "pseudo"});
    }
    return table;
  }

  Report describe(const std::vector<Judged>& judged, const Course& course, const std::vector<double>& values,
                  const char* others, std::size_t presets) const {
    Report report;
    const Judged& searched = judged.front();
    double best_fitness = INFINITY, best_fresh = INFINITY, best_transfer = INFINITY;
    for (std::size_t i = 1; i < judged.size(); ++i) {
      best_fitness = std::min(best_fitness, judged[i].fitness),
      best_fresh = std::min(best_fresh, judged[i].fresh);
      if (judged[i].transfer) best_transfer = std::min(best_transfer, *judged[i].transfer);
    }
    report.metric("fitness", searched.fitness);
    report.metric("fresh", searched.fresh);
    report.metric("best_other_fitness", best_fitness);
    report.metric("best_other_fresh", best_fresh);
    report.metric("ratio", searched.fitness / best_fitness);
    report.metric("fresh_ratio", searched.fresh / best_fresh);
    report.metric("evaluations", static_cast<double>(values.size()));
    if (searched.transfer)
      report.metric("transfer", *searched.transfer),
          report.metric("transfer_ratio", *searched.transfer / best_transfer);
    if (!course.kendall.empty()) {
      double mean = 0;
      for (const double tau : course.kendall) mean += tau / static_cast<double>(course.kendall.size());
      report.metric("kendall", mean);
    }
    Table table{
        .title = fmt::format("Judged on fresh noise ({} points), beside {}", options_.fresh_points, others),
        .columns = {"", "on the search's noise", "on fresh noise"},
        .rows = {},
        .formats = {"", ".4g", ".4g", ".4g"}};
    if (searched.transfer) table.columns.push_back("on the other model");
    std::vector<std::size_t> order;
    for (std::size_t i = 1; i < judged.size(); ++i) order.push_back(i);
    std::ranges::stable_sort(order,
                             [&](std::size_t a, std::size_t b) { return judged[a].fresh < judged[b].fresh; });
    order.insert(order.begin(), 0);
    for (std::size_t i = 0; i < std::min<std::size_t>(order.size(), 11); ++i) {
      const Judged& entry = judged[order[i]];
      std::vector<Json> row = {entry.name, json_number(entry.fitness), json_number(entry.fresh)};
      if (searched.transfer) row.push_back(json_number(*entry.transfer));
      table.rows.push_back(std::move(row));
    }
    report.tables.push_back(std::move(table));
    Figure figure;
    figure.name = "search", figure.title = "Course of the search";
    figure.x.label = "candidates evaluated", figure.y.label = options_.metric, figure.y.log = true;
    Series points, best;
    points.label = "candidates", points.style = Series::Style::points, points.color = 1;
    best.label = "best so far", best.style = Series::Style::steps, best.color = 0;
    double smallest = INFINITY, largest = 0;
    for (const double value : values) smallest = std::min(smallest, value);
    for (std::size_t i = 0; i < values.size(); ++i) {
      largest = i == 0 ? values[0] : std::min(largest, values[i]);
      best.x.push_back(static_cast<double>(i + 1)), best.y.push_back(largest);
      // Hopeless candidates would flatten the figure.
      if (values[i] < 30 * smallest)
        points.x.push_back(static_cast<double>(i + 1)), points.y.push_back(values[i]);
    }
    figure.series = {points, best};
    figure.caption =
        presets > 0
            ? fmt::format(
                  "The first {} are published solvers. Candidates beyond 30 times the best are not shown.",
                  presets)
            : "Candidates beyond 30 times the best are not shown.";
    report.figures.push_back(std::move(figure));
    if (searched.fresh > 1.15 * searched.fitness && fit_.metric != Metric::rms &&
        options_.points >= options_.fresh_points)
      report.notes.push_back(
          "On fresh noise the result is worse than on the search's: it is fitted to that noise. More "
          "--points help.");
    if (searched.fresh >= best_fresh)
      report.notes.push_back(fmt::format(
          "On fresh noise one of the {} is at least as good: the gain on the search's noise did not last.",
          others));
    if (fit_.metric == Metric::frechet && options_.points != options_.fresh_points)
      report.notes.push_back("A Frechet distance is biased by O(1/points): compare within a column only.");
    return report;
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
