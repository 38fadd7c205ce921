// What `lehr diffusion search` shows, and its options.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "apps/lehr/diffusion/feature_source.hpp"
#include "apps/lehr/diffusion/search.hpp"
#include "apps/lehr/figures.hpp"
#include "lehr/diffusion/point_file.hpp"
#include "lehr/diffusion/search/step_file.hpp"

namespace lehr::command {

using namespace diffusion;

namespace {

constexpr std::size_t shown_candidates = 11;
constexpr double hopeless = 30;  // candidates so many times worse than the best would flatten the figure

// The best of the others by a member.
template <class Member>
double best_other(const SearchFindings& findings, Member member) {
  double best = INFINITY;
  for (std::size_t i = 1; i < findings.judged.size(); ++i)
    best = std::min(best, std::invoke(member, findings.judged[i]));
  return best;
}

void add_search_metrics(const SearchFindings& findings, Report& report) {
  const JudgedCandidate& searched = findings.judged.front();
  const double fitness = best_other(findings, &JudgedCandidate::fitness),
               fresh = best_other(findings, &JudgedCandidate::fresh);
  report.metric("fitness", searched.fitness);
  report.metric("fresh", searched.fresh);
  report.metric("best_other_fitness", fitness);
  report.metric("best_other_fresh", fresh);
  report.metric("ratio", searched.fitness / fitness);
  report.metric("fresh_ratio", searched.fresh / fresh);
  report.metric("evaluations", static_cast<double>(findings.values.size()));
  if (searched.transfer) {
    const double other =
        best_other(findings, [](const JudgedCandidate& c) { return c.transfer.value_or(INFINITY); });
    report.metric("transfer", *searched.transfer);
    report.metric("transfer_ratio", *searched.transfer / other);
  }
  if (findings.kendall.empty()) return;
  double mean = 0;
  for (const double tau : findings.kendall) mean += tau / static_cast<double>(findings.kendall.size());
  report.metric("kendall", mean);
}

// The result, then the others from the best on fresh noise.
Table judgement_table(const SearchOptions& options, const SearchFindings& findings) {
  const std::vector<JudgedCandidate>& judged = findings.judged;
  Table table{.title = fmt::format("Judged on fresh noise ({} points), beside {}", options.fresh_points,
                                   findings.others),
              .columns = {"", "on the search's noise", "on fresh noise"},
              .rows = {},
              .formats = {"", ".4g", ".4g", ".4g"}};
  if (judged.front().transfer) table.columns.push_back("on the other model");
  std::vector<std::size_t> order(judged.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order.begin() + 1, order.end(), {},
                           [&](std::size_t i) { return judged[i].fresh; });
  for (std::size_t i = 0; i < std::min(order.size(), shown_candidates); ++i) {
    const JudgedCandidate& entry = judged[order[i]];
    std::vector<Json> row = {entry.name, json_number(entry.fitness), json_number(entry.fresh)};
    if (judged.front().transfer) row.push_back(json_number(*entry.transfer));
    table.rows.push_back(std::move(row));
  }
  return table;
}

Figure search_figure(const SearchOptions& options, const SearchFindings& findings) {
  const std::string left_out = "andidates beyond 30 times the best are not shown.";
  Figure figure = empty_figure("search", "Course of the search",
                               findings.presets > 0 ? fmt::format("The first {} are published solvers. C{}",
                                                                  findings.presets, left_out)
                                                    : "C" + left_out,
                               "candidates evaluated", options.metric);
  figure.y.log = true;
  Series points = empty_series("candidates", Series::Style::points, 1),
         best = empty_series("best so far", Series::Style::steps, 0);
  const std::vector<double>& values = findings.values;
  double smallest = INFINITY, least = INFINITY;
  for (const double value : values) smallest = std::min(smallest, value);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto x = static_cast<double>(i + 1);
    least = i == 0 ? values[0] : std::min(least, values[i]);
    best.x.push_back(x), best.y.push_back(least);
    if (values[i] < hopeless * smallest) points.x.push_back(x), points.y.push_back(values[i]);
  }
  figure.series = {points, best};
  return figure;
}

void add_search_notes(const SearchOptions& options, const SearchFindings& findings, Report& report) {
  const JudgedCandidate& searched = findings.judged.front();
  const Metric metric = metric_named(options.metric);
  if (searched.fresh > 1.15 * searched.fitness && metric != Metric::rms &&
      options.points >= options.fresh_points)
    report.notes.push_back(
        "On fresh noise the result is worse than on the search's: it is fitted to that noise. More "
        "--points help.");
  if (searched.fresh >= best_other(findings, &JudgedCandidate::fresh))
    report.notes.push_back(fmt::format(
        "On fresh noise one of the {} is at least as good: the gain on the search's noise did not last.",
        findings.others));
  if (metric == Metric::frechet && options.points != options.fresh_points)
    report.notes.push_back("A Frechet distance is biased by O(1/points): compare within a column only.");
}

}  // namespace

void SearchOptions::describe(OptionTable& table) {
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
      .add("blocks_budget", blocks_budget,
           "steps: blocks of the network in all; then blocks may be skipped and the number of steps is free")
      .range(1, 1e6);
  table.group("solver", solver);
  table.group("steps", steps);
}

Table decisions_table(const SolverSchedule& schedule) {
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

Table step_list_table(const Subset& steps, const std::vector<double>& times, int blocks) {
  Table table{
      .title = "Steps", .columns = {"time", "t", "skipped blocks"}, .rows = {}, .formats = {"", ".6g", ""}};
  for (std::size_t i = 0; i < steps.times.size(); ++i) {
    std::string skipped;
    for (int b = 0; b < blocks; ++b)
      if ((steps.skips[i] >> b & 1u) != 0) skipped += fmt::format("{}{}", skipped.empty() ? "" : ", ", b);
    table.rows.push_back({steps.times[i], times[i], skipped});
  }
  return table;
}

Report search_report(const SearchOptions& options, const SearchFindings& findings) {
  Report report;
  add_search_metrics(findings, report);
  report.tables.push_back(judgement_table(options, findings));
  report.figures.push_back(search_figure(options, findings));
  add_search_notes(options, findings, report);
  return report;
}

}  // namespace lehr::command
