#include "apps/lehr/schedule/forecast.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/schedule/laws/training_log.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::command {
namespace {

// The steps in which the rate rises strictly from the start: a warm-up that a schedule states itself.
std::int64_t rising_steps(const std::vector<double>& rates) {
  std::size_t i = 1;
  while (i < rates.size() && rates[i] > rates[i - 1]) ++i;
  return i == 1 ? 0 : static_cast<std::int64_t>(i) - 1;
}

// "SCHEDULE @ STEPS": the schedule of a logged run and the run's planned length.
struct LoggedSchedule {
  std::string text;
  std::int64_t steps = 0;
};

LoggedSchedule split_logged_schedule(const std::string& word) {
  const std::size_t at = word.rfind('@');
  if (at == std::string::npos) return {word, 0};
  const Json steps = option_types::number_word(word.substr(word.find_first_not_of(" @", at)));
  return {word.substr(0, at), option_types::to_integer(steps)};
}

laws::Plan plan_of(const std::string& text, std::int64_t steps, const TaskContext& context) {
  laws::Plan plan;
  plan.rates = Schedule::parse(text, context.base).sample(steps);
  plan.warmup = rising_steps(plan.rates);
  return plan;
}

class Forecaster {
 public:
  Forecaster(const ForecastOptions& options, const TaskContext& context)
      : options_(options), context_(context), columns_(laws::parse_log_columns(options.columns)) {}

  Forecast run() {
    fit_logs();
    predict_logs();
    predict_schedules();
    if (options_.optimize) design();
    if (options_.advice) advise();
    if (options_.decay_now > 0) forecast_decay();
    std::ranges::stable_sort(forecast_.schedules, {}, &PredictedSchedule::final_loss);
    if (warmup_rows_ > 0)
      forecast_.notes.push_back(
          fmt::format("{} logged rows inside the warm-up are neither fitted nor scored.", warmup_rows_));
    return std::move(forecast_);
  }

 private:
  // The log with its plan; `schedule` is empty when the log's own learning rates are to be used.
  laws::Curve read_curve(const std::string& file, const std::string& schedule, double model_size) {
    const laws::TrainingLog log = read_log(file);
    try {
      return curve_of(log, schedule, model_size);
    } catch (const InvalidInput& error) {
      throw InvalidInput("{}: {}", file, error.what());
    }
  }

  laws::TrainingLog read_log(const std::string& file) const {
    laws::TrainingLog log = laws::read_training_log(file, columns_, context_.base);
    if (options_.until > 0) drop_rows_from(log, options_.until);
    if (log.steps.empty()) throw InvalidInput("{}: no rows before step {}", file, options_.until);
    return log;
  }

  laws::Curve curve_of(const laws::TrainingLog& log, const std::string& schedule, double model_size) {
    laws::Plan plan;
    if (!schedule.empty()) {
      const LoggedSchedule stated = split_logged_schedule(schedule);
      plan = plan_of(stated.text, std::max(stated.steps, log.steps.back() + 1), context_);
    } else {
      if (log.lr.empty())
        throw InvalidInput(
            "no column of learning rates; state the schedule with --fit-schedule or --predict-schedule, or "
            "name the "
            "column with --columns lr=..");
      plan = laws::fill_rates(log.steps, log.lr, log.steps.back() + 1, options_.warmup,
                              laws::interpolation(options_.interpolation));
    }
    plan.model_size = model_size;
    const std::vector<double> logged = schedule.empty() ? std::vector<double>{} : log.lr;
    laws::Curve curve = log.loss.empty()
                            ? laws::Curve{log.name, std::move(plan), log.steps, {}}
                            : laws::make_curve(log.name, std::move(plan), log.steps, log.loss, logged);
    drop_warmup_rows(curve);
    return curve;
  }

  static void drop_rows_from(laws::TrainingLog& log, std::int64_t until) {
    const auto kept =
        static_cast<std::size_t>(std::ranges::lower_bound(log.steps, until) - log.steps.begin());
    for (auto* column : {&log.lr, &log.loss})
      if (!column->empty()) column->resize(kept);
    log.steps.resize(kept);
  }

  // The laws do not describe the warm-up, so its rows are neither fitted nor scored.
  void drop_warmup_rows(laws::Curve& curve) {
    const auto first = std::ranges::lower_bound(curve.steps, curve.plan.warmup) - curve.steps.begin();
    curve.steps.erase(curve.steps.begin(), curve.steps.begin() + first);
    if (!curve.losses.empty()) curve.losses.erase(curve.losses.begin(), curve.losses.begin() + first);
    if (curve.steps.empty()) throw InvalidInput("all rows lie inside the warm-up");
    warmup_rows_ += first;
  }

  void fit_logs() {
    for (std::size_t i = 0; i < options_.fit.size(); ++i) {
      const std::string schedule = i < options_.fit_schedule.size() ? options_.fit_schedule[i] : "";
      forecast_.fitted.push_back(read_curve(options_.fit[i], schedule,
                                            i < options_.model_sizes.size() ? options_.model_sizes[i] : 0));
      if (forecast_.fitted.back().losses.empty())
        throw InvalidInput("{}: no column of losses; name it with --columns loss=..", options_.fit[i]);
    }
    laws::FitOptions law = options_.law;
    law.seed = context_.seed.value;
    forecast_.fit = laws::fit(forecast_.fitted, law);
    forecast_.notes = forecast_.fit.warnings;
  }

  void predict_logs() {
    for (std::size_t i = 0; i < options_.predict.size(); ++i) {
      const std::string schedule = i < options_.predict_schedule.size() ? options_.predict_schedule[i] : "";
      const double size =
          i < options_.predict_model_sizes.size() ? options_.predict_model_sizes[i] : options_.model_size;
      PredictedLog log{options_.predict[i], read_curve(options_.predict[i], schedule, size), {}, {}};
      log.band = laws::predict_band(forecast_.fit, log.curve.plan, log.curve.steps, options_.level);
      if (!log.curve.losses.empty()) log.quality = laws::quality(forecast_.fit.law, log.curve);
      forecast_.logs.push_back(std::move(log));
    }
  }

  std::int64_t run_steps() const {
    return options_.steps > 0 ? options_.steps : forecast_.fitted.front().plan.steps();
  }

  PredictedSchedule predict_plan(std::string name, std::string text, laws::Plan plan) const {
    plan.model_size = options_.model_size;
    PredictedSchedule predicted{std::move(name), std::move(text), std::move(plan), {}, 0, 0, 0};
    predicted.band =
        laws::predict_band(forecast_.fit, predicted.plan, laws::report_steps(predicted.plan), options_.level);
    predicted.final_loss = predicted.band.loss.back();
    predicted.low = predicted.band.low.back();
    predicted.high = predicted.band.high.back();
    return predicted;
  }

  void predict_schedules() {
    for (const std::string& text : options_.schedule) {
      const std::int64_t steps = run_steps();
      std::string whole = Schedule::parse(text, context_.base).text();
      laws::Plan plan = plan_of(text, steps, context_);
      if (plan.warmup == 0 && options_.warmup > 0) {
        whole = fmt::format("warmup({}steps, {})", options_.warmup, whole);
        plan = plan_of(whole, steps, context_);
      }
      forecast_.schedules.push_back(predict_plan(text, whole, std::move(plan)));
    }
  }

  laws::DesignOptions design_options() const {
    double peak = options_.peak;
    if (!(peak > 0)) peak = forecast_.fitted.front().plan.peak();
    laws::DesignOptions design;
    design.steps = run_steps();
    design.warmup = options_.warmup;
    design.peak = peak;
    design.floor = options_.min;
    design.area = options_.area;
    design.model_size = options_.model_size;
    return design;
  }

  void design() {
    const laws::DesignOptions wanted = design_options();
    forecast_.design = options_.robust && !forecast_.fit.draws.empty()
                           ? laws::optimize_schedule(forecast_.fit.draws, wanted)
                           : laws::optimize_schedule(forecast_.fit.law, wanted);
    const laws::Design& design = *forecast_.design;
    forecast_.proposal = predict_plan("proposed", design.text, design.plan);
    forecast_.notes.insert(forecast_.notes.end(), design.notes.begin(), design.notes.end());
    const double end = std::max(options_.min, wanted.peak * 0.1);
    forecast_.schedules.push_back(*forecast_.proposal);
    forecast_.schedules.push_back(predict_plan("proposed, in one line", design.text, design.text_plan));
    forecast_.schedules.push_back(predict_plan("cosine to 10 %", "", laws::cosine_plan(wanted, end)));
    forecast_.schedules.push_back(predict_plan(
        "wsd, linear to 10 %", "", laws::cooldown_plan(wanted, {.start = 0.8, .power = 1, .to = end})));
    forecast_.schedules.push_back(predict_plan("constant", "", laws::constant_plan(wanted)));
  }

  void answer(std::string question, std::string text) {
    forecast_.advice.emplace_back(std::move(question), std::move(text));
  }

  void advise() {
    const laws::DesignOptions wanted = design_options();
    const laws::Fit& fit = forecast_.fit;
    const double end = std::max(options_.min, wanted.peak * 0.1);
    const auto versus = laws::wsd_against_cosine(fit, wanted, end, 0.2);
    answer(fmt::format("WSD (last 20 % linear to {:.3g}) or cosine to {:.3g}, over {} steps?", end, end,
                       wanted.steps),
           fmt::format("{}: WSD {:.4f}, cosine {:.4f} (difference {:+.4f}, 95 % interval {:+.4f} to {:+.4f})",
                       !versus.distinguishable ? "not distinguishable"
                       : versus.difference < 0 ? "WSD"
                                               : "cosine",
                       versus.first, versus.second, versus.difference, versus.low, versus.high));
    const auto share = laws::best_cooldown_share(fit, wanted, end);
    answer("How long should a linear cooldown be?",
           fmt::format("{:.0f} % of the run after the warm-up ({:.0f} % to {:.0f} % are not "
                       "distinguishable); final loss {:.4f}",
                       100 * share.value, 100 * share.low, 100 * share.high, share.loss));
    const auto rate = laws::best_final_rate(fit, wanted, 0.2);
    answer("Which final learning rate for a cooldown over the last 20 %?",
           fmt::format("{:.3g} ({:.3g} to {:.3g} are not distinguishable); final loss {:.4f}", rate.value,
                       rate.low, rate.high, rate.loss));
    const std::int64_t crossover = laws::cosine_crossover(fit, wanted, end);
    answer(fmt::format("From which step is a cosine over {} steps ahead of the constant schedule?",
                       wanted.steps),
           crossover < 0 ? "at no step" : fmt::format("step {}", crossover));
    const laws::Plan cosine = laws::cosine_plan(wanted, end);
    const auto rewarm = laws::rewarm_forecast(fit, cosine,
                                              {.rewarm = std::max<std::int64_t>(1, wanted.steps / 100),
                                               .steps = wanted.steps,
                                               .peak = wanted.peak,
                                               .to = end});
    answer(fmt::format("Continuing that cosine: re-warm to {:.3g}, then {} more steps?", wanted.peak,
                       wanted.steps),
           fmt::format("the loss rises by {:.4f} after the re-warm-up, then falls from {:.4f} to {:.4f}",
                       rewarm.bump, rewarm.before, rewarm.after));
  }

  void forecast_decay() {
    const laws::Curve& running = forecast_.fitted.front();
    const std::int64_t now = running.steps.back() + 1;
    const auto decay = laws::decay_now(forecast_.fit, running.plan, now, options_.decay_now, options_.min);
    answer(fmt::format("{}: what if it decays now, linearly to {:.3g} over {} steps?", running.name,
                       options_.min, options_.decay_now),
           fmt::format("it ends at step {} with loss {:.4f} ({:.0f} % band {:.4f} to {:.4f})", decay.end,
                       decay.loss, 95.0, decay.low, decay.high));
  }

  const ForecastOptions& options_;
  const TaskContext& context_;
  laws::LogColumns columns_;
  Forecast forecast_;
  std::int64_t warmup_rows_ = 0;
};

}  // namespace

void ForecastOptions::describe(OptionTable& table) {
  table
      .add("fit", fit,
           "logs of finished runs to fit: CSV, JSON lines, trainer_state.json; parts of one log joined by "
           "'+', or a folder")
      .required();
  table.add("predict", predict, "logs to predict, and to score where they hold losses");
  table.add("schedule", schedule, "schedules to predict and rank");
  table.add("steps", steps, "length of the runs to predict; 0: that of the first fitted log")
      .unit("steps")
      .at_least(0);
  table.add("optimize", optimize, "propose the schedule with the lowest predicted final loss");
  table.add("peak", peak, "highest learning rate of the proposal; 0: that of the first fitted log")
      .at_least(0);
  table.add("min", min, "lowest learning rate of the proposal").at_least(0);
  table.add("area", area, "fixed sum of the proposal's learning rates").above(0);
  table.add("robust", robust, "propose for the mean over the fit's bootstrap draws instead of the best fit");
  table.add("advice", advice,
            "answer the usual questions: WSD or cosine, cooldown share, final rate, re-warm-up");
  table
      .add("decay_now", decay_now,
           "predict the end of the first fitted log if it decayed now, over so many steps")
      .unit("steps")
      .at_least(0);
  law.describe(table);
  table.add("columns", columns, "names of the logs' columns: step=..,lr=..,loss=..");
  table
      .add("warmup", warmup,
           "warm-up that the logs leave out, linear from 0; schedules that start at their peak get it too")
      .unit("steps")
      .at_least(0);
  table.add("interpolation", interpolation, "learning rates between logged rows").choices({"linear", "hold"});
  table.add("until", until, "drop logged rows from this step on; 0: keep all").unit("steps").at_least(0);
  table.add("fit_schedule", fit_schedule,
            "the fitted logs' schedules 'SCHEDULE @ STEPS', one a log, instead of the lr column");
  table.add("predict_schedule", predict_schedule, "the same for the predicted logs");
  table.add("level", level, "probability of the prediction bands").above(0).below(1);
  table.add("model_sizes", model_sizes, "law model_size: parameters of each fitted log's model");
  table.add("predict_model_sizes", predict_model_sizes,
            "law model_size: parameters of each predicted log's model");
  table.add("model_size", model_size, "law model_size: parameters of the model to predict").at_least(0);
}

Task forecast_task() {
  return make_task<ForecastOptions>(
      "schedule.forecast", "forecast",
      "predict training-loss curves of schedules from the logs of finished runs",
      "Fits a law of loss under learning-rate annealing to one or more logged runs, predicts the whole loss "
      "curve of "
      "other schedules step by step with a band, ranks candidate schedules, and proposes a better one. "
      "Learning "
      "rates of steps between logged rows are filled in; what is not logged at the start is stated by "
      "--warmup.",
      {"forecast --fit constant.csv cosine.csv --predict wsd.csv --warmup 2160",
       "forecast --fit constant.csv cosine.csv --warmup 2160 --steps 24000 --schedule 'wsd(peak=3e-4, "
       "to=3e-5)'",
       "forecast --fit runs/*.csv --warmup 2160 --law multi_power --optimize --steps 24000 --peak 3e-4 --min "
       "1e-6 --json"},
      [](const ForecastOptions& options, TaskContext& context) {
        const auto one_each = [](const char* name, std::size_t count, std::size_t logs) {
          if (count > 0 && count != logs)
            throw InvalidInput("{}: expected one for each of {} logs, found {}", name, logs, count);
        };
        one_each("fit_schedule", options.fit_schedule.size(), options.fit.size());
        one_each("predict_schedule", options.predict_schedule.size(), options.predict.size());
        one_each("model_sizes", options.model_sizes.size(), options.fit.size());
        one_each("predict_model_sizes", options.predict_model_sizes.size(), options.predict.size());
        return forecast_report(Forecaster(options, context).run(), options);
      });
}

}  // namespace lehr::command
