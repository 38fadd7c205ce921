// What `lehr forecast` shows: the JSON object of --json, metrics for studies, tables and figures.
#include <algorithm>
#include <cmath>

#include "apps/lehr/schedule/forecast.hpp"
#include "lehr/core/csv.hpp"

namespace lehr::command {
namespace {

Axis axis(std::string label) { return {.label = std::move(label), .log = false, .low = {}, .high = {}}; }

std::vector<double> as_doubles(const std::vector<std::int64_t>& steps) {
  return {steps.begin(), steps.end()};
}

Json numbers(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(json_number(value));
  return list;
}

Json quality_json(const laws::CurveQuality& quality) {
  return {{"points", quality.points},
          {"mae", json_number(quality.mae)},
          {"rmse", json_number(quality.rmse)},
          {"r2", json_number(quality.r2)},
          {"mean_relative_error", json_number(quality.mean_relative_error)},
          {"worst_relative_error", json_number(quality.worst_relative_error)},
          {"final_relative_error", json_number(quality.final_relative_error)}};
}

Json parameter_errors(const laws::Fit& fit) {
  Json all = Json::object();
  for (const auto& p : fit.parameters)
    all[p.name] = {{"standard_error", json_number(p.standard_error)},
                   {"low", json_number(p.low)},
                   {"high", json_number(p.high)},
                   {"fixed", p.fixed}};
  return all;
}

Json fit_json(const Forecast& forecast) {
  const laws::Fit& fit = forecast.fit;
  Json curves = Json::array();
  for (std::size_t i = 0; i < fit.curves.size(); ++i) {
    Json one = {{"name", fit.curves[i].name}};
    one.update(quality_json(fit.curves[i]));
    curves.push_back(one);
  }
  Json correlation = Json::array();
  for (Eigen::Index i = 0; i < fit.correlation.rows(); ++i) {
    Json row = Json::array();
    for (Eigen::Index j = 0; j < fit.correlation.cols(); ++j)
      row.push_back(json_number(fit.correlation(i, j)));
    correlation.push_back(row);
  }
  return {{"objective", json_number(fit.objective)},
          {"curves", curves},
          {"parameter_errors", parameter_errors(fit)},
          {"correlation", correlation},
          {"condition_number", json_number(fit.condition_number)},
          {"iterations", fit.iterations},
          {"noise",
           {{"scale", json_number(fit.errors.scale)},
            {"autocorrelation", json_number(fit.errors.autocorrelation)},
            {"discrepancy", json_number(fit.errors.discrepancy)}}},
          {"warnings", fit.warnings}};
}

Json prediction_json(const PredictedLog& log) {
  Json one = {{"file", log.file}, {"name", log.curve.name}};
  if (log.quality) one.update(quality_json(*log.quality));
  one["steps"] = log.band.steps;
  one["loss"] = numbers(log.band.loss);
  one["low"] = numbers(log.band.low);
  one["high"] = numbers(log.band.high);
  return one;
}

Json schedule_json(const PredictedSchedule& schedule) {
  return {{"name", schedule.name},
          {"text", schedule.text},
          {"predicted_final_loss", json_number(schedule.final_loss)},
          {"low", json_number(schedule.low)},
          {"high", json_number(schedule.high)},
          {"steps", schedule.band.steps},
          {"loss", numbers(schedule.band.loss)}};
}

Json forecast_json(const Forecast& forecast, const ForecastOptions& options) {
  Json parameters = Json::object();
  for (const auto& p : forecast.fit.parameters) parameters[p.name] = json_number(p.value);
  Json json = {{"law", forecast.fit.law_name}, {"parameters", parameters}, {"fit", fit_json(forecast)}};
  json["predictions"] = Json::array();
  for (const PredictedLog& log : forecast.logs) json["predictions"].push_back(prediction_json(log));
  if (!forecast.schedules.empty()) {
    json["schedules"] = Json::array();
    for (const PredictedSchedule& schedule : forecast.schedules)
      json["schedules"].push_back(schedule_json(schedule));
  }
  if (forecast.design) {
    json["schedule"] = {{"text", forecast.design->text}, {"array", numbers(forecast.design->plan.rates)}};
    json["predicted_final_loss"] = json_number(forecast.design->loss);
    json["predicted_final_loss_interval"] = {json_number(forecast.proposal->low),
                                             json_number(forecast.proposal->high)};
    json["text_predicted_final_loss"] = json_number(forecast.design->text_loss);
  }
  if (!forecast.advice.empty()) {
    json["advice"] = Json::array();
    for (const auto& [question, answer] : forecast.advice)
      json["advice"].push_back({{"question", question}, {"answer", answer}});
  }
  json["level"] = options.level;
  json["notes"] = forecast.notes;
  return json;
}

void add_metrics(Report& report, const Forecast& forecast) {
  for (const auto& p : forecast.fit.parameters) report.metric(p.name, p.value);
  report.metric("objective", forecast.fit.objective);
  double fit_r2 = 1;
  for (const auto& curve : forecast.fit.curves) fit_r2 = std::min(fit_r2, curve.r2);
  report.metric("fit_r2", fit_r2);
  double error = 0, worst_curve = 0, worst_point = 0, r2 = 0, inside = 0, points = 0;
  int scored = 0;
  for (const PredictedLog& log : forecast.logs) {
    if (!log.quality) continue;
    ++scored;
    error += log.quality->mean_relative_error;
    worst_curve = std::max(worst_curve, log.quality->mean_relative_error);
    worst_point += log.quality->worst_relative_error;
    r2 += log.quality->r2;
    for (std::size_t i = 0; i < log.curve.losses.size(); ++i, ++points)
      inside += log.band.low[i] <= log.curve.losses[i] && log.curve.losses[i] <= log.band.high[i];
  }
  if (scored > 0) {
    report.metric("mean_error", error / scored);
    report.metric("worst_curve_error", worst_curve);
    report.metric("worst_error", worst_point / scored);
    report.metric("r2", r2 / scored);
    report.metric("band_coverage", inside / points);
  }
  if (forecast.design) {
    report.metric("predicted_final_loss", forecast.design->loss);
    report.metric("text_predicted_final_loss", forecast.design->text_loss);
  }
}

Table parameter_table(const laws::Fit& fit) {
  Table table{
      fmt::format("Parameters of the {} law", fit.law_name == "multi_power" ? "multi-power" : fit.law_name),
      {"parameter", "value", "standard error", "95 % from", "to", ""},
      {},
      {"", ".5g", ".2g", ".5g", ".5g", ""}};
  for (const auto& p : fit.parameters) {
    if (p.fixed)
      table.rows.push_back({p.name, json_number(p.value), "", "", "", "fixed"});
    else
      table.rows.push_back({p.name, json_number(p.value), json_number(p.standard_error), json_number(p.low),
                            json_number(p.high), ""});
  }
  return table;
}

Table correlation_table(const laws::Fit& fit) {
  Table table{"Correlation of the parameters", {""}, {}, {""}};
  std::vector<Eigen::Index> free;
  for (std::size_t i = 0; i < fit.parameters.size(); ++i)
    if (!fit.parameters[i].fixed) free.push_back(static_cast<Eigen::Index>(i));
  for (const Eigen::Index i : free) {
    const std::string& name = fit.parameters[static_cast<std::size_t>(i)].name;
    table.columns.push_back(name);
    table.formats.push_back("+.2f");
    std::vector<Json> row{name};
    for (const Eigen::Index j : free) row.push_back(json_number(fit.correlation(i, j)));
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::vector<Json> quality_row(const std::string& use, const laws::CurveQuality& quality) {
  return {quality.name,
          use,
          quality.points,
          100 * quality.mean_relative_error,
          100 * quality.worst_relative_error,
          100 * quality.final_relative_error,
          quality.rmse,
          quality.r2};
}

Table quality_table(const Forecast& forecast) {
  Table table{"Fitted and predicted curves (errors relative to the logged loss)",
              {"curve", "use", "rows", "mean %", "worst %", "final %", "RMSE", "R2"},
              {},
              {"", "", "d", ".3f", ".3f", ".3f", ".5f", ".5f"}};
  for (const auto& curve : forecast.fit.curves) table.rows.push_back(quality_row("fitted", curve));
  for (const PredictedLog& log : forecast.logs)
    if (log.quality) table.rows.push_back(quality_row("predicted", *log.quality));
  return table;
}

Table schedule_table(const Forecast& forecast, double level) {
  const std::string percent = fmt::format("{:g} % from", 100 * level);
  Table table{"Schedules by predicted final loss",
              {"schedule", "final loss", percent, "to"},
              {},
              {"", ".5f", ".5f", ".5f"}};
  for (const PredictedSchedule& s : forecast.schedules)
    table.rows.push_back({s.name, s.final_loss, s.low, s.high});
  return table;
}

// Steps and rates thinned to what a figure can show; corners of steps and ramps stay sharp at 2000 points.
Series rate_series(const std::string& label, const laws::Plan& plan, int color) {
  Series series;
  series.label = label;
  series.color = color;
  const std::size_t stride = std::max<std::size_t>(1, plan.rates.size() / 2000);
  for (std::size_t i = 0; i < plan.rates.size(); i += stride) {
    series.x.push_back(static_cast<double>(i));
    series.y.push_back(plan.rates[i]);
  }
  return series;
}

void add_loss_series(Figure& figure, const std::string& label, const laws::Curve* logged,
                     const laws::Band& band, int color) {
  const std::vector<double> x = as_doubles(band.steps);
  Series area{.label = "",
              .style = Series::Style::band,
              .x = x,
              .y = {},
              .low = band.low,
              .high = band.high,
              .color = color};
  Series line{.label = label,
              .style = Series::Style::line,
              .x = x,
              .y = band.loss,
              .low = {},
              .high = {},
              .color = color};
  figure.series.push_back(std::move(area));
  if (logged != nullptr && !logged->losses.empty())
    figure.series.push_back({.label = "",
                             .style = Series::Style::points,
                             .x = as_doubles(logged->steps),
                             .y = logged->losses,
                             .low = {},
                             .high = {},
                             .color = color});
  figure.series.push_back(std::move(line));
}

Figure fitted_figure(const Forecast& forecast, double level) {
  Figure figure{"fitted",     "Fitted curves",     "Points: logged losses. Lines: the law.",
                axis("step"), axis("loss (nats)"), {}};
  int color = 0;
  for (const laws::Curve& curve : forecast.fitted) {
    const laws::Band band = laws::predict_band(forecast.fit, curve.plan, curve.steps, level);
    add_loss_series(figure, curve.name, &curve, band, color++);
  }
  return figure;
}

Figure predicted_figure(const Forecast& forecast, double level) {
  Figure figure{"predicted",
                "Predicted curves",
                fmt::format("Points: logged losses, unseen by the fit. Lines: predictions with {:g} % bands.",
                            100 * level),
                axis("step"),
                axis("loss (nats)"),
                {}};
  int color = 0;
  for (const PredictedLog& log : forecast.logs)
    add_loss_series(figure, log.curve.name, &log.curve, log.band, color++);
  return figure;
}

Figure error_figure(const Forecast& forecast) {
  Figure figure{
      "errors",     "Prediction errors", "Predicted minus logged loss, relative to the logged loss.",
      axis("step"), axis("error (%)"),   {}};
  int color = 0;
  for (const PredictedLog& log : forecast.logs) {
    Series series{.label = log.curve.name,
                  .style = Series::Style::line,
                  .x = as_doubles(log.curve.steps),
                  .y = {},
                  .low = {},
                  .high = {},
                  .color = color++};
    for (std::size_t i = 0; i < log.curve.losses.size(); ++i)
      series.y.push_back(100 * (log.band.loss[i] / log.curve.losses[i] - 1));
    if (log.quality) figure.series.push_back(std::move(series));
  }
  return figure;
}

Figure rates_figure(const Forecast& forecast) {
  Figure figure{"learning_rates", "Learning rates",      "Of the fitted and predicted logs.",
                axis("step"),     axis("learning rate"), {}};
  int color = 0;
  for (const laws::Curve& curve : forecast.fitted)
    figure.series.push_back(rate_series(curve.name, curve.plan, color++));
  for (const PredictedLog& log : forecast.logs)
    figure.series.push_back(rate_series(log.curve.name, log.curve.plan, color++));
  return figure;
}

void add_schedule_figures(Report& report, const Forecast& forecast, double level) {
  Figure rates{"schedules", "Candidate schedules", "", axis("step"), axis("learning rate"), {}};
  Figure losses{
      "schedule_losses", "Predicted loss of the candidates", fmt::format("With {:g} % bands.", 100 * level),
      axis("step"),      axis("predicted loss (nats)"),      {}};
  int color = 0;
  for (const PredictedSchedule& s : forecast.schedules) {
    rates.series.push_back(rate_series(s.name, s.plan, color));
    add_loss_series(losses, s.name, nullptr, s.band, color++);
  }
  report.figures.push_back(std::move(rates));
  report.figures.push_back(std::move(losses));
}

void add_artifacts(Report& report, const Forecast& forecast) {
  for (const PredictedLog& log : forecast.logs) {
    std::vector<CsvColumn> columns{{"step", as_doubles(log.band.steps)},
                                   {"loss", log.band.loss},
                                   {"low", log.band.low},
                                   {"high", log.band.high}};
    if (!log.curve.losses.empty()) columns.push_back({"logged", log.curve.losses});
    report.artifacts.push_back({"predicted_" + log.curve.name, "csv", csv_text(columns), ""});
  }
  if (!forecast.design) return;
  report.artifacts.push_back({"schedule", "txt", forecast.design->text, ""});
  report.artifacts.push_back({"schedule_array", "csv", schedule_csv(forecast.design->plan), ""});
  report.artifacts.push_back({"schedule_lambda_lr", "py", lambda_lr_snippet(forecast.design->plan), ""});
}

}  // namespace

Report forecast_report(const Forecast& forecast, const ForecastOptions& options) {
  Report report;
  report.title = "Forecast of training loss";
  add_metrics(report, forecast);
  report.tables.push_back(parameter_table(forecast.fit));
  report.tables.push_back(quality_table(forecast));
  if (!forecast.schedules.empty()) report.tables.push_back(schedule_table(forecast, options.level));
  if (!forecast.advice.empty()) {
    Table advice{"Advice", {"question", "answer"}, {}, {"", ""}};
    for (const auto& [question, answer] : forecast.advice) advice.rows.push_back({question, answer});
    report.tables.push_back(std::move(advice));
  }
  report.tables.push_back(correlation_table(forecast.fit));
  if (!forecast.logs.empty()) report.figures.push_back(predicted_figure(forecast, options.level));
  if (std::ranges::any_of(forecast.logs, [](const PredictedLog& log) { return log.quality.has_value(); }))
    report.figures.push_back(error_figure(forecast));
  report.figures.push_back(fitted_figure(forecast, options.level));
  report.figures.push_back(rates_figure(forecast));
  if (!forecast.schedules.empty()) add_schedule_figures(report, forecast, options.level);
  add_artifacts(report, forecast);
  report.notes = forecast.notes;
  if (forecast.design) report.notes.push_back("Proposed schedule, in one line: " + forecast.design->text);
  report.json = forecast_json(forecast, options);
  return report;
}

}  // namespace lehr::command
