// What `lehr diffusion sample` shows.
#include <algorithm>
#include <cmath>
#include <map>

#include "apps/lehr/diffusion/point_figures.hpp"
#include "apps/lehr/diffusion/sample.hpp"
#include "lehr/report/png.hpp"

namespace lehr::command {

using namespace diffusion;

namespace {

using Eigen::Index;
using Eigen::MatrixXd;

Figure points_figure(const SampleFindings& findings) {
  Figure figure;
  figure.name = "points";
  const bool known = findings.exact.size() > 0;
  if (findings.main.points.rows() == 1) {
    double low = findings.main.points.minCoeff(), high = findings.main.points.maxCoeff();
    if (known)
      low = std::min(low, findings.exact.minCoeff()), high = std::max(high, findings.exact.maxCoeff());
    if (!(high > low)) high = low + 1;
    figure.title = "Samples";
    figure.x.label = "x", figure.y.label = "density";
    if (known) figure.series.push_back(histogram("true", findings.exact, low, high, 1));
    figure.series.push_back(histogram("sampled", findings.main.points, low, high, 0));
  } else {
    figure.title = "Samples, first two coordinates";
    figure.x.label = "x0", figure.y.label = "x1";
    if (known) figure.series.push_back(cloud("true", findings.exact, 1));
    figure.series.push_back(cloud("sampled", findings.main.points, 0));
  }
  figure.caption = fmt::format("{} points by {} in {} evaluations each.", findings.main.points.cols(),
                               findings.main.name, findings.main.nfe);
  return figure;
}

Series line(std::string label, std::vector<double> x, std::vector<double> y, int color) {
  Series series;
  series.label = std::move(label);
  series.x = std::move(x), series.y = std::move(y);
  series.color = color;
  return series;
}

Figure course_figure(const SampleFindings& findings) {
  Figure figure;
  figure.name = "course";
  figure.title = "Course along the grid";
  figure.x.label = "time", figure.y.label = "root mean square";
  figure.y.log = true;
  std::vector<double> t, state, noise, error_t, error;
  for (const StepTrace& step : findings.trace) {
    t.push_back(step.t), state.push_back(step.state);
    noise.push_back(step.noise > 0 ? step.noise : std::nan(""));
    if (step.error > 0) error_t.push_back(step.t), error.push_back(step.error);
  }
  figure.series = {line("state", t, state, 0), line("noise", t, noise, 1)};
  if (!error.empty()) figure.series.push_back(line("local error", error_t, error, 2));
  figure.caption =
      "Root mean squares per coordinate. The local error is the step less the same step an order lower; it "
      "costs no evaluation.";
  return figure;
}

std::optional<double> chosen_error(const SampledArm& arm) {
  return arm.rms ? arm.rms : arm.truth.frechet ? arm.truth.frechet : arm.truth.sliced;
}

Figure sweep_figure(const SampleFindings& findings) {
  Figure figure;
  figure.name = "evaluations";
  const SampledArm& first = findings.others.front();
  figure.title = "Error against evaluations";
  figure.x.label = "evaluations a point", figure.x.log = true;
  figure.y.label = first.rms             ? "rms distance to the fine solve"
                   : first.truth.frechet ? "Frechet distance"
                                         : "sliced W2 to true samples";
  figure.y.log = true;
  std::vector<std::string> names;
  std::map<std::string, std::pair<std::vector<double>, std::vector<double>>> curves;
  for (const SampledArm& arm : findings.others) {
    const auto value = chosen_error(arm);
    if (!value) continue;
    if (!curves.contains(arm.name)) names.push_back(arm.name);
    curves[arm.name].first.push_back(static_cast<double>(arm.nfe));
    curves[arm.name].second.push_back(*value);
  }
  int color = 0;
  for (const std::string& name : names)
    figure.series.push_back(line(name, curves[name].first, curves[name].second, color++));
  const auto known_floor = first.rms             ? std::nullopt
                           : first.truth.frechet ? findings.floor.frechet
                                                 : findings.floor.sliced;
  if (known_floor) {
    Series floor = line("noise floor", {figure.series.front().x.front(), figure.series.front().x.back()},
                        {*known_floor, *known_floor}, -1);
    floor.style = Series::Style::dashed;
    figure.series.push_back(std::move(floor));
  }
  figure.caption = "All solvers start from the same points.";
  return figure;
}

// The first hundred points as images, ten in a row, with a grey frame, three pixels to a coordinate.
std::string image_sheet(const MatrixXd& points, std::int64_t width) {
  constexpr std::int64_t zoom = 3, gap = 3, most = 10;
  const std::int64_t height = points.rows() / width,
                     count = std::min<std::int64_t>(most * most, points.cols());
  const std::int64_t across = std::min(most, count), down = (count + most - 1) / most;
  const std::int64_t sheet_width = across * (zoom * width + gap) + gap,
                     sheet_height = down * (zoom * height + gap) + gap;
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(sheet_width * sheet_height), 128);
  for (std::int64_t i = 0; i < count; ++i)
    for (std::int64_t y = 0; y < zoom * height; ++y)
      for (std::int64_t x = 0; x < zoom * width; ++x) {
        const double value = points((y / zoom) * width + x / zoom, i);
        const std::int64_t row = i / most * (zoom * height + gap) + gap + y,
                           column = i % most * (zoom * width + gap) + gap + x;
        pixels[static_cast<std::size_t>(row * sheet_width + column)] =
            static_cast<std::uint8_t>(std::lround(127.5 * (std::clamp(value, -1.0, 1.0) + 1)));
      }
  return png_of_grey(pixels, sheet_width, sheet_height);
}

Json cell(const std::optional<double>& value) { return value ? Json(*value) : Json(""); }

void add_metric(Report& report, const std::string& name, const std::optional<double>& value) {
  if (value) report.metric(name, *value);
}
// Names are PREFIX sw2 SUFFIX and so on.
void add_distances(Report& report, const std::string& prefix, const SampleDistances& to,
                   const std::string& suffix = "") {
  add_metric(report, prefix + "sw2" + suffix, to.sliced);
  add_metric(report, prefix + "energy" + suffix, to.energy);
  add_metric(report, prefix + "mmd" + suffix, to.mmd);
  add_metric(report, prefix + "frechet" + suffix, to.frechet);
  add_metric(report, prefix + "mode_tv" + suffix, to.modes);
  add_metric(report, prefix + "log_density" + suffix, to.log_density);
}
void add_metrics(Report& report, const std::string& prefix, const SampledArm& arm) {
  add_metric(report, prefix + "rms", arm.rms);
  add_metric(report, prefix + "median", arm.median);
  add_distances(report, prefix, arm.truth);
}

Table arms_table(const SampleFindings& findings) {
  Table table;
  table.title = "Solvers from the same starts";
  table.columns = {"solver",
                   "evaluations",
                   "rms to the fine solve",
                   "median per dimension",
                   "sliced W2",
                   "energy distance",
                   "MMD^2",
                   "mode TV",
                   "mean ln p",
                   "Frechet"};
  table.formats = {"", "", ".3g", ".3g", ".4g", ".3g", ".3g", ".3g", ".5g", ".4g"};
  const auto add_row = [&](Json name, Json nfe, Json rms, Json median, const SampleDistances& to) {
    table.rows.push_back({std::move(name), std::move(nfe), std::move(rms), std::move(median), cell(to.sliced),
                          cell(to.energy), cell(to.mmd), cell(to.modes), cell(to.log_density),
                          cell(to.frechet)});
  };
  const auto add = [&](const SampledArm& arm) {
    add_row(arm.name, arm.nfe, cell(arm.rms), cell(arm.median), arm.truth);
  };
  if (findings.others.empty() || !findings.options->schedule.empty()) add(findings.main);
  for (const SampledArm& arm : findings.others) add(arm);
  if (findings.floor.sliced) add_row("two true samples", "", "", "", findings.floor);
  // Columns that nothing fills are left out.
  for (std::size_t c = table.columns.size(); c-- > 2;) {
    if (std::ranges::any_of(table.rows, [c](const auto& row) { return !row[c].is_string(); })) continue;
    table.columns.erase(table.columns.begin() + static_cast<std::ptrdiff_t>(c));
    table.formats.erase(table.formats.begin() + static_cast<std::ptrdiff_t>(c));
    for (auto& row : table.rows) row.erase(row.begin() + static_cast<std::ptrdiff_t>(c));
  }
  return table;
}

Table steps_table(const SampleFindings& findings) {
  const Process& process = findings.source->process;
  Table table;
  table.title = "Steps";
  table.columns = {"step",        "t",         "lambda",    "rho",        "order",
                   "evaluations", "rms state", "rms noise", "local error"};
  table.formats = {"", ".4g", ".4g", ".4g", "", "", ".4g", ".4g", ".3g"};
  for (const StepTrace& step : findings.trace)
    table.rows.push_back({step.step, step.t, process.lambda(step.t), process.rho(step.t), step.order,
                          step.evaluations, step.state, step.noise > 0 ? Json(step.noise) : Json(""),
                          step.error > 0 ? Json(step.error) : Json("")});
  return table;
}

}  // namespace

Report sample_report(const SampleFindings& findings) {
  Report report;
  report.title = fmt::format("Samples of {}", findings.source->title);
  report.metric("nfe", static_cast<double>(findings.main.nfe));
  if (findings.steered) {
    report.metric("nfe_mean", static_cast<double>(findings.steered->calls) /
                                  static_cast<double>(findings.main.points.cols()));
    report.metric("nfe_least", static_cast<double>(findings.steered->least));
    report.metric("nfe_most", static_cast<double>(findings.steered->most));
    report.metric("rejected", static_cast<double>(findings.steered->rejected));
  }
  report.metric("points", static_cast<double>(findings.main.points.cols()));
  report.metric("seconds", findings.seconds);
  add_metrics(report, "", findings.main);
  add_distances(report, "", findings.floor, "_floor");
  for (const SampledArm& arm : findings.others)
    add_metrics(report, fmt::format("{}_{}_", arm.name, arm.nfe), arm);
  report.tables = {arms_table(findings)};
  report.figures.push_back(points_figure(findings));
  if (!findings.trace.empty()) {
    report.tables.push_back(steps_table(findings));
    report.figures.push_back(course_figure(findings));
  }
  if (findings.others.size() > 1 && chosen_error(findings.others.front()) && !findings.options->sweep.empty())
    report.figures.push_back(sweep_figure(findings));
  if (!findings.times.empty())
    report.artifacts.push_back({"grid", "txt", grid_text(findings.times) + "\n", ""});
  if (findings.options->images)
    report.artifacts.push_back(
        {"samples", "png", image_sheet(findings.main.points, *findings.options->images), ""});
  if (!findings.options->save.empty())
    report.notes.push_back(fmt::format("The points are in {}.", findings.options->save));
  for (const std::string& note : findings.notes) report.notes.push_back(note);
  return report;
}

}  // namespace lehr::command
