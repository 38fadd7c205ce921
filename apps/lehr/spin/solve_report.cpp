// What `lehr spin solve` shows: metrics, the states found, the run's course and the reads' energies.
#include <algorithm>
#include <cmath>
#include <map>

#include "apps/lehr/spin/solve.hpp"
#include "lehr/spin/files/states_file.hpp"
#include "lehr/spin/time_to_solution.hpp"

namespace lehr::command {

using namespace spin;

namespace {

constexpr Index shown_spins = 48;  // longer states are shown by their beginning

// Reads that ended at the best energy, up to rounding.
std::int64_t reads_at_best(const SpinSolved& solved) {
  const double best = solved.best.front().energy;
  return std::ranges::count_if(solved.energies,
                               [&](double e) { return e <= best + 1e-9 * std::max(1.0, std::abs(best)); });
}

Table result_table(const Problem& problem, const SpinSolved& solved, std::int64_t hits) {
  Table table{.title = "Result", .columns = {"quantity", "value"}, .rows = {}, .formats = {"", ".10g"}};
  const auto row = [&](std::string name, Json value) {
    table.rows.push_back({std::move(name), std::move(value)});
  };
  const double energy = solved.best.front().energy;
  row("best " + objective_name(problem), json_number(problem.objective(energy)));
  if (problem.scale != 1 || problem.shift != 0) row("its energy", json_number(energy));
  if (solved.proved)
    row("proved", "optimal");
  else
    row("bound on the " + objective_name(problem), json_number(problem.objective(solved.lower_bound)));
  if (problem.optimum) row("known optimum", json_number(*problem.optimum));
  const auto reads = static_cast<std::int64_t>(solved.energies.size());
  row(solved.independent ? "reads at the best" : "copies at the best", fmt::format("{} of {}", hits, reads));
  const Interval p = success_probability(hits, reads);
  if (solved.independent)
    row("chance of a read to get there",
        fmt::format("{:.3g} ({:.3g} to {:.3g}, 95 %)", p.value, p.low, p.high));
  if (solved.steps > 0) row("steps", solved.steps);
  row("time", fmt::format("{:.3g} s", solved.seconds));
  if (solved.updates > 0 && solved.seconds > 0)
    row("proposals per second", fmt::format("{:.3g}", solved.updates / solved.seconds));
  return table;
}

Table states_table(const Problem& problem, const SpinSolved& solved) {
  Table table{.title = "Best states",
              .columns = {objective_name(problem), "reads", "state"},
              .rows = {},
              .formats = {".10g", "", ""}};
  for (const Solution& solution : solved.best) {
    std::string text = state_text(problem, solution.spins);
    if (static_cast<Index>(text.size()) > shown_spins) text = text.substr(0, shown_spins) + "...";
    table.rows.push_back(
        {json_number(problem.objective(solution.energy)), solution.occurrences, std::move(text)});
  }
  return table;
}

Figure course_figure(const Problem& problem, const SpinSolved& solved) {
  Figure figure{.name = "course",
                .title = "Course of the run",
                .caption = fmt::format("The {} of the reads: mean, one standard deviation, and the best.",
                                       objective_name(problem)),
                .x = {.label = "step", .log = false, .low = {}, .high = {}},
                .y = {.label = objective_name(problem), .log = false, .low = {}, .high = {}},
                .series = {}};
  Series best{
      .label = "best", .style = Series::Style::line, .x = {}, .y = {}, .low = {}, .high = {}, .color = 1};
  Series mean{
      .label = "mean", .style = Series::Style::line, .x = {}, .y = {}, .low = {}, .high = {}, .color = 0};
  Series band{.label = "", .style = Series::Style::band, .x = {}, .y = {}, .low = {}, .high = {}, .color = 0};
  for (const SolveTracePoint& point : solved.trace) {
    best.x.push_back(point.step), best.y.push_back(problem.objective(point.energy));
    if (std::isnan(point.energy_mean)) continue;
    mean.x.push_back(point.step), mean.y.push_back(problem.objective(point.energy_mean));
    if (std::isnan(point.energy_deviation)) continue;
    const double width = std::abs(problem.scale) * point.energy_deviation;
    band.x.push_back(point.step);
    band.y.push_back(mean.y.back());
    band.low.push_back(mean.y.back() - width), band.high.push_back(mean.y.back() + width);
  }
  if (!band.x.empty()) figure.series.push_back(std::move(band));
  if (!mean.x.empty()) figure.series.push_back(std::move(mean));
  figure.series.push_back(std::move(best));
  return figure;
}

Figure control_figure(const SpinSolved& solved) {
  Figure figure{.name = "control",
                .title = "What was annealed",
                .caption = {},
                .x = {.label = "step", .log = false, .low = {}, .high = {}},
                .y = {.label = solved.control_name, .log = false, .low = {}, .high = {}},
                .series = {}};
  Series line{
      .label = solved.control_name, .style = Series::Style::line, .x = {}, .y = {}, .low = {}, .high = {}};
  for (const SolveTracePoint& point : solved.trace)
    if (std::isfinite(point.control)) line.x.push_back(point.step), line.y.push_back(point.control);
  figure.series.push_back(std::move(line));
  return figure;
}

// How the reads' objectives are spread.
Figure reads_figure(const Problem& problem, const SpinSolved& solved) {
  Figure figure{.name = "reads",
                .title = "Where the reads ended",
                .caption = {},
                .x = {.label = objective_name(problem), .log = false, .low = {}, .high = {}},
                .y = {.label = "reads", .log = false, .low = 0.0, .high = {}},
                .series = {}};
  const auto [low, high] = std::ranges::minmax(solved.energies);
  constexpr int bins = 40;
  const double width = high > low ? (high - low) / bins : 1;
  std::map<int, double> counts;
  for (const double energy : solved.energies)
    counts[std::min(bins - 1, static_cast<int>((energy - low) / width))] += 1;
  Series bars{.label = "reads", .style = Series::Style::bars, .x = {}, .y = {}, .low = {}, .high = {}};
  for (const auto& [bin, count] : counts)
    bars.x.push_back(problem.objective(low + (bin + (high > low ? 0.5 : 0)) * width)),
        bars.y.push_back(count);
  figure.series.push_back(std::move(bars));
  return figure;
}

Json solve_json(const SpinSolveOptions& options, const Problem& problem, const SpinSolved& solved,
                std::int64_t hits) {
  Json states = Json::array();
  for (const Solution& solution : solved.best)
    states.push_back({{"objective", json_number(problem.objective(solution.energy))},
                      {"energy", json_number(solution.energy)},
                      {"reads", solution.occurrences},
                      {"state", state_text(problem, solution.spins)}});
  const auto reads = static_cast<std::int64_t>(solved.energies.size());
  const Interval p = success_probability(hits, reads);
  return {{"problem", problem.name},
          {"kind", name(problem.kind)},
          {"spins", problem.size()},
          {"method", options.method},
          {"objective", json_number(problem.objective(solved.best.front().energy))},
          {"energy", json_number(solved.best.front().energy)},
          {"bound", json_number(problem.objective(solved.lower_bound))},
          {"proved", solved.proved},
          {"reads", reads},
          {"reads_at_best", hits},
          {"success_probability",
           solved.independent ? Json{{"value", p.value}, {"low", p.low}, {"high", p.high}} : Json()},
          {"steps", solved.steps},
          {"seconds", solved.seconds},
          {"proposals", solved.updates},
          {"states", std::move(states)}};
}

}  // namespace

Report solve_report(const SpinSolveOptions& options, const Problem& problem, const SpinSolved& solved,
                    TaskContext& context) {
  Report report;
  report.title = fmt::format("{} by {}", problem.name, options.method);
  if (solved.best.empty()) throw NumericalFailure("{} found no state", options.method);
  const std::int64_t hits = reads_at_best(solved);
  const auto reads = static_cast<std::int64_t>(solved.energies.size());
  const double energy = solved.best.front().energy;
  double sum = 0;
  for (const double e : solved.energies) sum += e;
  report.metric("objective", problem.objective(energy));
  report.metric("energy", energy);
  report.metric("energy_mean", sum / static_cast<double>(reads));
  report.metric("energy_per_spin", energy / std::max<double>(1, problem.size()));
  report.metric("reads_at_best", static_cast<double>(hits));
  report.metric("success", static_cast<double>(hits) / static_cast<double>(reads));
  report.metric("steps", static_cast<double>(solved.steps));
  for (const auto& [name, value] : solved.last.entries())
    if (!report.find_metric(name) && std::isfinite(value)) report.metric(name, value);
  if (problem.optimum) {
    const double optimum = problem.energy(*problem.optimum);
    const double slack = 1e-6 * std::max(1.0, std::abs(optimum));
    report.metric("optimal", energy <= optimum + slack ? 1 : 0);
    report.metric("success_optimum", static_cast<double>(std::ranges::count_if(
                                         solved.energies, [&](double e) { return e <= optimum + slack; })) /
                                         static_cast<double>(reads));
  }

  report.tables = {problem_table(problem), result_table(problem, solved, hits),
                   states_table(problem, solved)};
  report.tables.insert(report.tables.end(), solved.tables.begin(), solved.tables.end());
  if (solved.trace.size() > 1) {
    report.figures.push_back(course_figure(problem, solved));
    if (!solved.control_name.empty()) report.figures.push_back(control_figure(solved));
  }
  if (solved.energies.size() > 1) report.figures.push_back(reads_figure(problem, solved));

  report.notes = problem.notes;
  report.notes.insert(report.notes.end(), solved.notes.begin(), solved.notes.end());
  if (solved.proved)
    report.notes.push_back("No state is better: the bound is attained.");
  else
    report.notes.push_back(
        fmt::format("A better state, if there is one, is reached by such a read with probability below "
                    "{:.3g} (95 % confidence).",
                    unseen_probability(reads)));
  report.artifacts.push_back({.name = "states",
                              .extension = "txt",
                              .content = states_text(problem, solved.best, StatesFormat::text),
                              .path = {}});
  if (!options.states.empty()) write_states(context.resolve(options.states), problem, solved.best);
  report.json = solve_json(options, problem, solved, hits);
  return report;
}

}  // namespace lehr::command
