// What `lehr sample epf` shows: sequences, weights and ancestors over the steps, quality against calls, calibration of the score.
#include <algorithm>
#include <cmath>

#include "apps/lehr/figures.hpp"
#include "apps/lehr/sample/epf.hpp"
#include "lehr/sample/log_weights.hpp"
#include "lehr/sample/score_calibration.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::command {

using namespace sample;

namespace {

constexpr std::size_t shown_sequences = 10, shown_text = 100, shown_weights = 5000;

// Long sequences are shown by their beginning.
std::string short_text(const Json& steps) {
  std::string text = steps.is_string() ? steps.get<std::string>()
                                       : steps.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > shown_text) text = text.substr(0, shown_text) + "...";
  return text;
}

// ---- courses: what changes from step to step, of one run or as means over many

struct CourseLine {
  std::vector<double> x, mean, deviation;  // no deviation: one run
};

CourseLine course_line(const RepeatedFilters::State& runs, std::size_t what) {
  constexpr std::size_t width = RepeatedFilters::shown.size();
  CourseLine line;
  for (std::size_t t = 0; t < runs.counts.size(); ++t) {
    const double mean = runs.sums[t * width + what] / runs.counts[t];
    line.x.push_back(static_cast<double>(t + 1));
    line.mean.push_back(mean);
    line.deviation.push_back(
        std::sqrt(std::max(0.0, runs.squares[t * width + what] / runs.counts[t] - mean * mean)));
  }
  return line;
}

template <class Value>
CourseLine course_line(const FilterCourse& course, Value value) {
  CourseLine line;
  for (const FilterStep& s : course.trace) {
    line.x.push_back(static_cast<double>(line.x.size() + 1));
    line.mean.push_back(value(s));
  }
  return line;
}

void add_line(Figure& figure, const CourseLine& course, const std::string& label, int color) {
  if (!course.deviation.empty()) {
    Series band = empty_series("", Series::Style::band, color);
    band.x = course.x, band.y = course.mean;
    for (std::size_t t = 0; t < course.x.size(); ++t) {
      band.low.push_back(std::max(0.0, course.mean[t] - course.deviation[t]));
      band.high.push_back(course.mean[t] + course.deviation[t]);
    }
    figure.series.push_back(std::move(band));
  }
  Series line = empty_series(label, Series::Style::line, color);
  line.x = course.x, line.y = course.mean;
  figure.series.push_back(std::move(line));
}

struct CourseLines {
  CourseLine ess, tempered, temperature, largest, founders, parents;
};

void add_course_figures(Report& report, const CourseLines& lines, const std::string& of, Series weights) {
  Figure ess = empty_figure(
      "ess", "Effective particles before and after tempering",
      "ESS / N of the weights as they are, and of those from which survivors were drawn" + of + ".", "step",
      "share of the particles");
  ess.y.low = 0, ess.y.high = 1;
  add_line(ess, lines.ess, "weights", 1);
  add_line(ess, lines.tempered, "tempered", 0);
  Figure ancestors = empty_figure(
      "ancestors", "Distinct ancestors",
      "How many particles of the first step, and of the step before, have descendants" + of + ".", "step",
      "ancestors");
  ancestors.y.low = 0;
  add_line(ancestors, lines.founders, "at step 1", 1);
  add_line(ancestors, lines.parents, "one step ago", 0);
  Figure heaviest = empty_figure(
      "weights", "Weights", "Shares of the particles, the heaviest as a line" + of + ".", "step", "share");
  if (!weights.x.empty()) heaviest.series.push_back(std::move(weights));
  add_line(heaviest, lines.largest, "heaviest", 1);
  report.figures.push_back(std::move(ancestors));
  report.figures.push_back(std::move(ess));
  report.figures.push_back(std::move(heaviest));
  if (std::ranges::all_of(lines.temperature.mean, [](double t) { return t == 1; })) return;
  Figure temperature = empty_figure("temperature", "Temperature of the survivors' weights",
                                    "1: the weights as they are" + of + ".", "step", "temperature");
  add_line(temperature, lines.temperature, "temperature", 0);
  report.figures.push_back(std::move(temperature));
}

Table sequences_table(const SequenceOutcome& outcome) {
  Table table{.title = "Sequences (the first is chosen)",
              .columns = {"sequence", "share of weight", "particles", "log-weight"},
              .rows = {},
              .formats = {"", ".4g", "", ".4g"}};
  for (std::size_t i = 0; i < std::min(shown_sequences, outcome.sequences.size()); ++i) {
    const FoundSequence& s = outcome.sequences[i];
    table.rows.push_back({short_text(s.steps), s.share, s.particles, json_number(s.log_weight)});
  }
  return table;
}

// The shares of all particles at each step, where they are few enough to be seen.
Series weight_points(const SequenceOutcome& outcome) {
  Series points = empty_series("", Series::Style::points, 0);
  for (std::size_t t = 0; t < outcome.probabilities.size(); ++t)
    for (const double p : outcome.probabilities[t])
      points.x.push_back(static_cast<double>(t + 1)), points.y.push_back(p);
  if (points.x.size() > shown_weights) points.x.clear(), points.y.clear();
  return points;
}

Table votes_table(const SequenceOutcome& outcome) {
  Table table{.title = "Votes", .columns = {"key", "share of weight"}, .rows = {}, .formats = {"", ".4g"}};
  for (std::size_t i = 0; i < std::min(shown_sequences, outcome.votes.size()); ++i)
    table.rows.push_back({short_text(outcome.votes[i].first), outcome.votes[i].second});
  return table;
}

void add_single_metrics(Report& report, const EpfOptions& options, const SequenceOutcome& outcome) {
  const FilterCourse& course = outcome.course;
  report.metric("quality", outcome.quality);
  if (std::isfinite(outcome.success)) report.metric("success", outcome.success);
  report.metric("steps", static_cast<double>(course.trace.size()));
  report.metric("calls", static_cast<double>(course.calls));
  report.metric("failures", static_cast<double>(course.failures));
  report.metric("dropped", static_cast<double>(course.dropped));
  report.metric("founders", static_cast<double>(course.trace.back().founders));
  if (options.filter.accumulate || std::isfinite(outcome.exact_log_evidence))
    report.metric("log_evidence", course.trace.back().log_evidence);
  if (std::isfinite(outcome.exact_log_evidence))
    report.metric("exact_log_evidence", outcome.exact_log_evidence);
}

void add_single_notes(Report& report, const FilterCourse& course) {
  const FilterStep& last = course.trace.back();
  if (course.failures > 0)
    report.notes.push_back(fmt::format(
        "{} calls failed; their particles stayed as they were, with the weight of the step before.",
        course.failures));
  if (course.dropped > 0)
    report.notes.push_back(
        fmt::format("{} scores were out of range; their particles were dropped.", course.dropped));
  if (last.founders == 1 && course.trace.size() > 1 && last.particles > 1)
    report.notes.push_back("All particles descend from one particle of the first step.");
}

// A metric's name for a method and a number of particles: "epf+lam", 8 -> "epf_lam_8".
std::string arm_name(const EpfArm& arm) {
  std::string name = arm.method;
  std::ranges::replace(name, '+', '_');
  return fmt::format("{}_{}", name, arm.particles);
}

double standard_error_of(const std::vector<double>& values) {
  return values.size() > 1 ? stats::standard_error(values) : std::numeric_limits<double>::quiet_NaN();
}

bool knows(const std::vector<double>& values) {
  return std::ranges::all_of(values, [](double v) { return std::isfinite(v); });
}

// Z estimated over Z exact, of each instance.
std::vector<double> evidence_ratios(const RepeatedFilters::State& runs) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < runs.log_evidence.size(); ++i)
    ratios.push_back(std::exp(runs.log_evidence[i] - runs.exact_log_evidence[i]));
  return ratios;
}

void add_mean(Report& report, const std::string& name, const std::vector<double>& values) {
  report.metric(name, stats::mean(values));
  if (values.size() > 1) report.metric(name + "_error", stats::standard_error(values));
}

void add_means(Report& report, const RepeatedFilters::State& runs, const std::string& suffix) {
  add_mean(report, "quality" + suffix, runs.quality);
  if (knows(runs.success)) add_mean(report, "success" + suffix, runs.success);
  if (knows(runs.exact_log_evidence)) add_mean(report, "evidence_ratio" + suffix, evidence_ratios(runs));
  report.metric("calls" + suffix, stats::mean(runs.calls));
}

std::string quality_of(const EpfOptions& options) {
  const std::string& environment = options.problem.environment;
  return environment == "tree"        ? "quality"
         : environment == "countdown" ? "closeness"
         : environment == "hmm"       ? "- |error of ln Z|"
                                      : "score";
}

Series quality_series(const std::vector<EpfArm>& arms, const std::string& method, int color,
                      Series::Style style, bool success) {
  Series series = empty_series(style == Series::Style::points ? method : "", style, color);
  for (const EpfArm& arm : arms) {
    if (arm.method != method) continue;
    const std::vector<double>& values = success ? arm.runs.success : arm.runs.quality;
    series.x.push_back(stats::mean(arm.runs.calls));
    series.y.push_back(stats::mean(values));
    if (style != Series::Style::points || values.size() < 2) continue;
    series.low.push_back(series.y.back() - 1.96 * stats::standard_error(values));
    series.high.push_back(series.y.back() + 1.96 * stats::standard_error(values));
  }
  return series;
}

Figure comparison_figure(const EpfOptions& options, const std::vector<EpfArm>& arms, bool success) {
  Figure figure =
      success
          ? empty_figure("success", "Success against calls",
                         "Share of the instances that succeed; bars are 95 % intervals.", "calls an instance",
                         "share of successes")
          : empty_figure(
                "quality", "Quality against calls",
                "Mean over the instances; bars are 95 % intervals. Calls are proposals and scores together.",
                "calls an instance", quality_of(options));
  figure.x.log = true;
  int color = 0;
  for (const std::string& method : options.compare) {
    figure.series.push_back(quality_series(arms, method, color, Series::Style::line, success));
    figure.series.push_back(quality_series(arms, method, color++, Series::Style::points, success));
  }
  return figure;
}

}  // namespace

Report epf_single_report(const EpfOptions& options, const SequenceOutcome& outcome, const std::string& name) {
  Report report;
  report.title = fmt::format("{} by {}", quote(name, 60), options.filter.method);
  add_single_metrics(report, options, outcome);
  if (!outcome.sequences.empty()) report.tables.push_back(sequences_table(outcome));
  if (!outcome.votes.empty()) report.tables.push_back(votes_table(outcome));
  const auto line = [&](auto value) { return course_line(outcome.course, value); };
  add_course_figures(report,
                     {line([](const FilterStep& s) { return s.tempering.ess; }),
                      line([](const FilterStep& s) { return s.tempering.tempered_ess; }),
                      line([](const FilterStep& s) { return s.tempering.temperature; }),
                      line([](const FilterStep& s) { return s.largest; }),
                      line([](const FilterStep& s) { return static_cast<double>(s.founders); }),
                      line([](const FilterStep& s) { return static_cast<double>(s.parents); })},
                     "", weight_points(outcome));
  add_single_notes(report, outcome.course);
  return report;
}

Report epf_repeated_report(const EpfOptions& options, const RepeatedFilters::State& runs,
                           const std::string& name) {
  Report report;
  report.title =
      fmt::format("{} by {}: {} instances", quote(name, 60), options.filter.method, runs.quality.size());
  add_means(report, runs, "");
  if (knows(runs.exact_log_evidence))
    report.metric("log_evidence_deviation", stats::standard_deviation(runs.log_evidence));
  report.metric("failures", stats::mean(runs.failures));
  report.metric("dropped", stats::mean(runs.dropped));
  const auto lines = [&](std::size_t what) { return course_line(runs, what); };
  const CourseLines course{lines(0), lines(1), lines(2), lines(3), lines(4), lines(5)};
  report.metric("founders", course.founders.mean.back());
  report.metric("tempered_ess", stats::mean(course.tempered.mean));
  add_course_figures(report, course, "; means over the instances, bands are one standard deviation",
                     empty_series("", Series::Style::points, 0));
  Table table{.title = "Over the instances",
              .columns = {"quantity", "mean", "standard error"},
              .rows = {},
              .formats = {"", ".5g", ".2g"}};
  const auto row = [&](const std::string& what, const std::vector<double>& values) {
    table.rows.push_back({what, stats::mean(values), json_number(standard_error_of(values))});
  };
  row(quality_of(options), runs.quality);
  if (knows(runs.success)) row("success", runs.success);
  if (knows(runs.exact_log_evidence)) row("Z estimated / Z exact", evidence_ratios(runs));
  row("calls", runs.calls);
  report.tables.push_back(std::move(table));
  return report;
}

namespace {

// Differences of quality from the first method with as many particles, instance by instance; errors with Student's t of instances - 1
// degrees of freedom.
Table differences_table(const EpfOptions& options, const std::vector<EpfArm>& arms, Report& report) {
  Table table{.title = fmt::format("Quality minus that of {} on the same instances", options.compare.front()),
              .columns = {"method", "particles", "difference", "error"},
              .rows = {},
              .formats = {"", "", ".4f", ".2g"}};
  for (const EpfArm& arm : arms) {
    const auto first = std::ranges::find_if(arms, [&](const EpfArm& other) {
      return other.method == options.compare.front() && other.particles == arm.particles;
    });
    if (first == arms.end() || arm.method == first->method ||
        first->runs.quality.size() != arm.runs.quality.size())
      continue;
    std::vector<double> differences = arm.runs.quality;
    for (std::size_t i = 0; i < differences.size(); ++i) differences[i] -= first->runs.quality[i];
    add_mean(report, "difference_" + arm_name(arm), differences);
    table.rows.push_back(
        {arm.method, arm.particles, stats::mean(differences), json_number(standard_error_of(differences))});
  }
  return table;
}

}  // namespace

Report epf_comparison_report(const EpfOptions& options, const std::vector<EpfArm>& arms,
                             const std::string& name) {
  Report report;
  report.title = fmt::format("{}: {} over {} instances", quote(name, 60), fmt::join(options.compare, ", "),
                             arms.front().runs.quality.size());
  const bool successes = knows(arms.front().runs.success),
             exact = knows(arms.front().runs.exact_log_evidence);
  Table table{.title = "Quality against calls",
              .columns = {"method", "particles", "calls", quality_of(options), "error"},
              .rows = {},
              .formats = {"", "", ".5g", ".4f", ".2g"}};
  for (const char* column : {"success", "error"})
    if (successes) table.columns.emplace_back(column), table.formats.emplace_back(".4g");
  for (const char* column : {"Z / exact", "error"})
    if (exact) table.columns.emplace_back(column), table.formats.emplace_back(".4g");
  for (const EpfArm& arm : arms) {
    add_means(report, arm.runs, "_" + arm_name(arm));
    table.rows.push_back({arm.method, arm.particles, stats::mean(arm.runs.calls),
                          stats::mean(arm.runs.quality), json_number(standard_error_of(arm.runs.quality))});
    const auto more = [&](const std::vector<double>& values) {
      table.rows.back().push_back(stats::mean(values));
      table.rows.back().push_back(json_number(standard_error_of(values)));
    };
    if (successes) more(arm.runs.success);
    if (exact) more(evidence_ratios(arm.runs));
  }
  report.tables.push_back(std::move(table));
  if (Table differences = differences_table(options, arms, report); !differences.rows.empty())
    report.tables.push_back(std::move(differences));
  report.figures.push_back(comparison_figure(options, arms, false));
  if (successes) report.figures.push_back(comparison_figure(options, arms, true));
  report.notes.push_back(
      "Methods share their instances: errors of differences are those of the instances' differences.");
  return report;
}

void add_calibration(Report& report, const RolloutScores& scores) {
  Table table{.title = "What the score of a prefix is worth",
              .columns = {"step", "slope", "error", "mean prediction", "mean outcome", "Brier"},
              .rows = {},
              .formats = {"", ".3f", ".2g", ".3f", ".3f", ".4f"}};
  Figure slopes = empty_figure(
      "calibration", "Calibration of the score, step by step",
      "Slope of the logistic regression of the last score on the log-odds of the prefix, over sequences that "
      "nobody selected: 1 is calibrated, below 1 over-confident. Bars are 95 % intervals.",
      "step", "slope");
  slopes.y.low = 0;
  Figure reliability =
      empty_figure("reliability", "Reliability of the score",
                   "Mean last score against the mean score of the prefix, in bins of equal size.",
                   "score of the prefix", "last score");
  Series slope = empty_series("slope", Series::Style::points, 0),
         ideal = empty_series("calibrated", Series::Style::dashed, 1);
  const std::size_t steps = scores.log_odds.size();
  for (std::size_t t = 0; t < steps; ++t) {
    std::vector<ScoredPrefix> prefixes;
    for (std::size_t i = 0; i < scores.outcomes.size(); ++i)
      if (std::isfinite(scores.log_odds[t][i]))
        prefixes.push_back({scores.log_odds[t][i], scores.outcomes[i], scores.instance[i]});
    if (prefixes.empty()) continue;
    const ScoreCalibration found = calibrate(prefixes);
    double predicted = 0, observed = 0;
    for (const ReliabilityBin& bin : found.bins) {
      const double share = static_cast<double>(bin.count) / static_cast<double>(prefixes.size());
      predicted += share * bin.predicted, observed += share * bin.observed;
    }
    table.rows.push_back(
        {t + 1, json_number(found.slope), json_number(found.slope_error), predicted, observed, found.brier});
    if (std::isfinite(found.slope)) {
      slope.x.push_back(static_cast<double>(t + 1)), slope.y.push_back(found.slope);
      slope.low.push_back(found.slope - 1.96 * found.slope_error);
      slope.high.push_back(found.slope + 1.96 * found.slope_error);
      report.metric(fmt::format("slope_{}", t + 1), found.slope);
    }
    if (t != 0 && t != steps / 4 && t != steps / 2) continue;
    Series bins = empty_series(fmt::format("step {}", t + 1), Series::Style::line, -1);
    for (const ReliabilityBin& bin : found.bins)
      bins.x.push_back(bin.predicted), bins.y.push_back(bin.observed);
    reliability.series.push_back(std::move(bins));
  }
  if (table.rows.empty()) return;
  ideal.x = {1, static_cast<double>(steps)}, ideal.y = {1, 1};
  slopes.series = {ideal, slope};
  ideal.x = {0, 1}, ideal.y = {0, 1};
  reliability.series.insert(reliability.series.begin(), ideal);
  if (!slope.x.empty()) report.figures.push_back(std::move(slopes));
  report.figures.push_back(std::move(reliability));
  report.tables.push_back(std::move(table));
}

}  // namespace lehr::command
