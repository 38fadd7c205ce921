// What `lehr tour solve` shows: metrics, tables, the tour on a map, the course of the run, and JSON.
#include <algorithm>
#include <cmath>

#include "apps/lehr/tour/solve.hpp"
#include "apps/lehr/tour/tour_map.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/tour/tour_file.hpp"

namespace lehr::command {

using namespace tour;

namespace {

constexpr double least_gap = 0.001;       // in percent, of gaps on a logarithmic axis
constexpr City longest_listed = 200'000;  // cities of a tour in JSON

std::string rule_name(const Problem& problem) {
  const Instance& instance = problem.instance;
  if (problem.is_directed()) return "a table, from city to city in one direction";
  if (instance.metric == Metric::matrix) return "a table";
  if (instance.metric == Metric::euclidean)
    return fmt::format("straight lines in {} dimensions, not rounded", instance.dimension);
  return fmt::format("{} (whole numbers)", tsplib_name(instance.metric));
}

struct Mean {
  double value = 0, error = 0, worst = 0;
  std::size_t count = 0;
};

template <class Get>
Mean mean_of(const std::vector<TourSolved>& solved, Get get) {
  std::vector<double> values;
  for (const TourSolved& one : solved)
    if (const std::optional<double> value = get(one)) values.push_back(*value);
  Mean mean;
  if (values.empty()) return mean;
  mean.count = values.size(), mean.worst = *std::ranges::max_element(values);
  const auto n = static_cast<double>(values.size());
  for (const double v : values) mean.value += v / n;
  double squares = 0;
  for (const double v : values) squares += (v - mean.value) * (v - mean.value);
  if (values.size() > 1) mean.error = std::sqrt(squares / (n - 1) / n);
  return mean;
}

void add_metrics(Report& report, const std::vector<TourSolved>& solved) {
  const Mean length = mean_of(solved, [](const TourSolved& s) { return std::optional(s.run.length); });
  report.metric("length", length.value);
  const Mean gap = mean_of(solved, [](const TourSolved& s) { return s.gap(); });
  if (gap.count > 0) report.metric("gap", gap.value);
  if (gap.count > 1) report.metric("gap_error", gap.error), report.metric("gap_worst", gap.worst);
  const Mean bound_gap = mean_of(solved, [](const TourSolved& s) { return s.bound_gap(); });
  if (bound_gap.count > 0) {
    report.metric("bound", mean_of(solved, [](const TourSolved& s) { return s.bound; }).value);
    report.metric("bound_gap", bound_gap.value);
  }
  report.metric("problems", static_cast<double>(solved.size()));
  report.metric("cities", mean_of(solved, [](const TourSolved& s) {
                            return std::optional<double>(s.problem.cities());
                          }).value);
  const double optimal = static_cast<double>(std::ranges::count_if(solved, [](const TourSolved& s) {
    return s.run.proved || (s.reference && s.reference->is_optimum && s.run.length <= s.reference->length);
  }));
  if (std::ranges::any_of(solved, [](const TourSolved& s) {
        return s.run.proved || (s.reference && s.reference->is_optimum);
      }))
    report.metric("optimal", optimal / static_cast<double>(solved.size()));
  report.metric("seconds",
                mean_of(solved, [](const TourSolved& s) { return std::optional(s.run.seconds); }).value);
  report.metric("steps", mean_of(solved, [](const TourSolved& s) {
                           return std::optional(static_cast<double>(s.run.steps));
                         }).value);
  for (const auto& [name, first] : solved.front().run.last.entries()) {
    if (report.find_metric(name)) continue;
    const Mean mean = mean_of(solved, [&name = name](const TourSolved& s) { return s.run.last.find(name); });
    report.metric(name, mean.value);
  }
}

Table result_table(const TourSolved& one) {
  Table table{.title = "Result", .columns = {"quantity", "value"}, .rows = {}, .formats = {"", ".10g"}};
  const auto row = [&](std::string name, Json value) {
    table.rows.push_back({std::move(name), std::move(value)});
  };
  row("cities", one.problem.cities());
  row("distances", rule_name(one.problem));
  row("length of the tour", json_number(one.run.length));
  if (one.reference) {
    row("reference", json_number(one.reference->length));
    row("gap to the reference", fmt::format("{:.3f} %", *one.gap()));
  }
  if (one.bound) {
    row("lower bound", json_number(*one.bound));
    if (const auto gap = one.bound_gap()) row("gap to the bound", fmt::format("{:.3f} %", *gap));
  }
  row("time", fmt::format("{:.3g} s", one.run.seconds));
  row("steps", one.run.steps);
  for (const auto& [name, value] : one.run.last.entries())
    if (name != "length") row(name, json_number(value));
  return table;
}

Table problems_table(const std::vector<TourSolved>& solved) {
  Table table{.title = "Problems",
              .columns = {"problem", "cities", "length", "reference", "gap in %", "time in s"},
              .rows = {},
              .formats = {"", "", ".10g", ".10g", ".3f", ".3g"}};
  const bool bounded = solved.front().bound.has_value();
  if (bounded) {
    for (const char* name : {"bound", "gap to it in %"}) table.columns.emplace_back(name);
    for (const char* format : {".10g", ".3f"}) table.formats.emplace_back(format);
  }
  for (const TourSolved& one : solved) {
    std::vector<Json> row = {
        one.problem.line > 0 ? fmt::format("line {}", one.problem.line) : one.problem.title(),
        one.problem.cities(),
        json_number(one.run.length),
        one.reference ? json_number(one.reference->length) : Json("none"),
        one.gap() ? json_number(*one.gap()) : Json(""),
        json_number(one.run.seconds)};
    if (bounded)
      row.push_back(json_number(one.bound.value_or(0))),
          row.push_back(json_number(one.bound_gap().value_or(0)));
    table.rows.push_back(std::move(row));
  }
  return table;
}

// What a problem's best tour is worth at each time of its trace.
struct Course {
  std::vector<double> seconds, values;

  // A step function: what was reached by then, from its first point on.
  double at(double time) const {
    const auto after = std::ranges::upper_bound(seconds, time);
    return values[after == seconds.begin() ? 0 : static_cast<std::size_t>(after - seconds.begin() - 1)];
  }
};

Course course_of(const TourSolved& one, bool gaps) {
  Course course;
  for (const TourTracePoint& point : one.run.trace) {
    course.seconds.push_back(std::max(point.seconds, 1e-4));
    const double gap = one.reference ? 100 * (point.length / one.reference->length - 1) : 0;
    course.values.push_back(gaps ? std::max(gap, least_gap) : point.length);
  }
  return course;
}

// The mean of the courses, and the least and the largest as a band, from when all have a tour.
std::vector<Series> mean_course(const std::vector<Course>& courses) {
  double first = 0, last = 0;
  for (const Course& course : courses)
    first = std::max(first, course.seconds.front()), last = std::max(last, course.seconds.back());
  Series mean, range;
  mean.label = fmt::format("mean of {} problems", courses.size()), mean.style = Series::Style::steps;
  range.style = Series::Style::band;
  mean.color = range.color = 0;
  constexpr int points = 300;
  for (int i = 0; i <= points; ++i) {
    const double time = first * std::pow(last / first, static_cast<double>(i) / points);
    double sum = 0, low = courses.front().at(time), high = low;
    for (const Course& course : courses) {
      const double value = course.at(time);
      sum += value, low = std::min(low, value), high = std::max(high, value);
    }
    mean.x.push_back(time), mean.y.push_back(sum / static_cast<double>(courses.size()));
    range.x.push_back(time), range.low.push_back(low), range.high.push_back(high);
  }
  return {std::move(range), std::move(mean)};
}

// Length, or gap where every problem has a reference, over time.
Figure course_figure_of(const std::vector<TourSolved>& solved) {
  const bool gaps = std::ranges::all_of(solved, [](const TourSolved& s) { return s.reference.has_value(); });
  const TourSolved& one = solved.front();
  const bool bounded = solved.size() == 1 && one.bound;
  Figure figure;
  figure.name = "course", figure.title = gaps ? "Gap over time" : "Length over time";
  figure.x = {.label = "seconds", .log = true, .low = {}, .high = {}};
  figure.y = {.label = gaps ? "gap to the reference in %" : "length of the best tour",
              .log = gaps && !bounded,
              .low = {},
              .high = {}};
  std::vector<Course> courses;
  for (const TourSolved& each : solved)
    if (!each.run.trace.empty()) courses.push_back(course_of(each, gaps && !bounded));
  if (figure.y.log) figure.caption = fmt::format("Gaps below {} % are drawn there.", least_gap);
  if (solved.size() > 1) {
    if (!figure.caption.empty()) figure.caption += " ";
    figure.caption += "The band is from the best problem to the worst.";
    figure.series = mean_course(courses);
    return figure;
  }
  Series line;
  line.label = "tour", line.style = Series::Style::steps, line.color = 0;
  line.x = courses.front().seconds, line.y = courses.front().values;
  if (bounded && gaps)
    for (std::size_t i = 0; i < line.y.size(); ++i) line.y[i] = 100 * (line.y[i] / one.reference->length - 1);
  figure.series.push_back(std::move(line));
  if (bounded) {
    Series bound;
    bound.label = "lower bound", bound.style = Series::Style::dashed, bound.color = 1;
    const double height = gaps ? 100 * (*one.bound / one.reference->length - 1) : *one.bound;
    const std::vector<double>& x = figure.series.front().x;
    bound.x = {x.front(), x.back()}, bound.y = {height, height};
    figure.series.push_back(std::move(bound));
  }
  return figure;
}

Json solved_json(const TourSolved& one) {
  Json json = {{"problem", one.problem.title()},
               {"cities", one.problem.cities()},
               {"length", json_number(one.run.length)}};
  if (one.reference) {
    json["reference"] = json_number(one.reference->length);
    json["reference_source"] = one.reference->source;
    json["gap"] = json_number(*one.gap());
  }
  if (one.bound)
    json["bound"] = json_number(*one.bound), json["bound_gap"] = json_number(one.bound_gap().value_or(0));
  json["proved"] = one.run.proved;
  json["stopped_by"] = name(one.run.why);
  json["steps"] = one.run.steps;
  json["seconds"] = one.run.seconds;
  Json measured = Json::object();
  for (const auto& [name, value] : one.run.last.entries()) measured[name] = json_number(value);
  json["measured"] = std::move(measured);
  if (one.problem.cities() > longest_listed) return json;
  Json cities = Json::array();
  for (const City city : one.problem.is_directed() ? one.run.best : canonical(one.run.best))
    cities.push_back(one.problem.id(city));
  json["tour"] = std::move(cities);
  return json;
}

void add_notes(Report& report, const std::vector<TourSolved>& solved) {
  const TourSolved& first = solved.front();
  for (const std::string& note : first.problem.notes) report.notes.push_back(note);
  if (first.reference) report.notes.push_back(fmt::format("The reference is {}.", first.reference->source));
  if (first.bound)
    report.notes.push_back(fmt::format("No tour is shorter than the bound by {}.", first.bound_name));
  if (first.run.proved) report.notes.push_back("No tour is shorter: the search was exhaustive.");
  if (solved.size() == 1 && !first.run.proved && first.reference && first.reference->is_optimum &&
      first.run.length <= first.reference->length)
    report.notes.push_back("The tour is as short as the optimum.");
  if (std::ranges::any_of(solved, [](const TourSolved& s) { return s.run.why == Stop::interrupted; }))
    report.notes.push_back("Interrupted: this is the best that had been found by then.");
}

}  // namespace

Report tour_solve_report(const TourSolveOptions& options, const std::vector<TourSolved>& solved,
                         const TaskContext&) {
  Report report;
  const TourSolved& first = solved.front();
  const bool single = solved.size() == 1;
  report.title =
      single ? fmt::format("{} by {}", first.problem.title(), options.method)
             : fmt::format("{} problems of {} by {}", solved.size(), first.problem.file, options.method);
  add_metrics(report, solved);
  report.tables = {single ? result_table(first) : problems_table(solved)};
  if (const std::vector<double> positions = first.problem.map(); !positions.empty()) {
    report.figures.push_back(tour_map_figure(positions, first.run.best, first.problem.title()));
    report.artifacts.push_back(
        {.name = "map", .extension = "svg", .content = tour_map_svg(positions, first.run.best), .path = {}});
  }
  if (first.run.trace.size() > 2) report.figures.push_back(course_figure_of(solved));
  add_notes(report, solved);
  if (single)
    report.artifacts.push_back({.name = "tour",
                                .extension = "tour",
                                .content = tour_text(first.problem, first.run.best, first.run.length),
                                .path = {}});
  report.json = {{"method", options.method}};
  if (single) {
    report.json.update(solved_json(first));
    return report;
  }
  Json metrics = Json::object();
  for (const auto& [name, value] : report.metrics) metrics[name] = json_number(value);
  report.json["metrics"] = std::move(metrics);
  Json problems = Json::array();
  for (const TourSolved& one : solved) problems.push_back(solved_json(one));
  report.json["problems"] = std::move(problems);
  return report;
}

}  // namespace lehr::command
