#include "lehr/study/study_report.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "lehr/core/errors.hpp"
#include "lehr/stats/paired_comparison.hpp"
#include "lehr/stats/summary.hpp"
#include "lehr/study/merged_figures.hpp"
#include "lehr/study/references.hpp"
#include "lehr/study/run_study.hpp"

namespace lehr::study {
namespace {

// Everything that the store knows of one run.
struct Run {
  std::filesystem::path folder;
  std::vector<store::Cell> cells;
  std::vector<store::Trial> trials;
  Results results;
  std::vector<std::pair<store::Cell, Report>> reports;  // of the cells that are done
};

std::pair<store::Store, std::int64_t> open_run(const Study& study, const std::filesystem::path& folder) {
  store::Store store = store::Store::open_existing(store_file(folder));
  const auto run = store.find_run(study.slug);
  if (!run) throw InvalidInput("{}: holds no run of study '{}'", folder.string(), study.slug);
  return {std::move(store), *run};
}

Run load_run(const Study& study, const std::filesystem::path& folder) {
  const auto [store, run] = open_run(study, folder);
  Run loaded{folder, store.cells(run), store.trials(run), load_results(store, run), {}};
  for (const store::Cell& cell : loaded.cells) {
    if (cell.state != store::CellState::done || cell.arm == search_arm) continue;
    const store::CellResult result = store.result(cell.id);
    Report report = report_from_json(parse_json(result.report, store_file(folder).string()));
    report.artifacts = result.artifacts;
    loaded.reports.emplace_back(cell, std::move(report));
  }
  return loaded;
}

std::vector<std::string> all_metrics(const Results& results) {
  std::vector<std::string> names;
  for (const ArmResults& arm : results.arms)
    for (const std::string& name : arm.metric_names)
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  return names;
}

// "3.214 ± 0.012": the error to two digits, the mean to the same place.
std::string estimate(const MetricValues& metric) {
  const double mean = metric.mean();
  if (metric.values.size() < 2) return fmt::format("{:.6g}", mean);
  const double error = stats::standard_error(metric.values);
  if (!std::isfinite(error) || error == 0) return fmt::format("{:.6g} ± {:.2g}", mean, error);
  const int decimals = 1 - static_cast<int>(std::floor(std::log10(error)));
  if (decimals < 0 || decimals > 9) return fmt::format("{:.6g} ± {:.2g}", mean, error);
  return fmt::format("{:.{}f} ± {:.{}f}", mean, decimals, error, decimals);
}

// ---- tables -----------------------------------------------------------------------------------------------

// Metrics by arms; the longer list goes down.
Table results_table(const Results& results) {
  const std::vector<std::string> metrics = all_metrics(results);
  const auto cell = [&](const ArmResults& arm, const std::string& metric) -> Json {
    const auto found = arm.metrics.find(metric);
    return found == arm.metrics.end() ? Json("") : Json(estimate(found->second));
  };
  Table table{
      .title = "Results (mean ± standard error over seeds)", .columns = {}, .rows = {}, .formats = {}};
  if (metrics.size() >= results.arms.size()) {
    table.columns.push_back("metric");
    for (const ArmResults& arm : results.arms) table.columns.push_back(arm.name);
    for (const std::string& metric : metrics) {
      std::vector<Json>& row = table.rows.emplace_back(std::vector<Json>{metric});
      for (const ArmResults& arm : results.arms) row.push_back(cell(arm, metric));
    }
  } else {
    table.columns.push_back("arm");
    table.columns.insert(table.columns.end(), metrics.begin(), metrics.end());
    for (const ArmResults& arm : results.arms) {
      std::vector<Json>& row = table.rows.emplace_back(std::vector<Json>{arm.name});
      for (const std::string& metric : metrics) row.push_back(cell(arm, metric));
    }
  }
  return table;
}

// The values of both metrics under the seeds that both have.
std::pair<std::vector<double>, std::vector<double>> paired_values(const MetricValues& a,
                                                                  const MetricValues& b) {
  std::pair<std::vector<double>, std::vector<double>> values;
  for (std::size_t i = 0; i < a.seeds.size(); ++i) {
    const auto found = std::ranges::find(b.seeds, a.seeds[i]);
    if (found == b.seeds.end() || !std::isfinite(a.values[i])) continue;
    const double other = b.values[static_cast<std::size_t>(found - b.seeds.begin())];
    if (!std::isfinite(other)) continue;
    values.first.push_back(a.values[i]);
    values.second.push_back(other);
  }
  return values;
}

Table differences_table(const Results& results) {
  const ArmResults& first = results.arms.front();
  Table table{.title = fmt::format("Differences from '{}', paired over seeds", first.name),
              .columns = {"metric", "arm", "difference", "95 % low", "95 % high", "p"},
              .rows = {},
              .formats = {"", "", ".4g", ".4g", ".4g", ".2g"}};
  for (const std::string& metric : first.metric_names)
    for (const ArmResults& arm : results.arms) {
      const auto other = arm.metrics.find(metric);
      if (&arm == &first || other == arm.metrics.end()) continue;
      const auto [a, b] = paired_values(other->second, first.metrics.at(metric));
      if (a.size() < 2) continue;
      constexpr std::int64_t few_replicates = 100;  // the t interval alone is shown
      const stats::PairedComparison paired = stats::compare_paired(a, b, {.replicates = few_replicates});
      table.rows.push_back({metric, arm.name, json_number(paired.difference),
                            json_number(paired.t_interval.low), json_number(paired.t_interval.high),
                            json_number(paired.t_p)});
    }
  return table;
}

// Under one seed nothing is known of the spread, so "not clear" would say nothing.
std::string verdict(const ClaimResult& claim, bool several_seeds) {
  if (!claim.evaluated) return "cannot be evaluated";
  const char* doubt = several_seeds && !claim.clear ? " (not clear)" : "";
  return fmt::format("{}{}", claim.holds ? "holds" : "fails", doubt);
}

Table claims_table(const std::vector<ClaimResult>& claims, bool several_seeds) {
  Table table{.title = "Claims",
              .columns = {"claim", "verdict", "expected", "measured", "statement"},
              .rows = {},
              .formats = {}};
  for (const ClaimResult& claim : claims)
    table.rows.push_back(
        {claim.text, verdict(claim, several_seeds), claim.expect, claim.measured(), claim.statement});
  return table;
}

// The tables of each arm's first seed.
void add_cell_tables(const Run& run, bool several_cells, Report& report) {
  constexpr std::size_t max_tables = 16;
  std::set<std::string> seen;
  for (const auto& [cell, cell_report] : run.reports) {
    if (!seen.insert(cell.arm).second) continue;
    for (Table table : cell_report.tables) {
      if (report.tables.size() >= max_tables) return;
      if (several_cells) table.title = fmt::format("{} ({}, seed {})", table.title, cell.arm, cell.seed);
      report.tables.push_back(std::move(table));
    }
  }
}

// ---- search -----------------------------------------------------------------------------------------------

void add_search(const Search& search, const std::vector<store::Trial>& trials, Report& report) {
  const double sign = search.minimize ? 1 : -1;
  Figure figure;
  figure.name = "search";
  figure.title = fmt::format("Search for {}", search.knob);
  figure.x.label = "candidate";
  figure.y.label = search.objective;
  Series tried{
      .label = "candidates", .style = Series::Style::points, .x = {}, .y = {}, .low = {}, .high = {}};
  Series best{.label = "best so far", .style = Series::Style::steps, .x = {}, .y = {}, .low = {}, .high = {}};
  const store::Trial* leader = nullptr;
  for (const store::Trial& trial : trials) {
    if (!std::isfinite(trial.objective)) continue;
    if (leader == nullptr || trial.objective < leader->objective) leader = &trial;
    tried.x.push_back(static_cast<double>(trial.number + 1));
    tried.y.push_back(sign * trial.objective);
    best.x.push_back(tried.x.back());
    best.y.push_back(sign * leader->objective);
  }
  if (leader == nullptr) return;
  figure.series = {std::move(tried), std::move(best)};
  report.figures.push_back(std::move(figure));
  report.notes.push_back(fmt::format("The search ({}, {} candidates) found {} = {} with {} {:.6g}.",
                                     search.method, trials.size(), search.knob, leader->value,
                                     search.objective, sign * leader->objective));
}

// ---- notes, figures, artifacts ----------------------------------------------------------------------------

void add_notes(const Study& study, const Run& run, Report& report) {
  constexpr int max_failures = 20;
  int failures = 0;
  std::size_t open = 0;
  if (!study.summary.empty()) report.notes.push_back(study.summary);
  for (const store::Cell& cell : run.cells) {
    if (cell.state == store::CellState::failed && ++failures <= max_failures)
      report.notes.push_back(cell.arm == search_arm ? fmt::format("The search failed: {}", cell.message)
                                                    : fmt::format("Arm '{}' seed {} failed: {}", cell.arm,
                                                                  cell.seed, cell.message));
    if (cell.state == store::CellState::pending || cell.state == store::CellState::running) ++open;
  }
  if (failures > max_failures)
    report.notes.push_back(fmt::format("{} more cells failed.", failures - max_failures));
  if (open > 0)
    report.notes.push_back(
        fmt::format("The run is unfinished: {} of {} cells are open.", open, run.cells.size()));
  // A note that several arms share stands there once.
  std::vector<std::pair<std::string, std::vector<std::string>>> shared;  // the note, its arms
  for (const auto& [cell, cell_report] : run.reports)
    for (const std::string& note : cell_report.notes) {
      auto found = std::ranges::find_if(shared, [&](const auto& one) { return one.first == note; });
      if (found == shared.end()) found = shared.insert(found, {note, {}});
      if (std::ranges::find(found->second, cell.arm) == found->second.end())
        found->second.push_back(cell.arm);
    }
  for (const auto& [note, arms] : shared)
    report.notes.push_back(arms.size() == study.arms.size() ? note
                           : arms.size() == 1               ? fmt::format("Arm '{}': {}", arms.front(), note)
                                              : fmt::format("Arms '{}': {}", fmt::join(arms, "', '"), note));
}

std::vector<ArmFigures> figures_by_arm(const Run& run) {
  std::vector<ArmFigures> arms;
  for (const auto& [cell, cell_report] : run.reports) {
    if (arms.empty() || arms.back().arm != cell.arm) arms.push_back({cell.arm, {}});
    arms.back().seeds.push_back(cell_report.figures);
  }
  return arms;
}

// The artifacts of each arm's first seed, called "arm/name", as files.
void add_artifacts(const Run& run, Report& report) {
  std::set<std::string> seen;
  for (const auto& [cell, cell_report] : run.reports) {
    if (!seen.insert(cell.arm).second) continue;
    for (const Artifact& artifact : cell_report.artifacts)
      report.artifacts.push_back(
          {cell.arm + "/" + artifact.name, artifact.extension, "", (run.folder / artifact.path).string()});
  }
}

// ---- json -------------------------------------------------------------------------------------------------

Json arms_json(const Results& results) {
  Json arms = Json::object();
  for (const ArmResults& arm : results.arms) {
    Json metrics = Json::object();
    for (const std::string& name : arm.metric_names) {
      const MetricValues& metric = arm.metrics.at(name);
      Json values = Json::array();
      for (const double value : metric.values) values.push_back(json_number(value));
      metrics[name] = {{"mean", json_number(metric.mean())},
                       {"standard_error", json_number(stats::standard_error(metric.values))},
                       {"seeds", metric.seeds},
                       {"values", std::move(values)}};
    }
    arms[arm.name] = std::move(metrics);
  }
  return arms;
}

Json claims_json(const std::vector<ClaimResult>& claims) {
  Json list = Json::array();
  for (const ClaimResult& claim : claims) {
    Json values = Json::object();
    for (const auto& [name, value] : claim.values) values[name] = json_number(value);
    list.push_back({{"text", claim.text},
                    {"expect", claim.expect},
                    {"holds", claim.holds},
                    {"clear", claim.clear},
                    {"evaluated", claim.evaluated},
                    {"statement", claim.statement},
                    {"values", std::move(values)}});
  }
  return list;
}

Json trials_json(const Search& search, const std::vector<store::Trial>& trials) {
  Json list = Json::array();
  for (const store::Trial& trial : trials)
    list.push_back({{"number", trial.number},
                    {search.knob, parse_json(trial.value, "trial")},
                    {search.objective, json_number(search.minimize ? trial.objective : -trial.objective)}});
  return list;
}

}  // namespace

Report study_report(const Study& study, const std::filesystem::path& run_folder) {
  const Run run = load_run(study, run_folder);
  const std::vector<ClaimResult> claims = evaluate_claims(study.claims, run.results);
  Report report;
  report.title = study.title;
  for (const ArmResults& arm : run.results.arms)
    for (const std::string& name : arm.metric_names)
      report.metric(arm.name + "." + name, arm.metrics.at(name).mean());
  const bool several_seeds =
      std::ranges::any_of(study.arms, [](const Arm& arm) { return arm.seeds.size() > 1; });
  if (!claims.empty()) report.tables.push_back(claims_table(claims, several_seeds));
  if (!report.metrics.empty()) report.tables.push_back(results_table(run.results));
  if (run.results.arms.size() > 1)
    if (Table differences = differences_table(run.results); !differences.rows.empty())
      report.tables.push_back(std::move(differences));
  add_cell_tables(run, run.cells.size() > 1, report);
  report.figures = merged_figures(figures_by_arm(run));
  add_notes(study, run, report);
  if (study.search) add_search(*study.search, run.trials, report);
  add_artifacts(run, report);

  report.json = {{"study", study.slug}, {"title", study.title}, {"arms", arms_json(run.results)}};
  report.json["claims"] = claims_json(claims);
  if (study.search) report.json["search"] = trials_json(*study.search, run.trials);
  report.json["notes"] = report.notes;
  return report;
}

std::vector<ClaimResult> evaluate_claims(const Study& study, const std::filesystem::path& run_folder) {
  const auto [store, run] = open_run(study, run_folder);
  return evaluate_claims(study.claims, load_results(store, run));
}

}  // namespace lehr::study
