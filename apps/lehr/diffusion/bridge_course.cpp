#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "apps/lehr/diffusion/bridge.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/diffusion/bridge/bridge_draws.hpp"
#include "lehr/diffusion/bridge/bridge_file.hpp"
#include "lehr/diffusion/point_file.hpp"

namespace lehr::command {

using namespace diffusion;

namespace {

using Eigen::Index;
using Eigen::MatrixXd;

constexpr int repeats = 5;

struct CourseStage {
  double time = 0;
  std::string file;
  MatrixXd points;
  bool held_out = false;
};

std::vector<CourseStage> read_course(const DiffusionBridgeOptions& options, const TaskContext& context) {
  const std::size_t count = options.course.size();
  if (count < 2) throw InvalidInput("course: a time course needs at least 2 files, found {}", count);
  if (!options.times.empty() && options.times.size() != count)
    throw InvalidInput("times: {} times for {} files of the course", options.times.size(), count);
  std::vector<CourseStage> stages(count);
  for (std::size_t i = 0; i < count; ++i) {
    CourseStage& stage = stages[i];
    stage.time = options.times.empty() ? static_cast<double>(i) : options.times[i];
    stage.file = options.course[i];
    stage.points = read_point_set(context.resolve(stage.file)).points;
    stage.held_out = std::ranges::find(options.held_out, stage.time) != options.held_out.end();
    if (stage.points.rows() != stages.front().points.rows())
      throw InvalidInput("course: {} has {} coordinates, {} has {}", stage.file, stage.points.rows(),
                         stages.front().file, stages.front().points.rows());
    if (stage.points.cols() < 4) throw InvalidInput("course: {} has fewer than 4 points", stage.file);
  }
  std::ranges::stable_sort(stages, {}, &CourseStage::time);
  for (std::size_t i = 0; i + 1 < count; ++i)
    if (stages[i].time == stages[i + 1].time) throw InvalidInput("times: {:g} appears twice", stages[i].time);
  if (stages.front().held_out || stages.back().held_out)
    throw InvalidInput("held_out: the first and the last time cannot be held out");
  for (const double time : options.held_out)
    if (std::ranges::find(stages, time, &CourseStage::time) == stages.end())
      throw InvalidInput("held_out: no file of the course has the time {:g}", time);
  return stages;
}

struct Score {
  double mean = 0, error = 0;
};

// Mean and standard error over independent draws.
template <class Draw>
Score repeated_distance(const MatrixXd& truth, Draw draw) {
  std::vector<double> values;
  for (int i = 0; i < repeats; ++i)
    values.push_back(energy_distance(draw(static_cast<std::uint64_t>(i)), truth));
  Score score;
  for (const double value : values) score.mean += value / repeats;
  for (const double value : values) score.error += (value - score.mean) * (value - score.mean);
  score.error = std::sqrt(score.error / (repeats - 1) / repeats);
  return score;
}

MatrixXd some_columns(const MatrixXd& points, Index most, Seed seed) {
  Stream random(seed, lane("diffusion.bridge.course"));
  MatrixXd some(points.rows(), std::min(points.cols(), most));
  for (Index i = 0; i < some.cols(); ++i) some.col(i) = points.col(uniform_index(random, points.cols()));
  return some;
}

}  // namespace

Report bridge_course_report(const DiffusionBridgeOptions& options, TaskContext& context) {
  std::vector<CourseStage> stages = read_course(options, context);
  double scale = 1;
  if (options.scale == "std") {
    std::vector<const MatrixXd*> sets;
    for (const CourseStage& stage : stages) sets.push_back(&stage.points);
    scale = pooled_scale(sets);
  }
  for (CourseStage& stage : stages) stage.points /= scale;
  Report report;
  report.title = "Time course of Schroedinger bridges";
  Table fits{.title = "Fitted pairs",
             .columns = {"from", "to", "loss", "effective", "S from", "to ", "seconds"},
             .rows = {},
             .formats = {".4g", ".4g", ".5g", ".1f", ".3g", ".3g", ".2f"}};
  Table scores{
      .title = "Held-out times: energy distance",
      .columns = {"time", "bridge", "its error", "straight lines, random pairs", "their error", "floor"},
      .rows = {},
      .formats = {".4g", ".4f", ".2g", ".4f", ".2g", ".2g"}};
  double seconds = 0, total = 0, total_random = 0;
  std::vector<std::filesystem::path> checkpoints;
  for (std::size_t i = 0; i + 1 < stages.size();) {
    std::size_t next = i + 1;
    while (stages[next].held_out) ++next;
    const CourseStage &a = stages[i], &b = stages[next];
    const std::string part = fmt::format("{}", i);
    if (!context.directory.empty())
      checkpoints.push_back(context.directory / ("checkpoint-" + part + ".safetensors"));
    const BridgeFit fit = fit_bridge(options, a.points, b.points, scale, context, part);
    const BridgePlan plan(fit.model);
    seconds += fit.seconds;
    fits.rows.push_back({a.time, b.time, fit.looks.empty() ? Json() : Json(fit.looks.back().loss),
                         effective_components(fit.model.log_alpha), plan.smallest_spread(),
                         plan.largest_spread(), fit.seconds});
    if (!options.save.empty()) {
      const std::filesystem::path path = context.resolve(options.save);
      const auto own = path.parent_path() / fmt::format("{}-{:g}-{:g}{}", path.stem().string(), a.time,
                                                        b.time, path.extension().string());
      write_bridge(own, fit.model);
      report.notes.push_back(
          fmt::format("The bridge from {:g} to {:g} is in {}.", a.time, b.time, own.string()));
    }
    for (std::size_t h = i + 1; h < next; ++h) {
      const CourseStage& held = stages[h];
      const double t = (held.time - a.time) / (b.time - a.time);
      const MatrixXd truth = some_columns(held.points, options.check_points, context.seed);
      const auto seed = [&](std::uint64_t k, std::uint64_t which) {
        return Seed{context.seed.value + 1000 * k + which};
      };
      const Score bridge = repeated_distance(truth, [&](std::uint64_t k) {
        return draw_between(plan, some_columns(a.points, options.check_points, seed(k, 1)), t, seed(k, 2));
      });
      const Score random = repeated_distance(truth, [&](std::uint64_t k) {
        const Index n = std::min({a.points.cols(), b.points.cols(), Index{options.check_points}});
        return MatrixXd((1 - t) * some_columns(a.points, n, seed(k, 3)) +
                        t * some_columns(b.points, n, seed(k, 4)));
      });
      const Index half = held.points.cols() / 2;
      const Index most = std::min<Index>(half, options.check_points);
      const double floor = std::abs(energy_distance(held.points.leftCols(most), held.points.rightCols(most)));
      scores.rows.push_back({held.time, scale * bridge.mean, scale * bridge.error, scale * random.mean,
                             scale * random.error, scale * floor});
      total += scale * bridge.mean, total_random += scale * random.mean;
    }
    i = next;
  }
  report.metric("pairs", static_cast<double>(fits.rows.size()));
  report.metric("fit_seconds", seconds);
  report.metric("scale", scale);
  if (!scores.rows.empty()) {
    const auto count = static_cast<double>(scores.rows.size());
    report.metric("held_out_energy", total / count);
    report.metric("held_out_energy_random", total_random / count);
    Figure figure{
        .name = "held-out",
        .title = "Held-out times",
        .caption =
            "Energy distance between the states that the bridge predicts and the points that were there, "
            "with the standard error of five draws.",
        .x = {.label = "time"},
        .y = {.label = "energy distance"},
        .series = {}};
    for (const std::size_t column : {std::size_t{1}, std::size_t{3}}) {
      Series series{.label = column == 1 ? "bridge" : "random pairs", .style = Series::Style::points};
      for (const auto& row : scores.rows) {
        const double value = row[column].get<double>(), error = row[column + 1].get<double>();
        series.x.push_back(row[0].get<double>()), series.y.push_back(value);
        series.low.push_back(value - error), series.high.push_back(value + error);
      }
      figure.series.push_back(std::move(series));
    }
    report.figures.push_back(std::move(figure));
    report.tables.push_back(std::move(scores));
  }
  report.tables.push_back(std::move(fits));
  for (const std::filesystem::path& path : checkpoints) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
  return report;
}

}  // namespace lehr::command
