#include "apps/lehr/tour/tune.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>

#include "apps/lehr/tour/problem_source.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/tour/heatmap/prior.hpp"
#include "lehr/tour/heatmap/softdist.hpp"
#include "lehr/tour/heatmap/tuning.hpp"

namespace lehr::command {

using namespace tour;

namespace {

// The problems to train on, with their heatmaps; deques, since the method refers to them.
struct TrainingSet {
  std::deque<Problem> problems;
  std::deque<Heatmap> heatmaps;
  std::vector<TrainingInstance> instances;
  std::int64_t cities = 0;  // of the largest
};

Heatmap training_heatmap(const TourTuneOptions& options, const Instance& instance,
                         const TaskContext& context) {
  if (options.heatmap == "zero") return zero_heatmap(instance.count);
  if (options.heatmap == "softdist") return softdist(instance, softdist_temperature(instance));
  return options.prior.empty() ? gt_prior(instance)
                               : gt_prior(instance, read_prior(context.resolve(options.prior)));
}

TrainingSet load_training(const TourTuneOptions& options, const TaskContext& context) {
  if (options.files.empty()) throw InvalidInput("files: give problems to train on");
  if (!options.prior.empty() && options.heatmap != "gt")
    throw InvalidInput("prior: belongs to the heatmap gt, found {}", quote(options.heatmap));
  TrainingSet set;
  for (const std::string& file : options.files) {
    for (Problem& problem : load_problems(file, {}, "", context)) {
      if (problem.is_directed())
        throw InvalidInput("{}: distances that depend on the direction cannot be searched by heatmap_mcts",
                           file);
      set.problems.push_back(std::move(problem));
    }
  }
  for (const Problem& problem : set.problems) {
    set.heatmaps.push_back(training_heatmap(options, problem.instance, context));
    set.instances.push_back({&problem.instance, &set.heatmaps.back()});
    set.cities = std::max<std::int64_t>(set.cities, problem.cities());
  }
  return set;
}

Json level_cell(std::size_t factor, std::int32_t level) {
  const double value = factor_levels(factor)[static_cast<std::size_t>(level)];
  if (factor == 3 && value == 0) return "all";
  if (factor == 4) return value != 0 ? "true" : "false";
  return json_number(value);
}

// Mean |Shapley value| of each factor over the trials, in percent.
struct Importance {
  TuningSurrogate surrogate;
  std::array<double, tuned_factors> mean{}, at_best{};
};

Importance importance_of(const MctsTuning& tuning, const std::vector<MctsLevels>& trials,
                         const std::vector<double>& losses, std::size_t best) {
  Importance importance;
  importance.surrogate = fit_surrogate(tuning.space(), trials, losses);
  for (std::size_t t = 0; t < trials.size(); ++t) {
    const auto phi = shapley_values(tuning.space(), importance.surrogate.values, trials[t]);
    for (std::size_t j = 0; j < tuned_factors; ++j) {
      importance.mean[j] += 100 * std::abs(phi[j]) / static_cast<double>(trials.size());
      if (t == best) importance.at_best[j] = 100 * phi[j];
    }
  }
  return importance;
}

Table trials_table(const std::vector<MctsLevels>& trials, const std::vector<double>& losses) {
  Table table{.title = "Trials, the best first", .columns = {"loss %"}, .rows = {}, .formats = {".4f"}};
  for (const std::string_view name : tuned_factor_names) {
    table.columns.emplace_back(name);
    table.formats.emplace_back("");
  }
  std::vector<std::size_t> order(trials.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t t) { return losses[t]; });
  for (const std::size_t t : order) {
    std::vector<Json> row = {json_number(100 * losses[t])};
    for (std::size_t j = 0; j < tuned_factors; ++j) row.push_back(level_cell(j, trials[t][j]));
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table importance_table(const Importance& importance, const MctsLevels& best) {
  Table table{.title = "What the settings contribute",
              .columns = {"setting", "best", "mean |Shapley value| %", "Shapley value at the best %"},
              .rows = {},
              .formats = {"", "", ".4f", ".4f"}};
  for (std::size_t j = 0; j < tuned_factors; ++j)
    table.rows.push_back({std::string(tuned_factor_names[j]), level_cell(j, best[j]),
                          json_number(importance.mean[j]), json_number(importance.at_best[j])});
  return table;
}

Figure trials_figure(const std::vector<double>& losses) {
  Figure figure;
  figure.name = "trials", figure.title = "Loss of the trials";
  figure.caption = "Mean excess over the shortest tour that any trial found, and the best so far.";
  figure.x.label = "trial", figure.y.label = "loss, %";
  Series each{.label = "trials", .style = Series::Style::points, .color = 0};
  Series best{.label = "best so far", .style = Series::Style::steps, .color = 1};
  double lowest = losses.front();
  for (std::size_t t = 0; t < losses.size(); ++t) {
    lowest = std::min(lowest, losses[t]);
    each.x.push_back(static_cast<double>(t + 1)), each.y.push_back(100 * losses[t]);
    best.x.push_back(static_cast<double>(t + 1)), best.y.push_back(100 * lowest);
  }
  figure.series = {std::move(each), std::move(best)};
  return figure;
}

Figure importance_figure(const Importance& importance) {
  Figure figure;
  figure.name = "importance", figure.title = "What the settings contribute";
  figure.caption =
      "Mean absolute Shapley value over the trials, from left to right: alpha, beta, pool, candidates, "
      "use_heatmap, depth.";
  figure.x.label = "setting",
  figure.y = {.label = "mean |Shapley value|, %", .log = false, .low = 0.0, .high = {}};
  Series bars{.label = "", .style = Series::Style::bars, .color = 0};
  for (std::size_t j = 0; j < tuned_factors; ++j)
    bars.x.push_back(static_cast<double>(j + 1)), bars.y.push_back(importance.mean[j]);
  figure.series = {std::move(bars)};
  return figure;
}

std::string flags_of(const TourTuneOptions& options, const MctsLevels& best) {
  const MctsSettings settings = settings_at(best);
  return fmt::format(
      "--heatmap {}{} --mcts.alpha {} --mcts.beta {} --mcts.pool {} --mcts.candidates {} --mcts.use_heatmap "
      "{} "
      "--mcts.depth {}",
      options.heatmap, options.prior.empty() ? "" : " --prior " + options.prior, settings.alpha.text(),
      settings.beta.text(), settings.pool.text(), settings.candidates, settings.use_heatmap,
      settings.depth.text());
}

Report run_tune_task(const TourTuneOptions& options, TaskContext& context) {
  const TrainingSet set = load_training(options, context);
  const MctsTuning tuning(set.instances, options.trials, options.each(set.cities));
  TourTuneOptions own = options;
  auto run = drive(tuning, Budget::steps(options.trials), context.seed,
                   context.observers_with_checkpoints(lehr::describe(own).values()));
  const std::vector<MctsLevels> trials = tuning.trials(run.state);
  const std::vector<double> losses = tuning.losses(run.state);
  if (trials.size() < 2)
    throw InvalidInput("trials: the run ended after {}; at least 2 are compared", trials.size());
  const auto best = static_cast<std::size_t>(std::ranges::min_element(losses) - losses.begin());
  const Importance importance = importance_of(tuning, trials, losses, best);
  Report report;
  report.title = fmt::format("Settings of tree search, tuned on {} problems", set.problems.size());
  report.metric("trials", static_cast<double>(trials.size()));
  report.metric("problems", static_cast<double>(set.problems.size()));
  report.metric("loss_best", 100 * losses[best]);
  report.metric("loss_first", 100 * losses.front());
  report.metric("loss_mean", 100 * std::accumulate(losses.begin(), losses.end(), 0.0) /
                                 static_cast<double>(losses.size()));
  report.metric("explained", importance.surrogate.explained);
  for (std::size_t j = 0; j < tuned_factors; ++j)
    report.metric(fmt::format("importance_{}", tuned_factor_names[j]), importance.mean[j]);
  report.tables = {importance_table(importance, trials[best]), trials_table(trials, losses)};
  report.figures = {trials_figure(losses), importance_figure(importance)};
  report.artifacts.push_back({.name = "settings",
                              .extension = "txt",
                              .content = flags_of(options, trials[best]) + "\n",
                              .path = {}});
  report.notes.push_back("Best: lehr tour solve FILE --method heatmap_mcts " +
                         flags_of(options, trials[best]));
  report.notes.push_back(
      "Losses are in percent above the shortest tour that any trial found on the same problem. Shapley "
      "values are exact "
      "under an additive surrogate of the trials, above 0 where a setting makes tours longer; `explained` is "
      "the "
      "share of their variance that it explains.");
  return report;
}

}  // namespace

void TourTuneOptions::describe(OptionTable& table) {
  table
      .add("files", files,
           "problems to train on: files as `lehr tour solve` takes them, or uniform(500, count=16)")
      .positional();
  table.add("heatmap", heatmap, "what guides the search").choices({"gt", "softdist", "zero"});
  table.add("prior", prior, "heatmap gt: csv file of shares by `lehr tour prior`");
  table.add("trials", trials, "settings that are tried, of 864 (zero: 432)").range(2, 864);
  table
      .add("simulations", simulations, "budget of each run in actions; results then depend on the seed alone")
      .at_least(1);
  table
      .add("seconds_per_city", seconds_per_city, "budget of each run, in place of simulations; default 0.002")
      .above(0);
}

Budget TourTuneOptions::each(std::int64_t cities) const {
  if (simulations && seconds_per_city)
    throw InvalidInput("simulations and seconds_per_city are both set; give one of them");
  if (simulations) return Budget::evaluations(*simulations);
  return Budget::seconds(seconds_per_city.value_or(0.002) * static_cast<double>(cities));
}

Task tour_tune_task() {
  return make_task<TourTuneOptions>("tour.tune", "",
                                    "settings of heatmap-guided tree search for problems like one's own",
                                    "Random search over the published space of six settings (alpha, beta, "
                                    "pool, candidates, use_heatmap, depth) on "
                                    "training problems, the public default first. Reports the best settings, "
                                    "every trial, and the exact Shapley values of "
                                    "the six settings under an additive model of the trials.",
                                    {"tour tune 'uniform(200, count=8)' --trials 20 --simulations 20000",
                                     "tour tune tsp500.txt --heatmap softdist --seconds_per_city 0.01"},
                                    run_tune_task);
}

}  // namespace lehr::command
