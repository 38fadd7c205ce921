// `lehr forecast` (schedule.forecast): fits a law to logs of finished runs, predicts other runs, designs a
// schedule.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lehr/core/options.hpp"
#include "lehr/core/report.hpp"
#include "lehr/core/task.hpp"
#include "lehr/schedule/laws/advice.hpp"
#include "lehr/schedule/laws/fit.hpp"
#include "lehr/schedule/laws/optimize_schedule.hpp"

namespace lehr::command {

struct ForecastOptions {
  std::vector<std::string> fit, predict, schedule, columns, fit_schedule, predict_schedule;
  std::vector<double> model_sizes, predict_model_sizes;
  std::int64_t steps = 0, warmup = 0, until = 0, decay_now = 0;
  double peak = 0, min = 0, level = 0.95, model_size = 0;
  std::optional<double> area;
  bool optimize = false, robust = false, advice = false;
  std::string interpolation = "linear";
  laws::FitOptions law;

  void describe(OptionTable& table);
};

// A log that was predicted: with losses it is also scored.
struct PredictedLog {
  std::string file;
  laws::Curve curve;  // without losses: `steps` alone
  laws::Band band;
  std::optional<laws::CurveQuality> quality;
};

// A schedule that no log has: its predicted curve and final loss.
struct PredictedSchedule {
  std::string name, text;
  laws::Plan plan;
  laws::Band band;
  double final_loss = 0, low = 0, high = 0;
};

struct Forecast {
  std::vector<laws::Curve> fitted;
  laws::Fit fit;
  std::vector<PredictedLog> logs;
  std::vector<PredictedSchedule> schedules;  // best first
  std::optional<laws::Design> design;
  std::optional<PredictedSchedule> proposal;
  std::vector<std::pair<std::string, std::string>> advice;  // question, answer
  std::vector<std::string> notes;
};

Task forecast_task();

Report forecast_report(const Forecast& forecast, const ForecastOptions& options);

// The schedule as CSV (step,lr), and as a Python function for torch.optim.lr_scheduler.LambdaLR whose
// piecewise linear form stays within 0.1 % of the peak.
std::string schedule_csv(const laws::Plan& plan);
std::string lambda_lr_snippet(const laws::Plan& plan);

}  // namespace lehr::command
