// What `lehr diffusion chains` shows.
#include <algorithm>
#include <cmath>

#include "apps/lehr/diffusion/chains.hpp"
#include "apps/lehr/figures.hpp"

namespace lehr::command {

using namespace diffusion;
using Eigen::Index;

namespace {

constexpr Index drawn_samples = 2000;

double trace_value(const ChainsResult& result, std::size_t output, std::size_t column) {
  return result.run.state.trace[output * ChainTrace::width + column];
}

double calls_per_sample(const ChainsResult& result) {
  const auto& state = result.run.state;
  return static_cast<double>(state.calls - state.initial_calls) / static_cast<double>(state.chosen.size());
}

std::vector<double> chosen_sigmas(const ChainsResult& result) {
  std::vector<double> values;
  for (const int level : result.run.state.chosen)
    values.push_back(result.sigmas[static_cast<std::size_t>(level)]);
  std::ranges::sort(values);
  return values;
}

void add_metrics(const ChainsOptions& options, const ChainsResult& result, Report& report) {
  const auto& state = result.run.state;
  const auto add = [&](const std::string& prefix, const SampleQuality& quality) {
    report.metric(prefix + "sw2", quality.sw2);
    report.metric(prefix + "mode_tv", quality.mode_error);
    report.metric(prefix + "within_sd", quality.deviation);
  };
  add("", result.chains);
  add("floor_", result.floor);
  report.metric("true_sd", result.true_deviation);
  report.metric("calls_per_sample", calls_per_sample(result));
  report.metric("start_calls_per_sample",
                static_cast<double>(state.initial_calls) / static_cast<double>(state.chosen.size()));
  report.metric("calls", static_cast<double>(state.calls));
  if (result.noise)
    add("noise_", *result.noise), report.metric("noise_calls", static_cast<double>(result.noise->calls));
  for (const SampleQuality& quality : result.curve)
    report.metric(fmt::format("noise_sw2_{}", quality.calls), quality.sw2);
  if (result.tempering) add("tempering_", *result.tempering);
  report.metric("first_mode_tv", result.outputs.front().mode_error);
  report.metric("last_mode_tv", result.outputs.back().mode_error);
  report.metric("output_floor_mode_tv", result.output_floor.mode_error);
  report.metric("level_ks", result.ks);
  report.metric("mean_level", result.mean_level);
  report.metric("expected_level", result.expected_level);
  const std::size_t last = result.outputs.size() - 1;
  if (options.chains.variant == "dmala") report.metric("acceptance", trace_value(result, last, 5));
  report.metric("eta", trace_value(result, last, 7));
  report.metric("chosen_sigma", chosen_sigmas(result)[state.chosen.size() / 2]);
  const double chain_sweeps = static_cast<double>((state.sweeps - state.trips_from) * options.chains.chains);
  report.metric("round_trips_per_1000_sweeps",
                1000 * static_cast<double>(state.round_trips) / std::max(1.0, chain_sweeps));
  if (std::isfinite(result.ess)) {
    report.metric("ess", result.ess);
    report.metric("ess_per_1000_calls",
                  1000 * result.ess / static_cast<double>(state.calls - state.initial_calls));
    report.metric("autocorrelation", result.autocorrelation);
  }
}

Table quality_table(const ChainsOptions& options, const ChainsResult& result) {
  Table table{.title = "Samples against the mixture",
              .columns = {"sample", "calls each", "sliced W2", "mode error", "deviation inside modes"},
              .rows = {},
              .formats = {"", ".4g", ".4f", ".4f", ".4f"}};
  const auto row = [&](std::string name, Json calls, const SampleQuality& quality) {
    table.rows.push_back(
        {std::move(name), std::move(calls), quality.sw2, quality.mode_error, quality.deviation});
  };
  row(options.chains.variant + " + " + options.chains.integrator, calls_per_sample(result), result.chains);
  if (result.noise) row(options.chains.integrator + " from noise", result.noise->calls, *result.noise);
  for (const SampleQuality& quality : result.curve)
    if (!result.noise || quality.calls != result.noise->calls)
      row(options.chains.integrator + " from noise", quality.calls, quality);
  if (result.tempering) row("parallel tempering", result.tempering->calls, *result.tempering);
  row("true sample (floor)", "", result.floor);
  return table;
}

Table output_table(const ChainsResult& result) {
  Table table{.title = "Outputs",
              .columns = {"output", "sigma 10 %", "50 %", "90 %", "chosen 50 %", "chosen 90 %", "acceptance",
                          "|score|", "eta", "denoise", "mode error"},
              .rows = {},
              .formats = {".0f", ".3g", ".3g", ".3g", ".3g", ".3g", ".3f", ".3g", ".3g", ".0f", ".4f"}};
  const std::size_t stride = std::max<std::size_t>(1, result.outputs.size() / 20);
  for (std::size_t i = 0; i < result.outputs.size(); i += stride) {
    std::vector<Json> row = {static_cast<std::int64_t>(i + 1)};
    for (const std::size_t column : {0, 1, 2, 3, 4, 5, 6, 7, 10})
      row.push_back(trace_value(result, i, column));
    row.push_back(result.outputs[i].mode_error);
    table.rows.push_back(std::move(row));
  }
  return table;
}

Figure sigma_figure(const ChainsResult& result) {
  Figure figure = empty_figure(
      "sigma", "Noise levels of the chains",
      "Median over the chains with the 10 % and 90 % quantiles at the end of each output's sweeps, and the "
      "level that outputs were denoised from.",
      "output", "sigma");
  figure.y.log = true;
  Series band = empty_series("", Series::Style::band, 0),
         median = empty_series("chains", Series::Style::line, 0);
  Series chosen = empty_series("denoised from", Series::Style::dashed, 1);
  for (std::size_t i = 0; i < result.outputs.size(); ++i) {
    const auto x = static_cast<double>(i + 1);
    band.x.push_back(x), band.low.push_back(trace_value(result, i, 0)),
        band.high.push_back(trace_value(result, i, 2));
    median.x.push_back(x), median.y.push_back(trace_value(result, i, 1));
    chosen.x.push_back(x), chosen.y.push_back(trace_value(result, i, 3));
  }
  figure.series = {band, median, chosen};
  return figure;
}

Figure cloud_figure(const ChainsResult& result) {
  Figure figure;
  figure.name = "cloud", figure.title = "Samples";
  const bool line = result.samples.rows() == 1;
  figure.caption =
      line ? "The sample and a true one." : "The first two coordinates of the sample and of a true one.";
  figure.x.label = "x0", figure.y.label = line ? "sample" : "x1";
  const auto cloud = [&](std::string label, const Eigen::MatrixXd& points, double place, int color) {
    Series series = empty_series(std::move(label), Series::Style::points, color);
    for (Index i = 0; i < std::min(points.cols(), drawn_samples); ++i)
      series.x.push_back(points(0, i)), series.y.push_back(line ? place : points(1, i));
    return series;
  };
  figure.series = {cloud("true", result.truth, 0, 2), cloud("chains", result.samples, 1, 0)};
  return figure;
}

Figure calls_figure(const ChainsOptions& options, const ChainsResult& result) {
  Figure figure = empty_figure("calls", "Distance against calls",
                               "Sliced W2 to a true sample; the dashed line is that of two true samples.",
                               "calls of the model a sample", "sliced W2");
  figure.y.log = true;
  Series noise = empty_series(options.chains.integrator + " from noise", Series::Style::line, 1);
  std::vector<SampleQuality> curve = result.curve;
  if (result.noise) curve.push_back(*result.noise);
  std::ranges::sort(curve, {}, &SampleQuality::calls);
  double least = calls_per_sample(result), most = least;
  for (const SampleQuality& quality : curve) {
    const auto calls = static_cast<double>(quality.calls);
    noise.x.push_back(calls), noise.y.push_back(quality.sw2);
    least = std::min(least, calls), most = std::max(most, calls);
  }
  Series chains = empty_series("chains", Series::Style::points, 0),
         floor = empty_series("floor", Series::Style::dashed, 2);
  chains.x = {calls_per_sample(result)}, chains.y = {result.chains.sw2};
  floor.x = {least, std::max(most, least + 1)}, floor.y = {result.floor.sw2, result.floor.sw2};
  if (!noise.x.empty()) figure.series.push_back(noise);
  figure.series.push_back(chains), figure.series.push_back(floor);
  return figure;
}

void add_notes(const ChainsOptions& options, const ChainsResult& result, Report& report) {
  report.notes = result.warnings;
  const auto& state = result.run.state;
  if (result.run.why == Stop::interrupted)
    report.notes.push_back("Interrupted: this is what had been made by then.");
  if (options.chains.variant == "dlg" && options.chains.levels > 1 &&
      result.mean_level > result.expected_level + 0.05 * static_cast<double>(options.chains.levels))
    report.notes.push_back(fmt::format(
        "The chains stay at higher levels than the prior says (mean level {:.1f}, expected {:.1f}): the "
        "uncorrected step adds noise "
        "of variance eta = {:.3g} in each sweep. A smaller --eta or --variant dmala removes this.",
        result.mean_level, result.expected_level, state.eta));
  if (state.stuck > 0)
    report.notes.push_back(fmt::format(
        "All chains were at sigma_max in the last {} sweeps: the step is too large.", state.stuck));
  if (std::isfinite(result.ess) && result.ess < 0.5 * static_cast<double>(state.chosen.size()))
    report.notes.push_back(
        fmt::format("Outputs of one chain are alike: {} samples are worth {:.0f} independent ones in the "
                    "coordinate that mixes worst.",
                    state.chosen.size(), result.ess));
  if (!std::isfinite(result.ess))
    report.notes.push_back("Fewer than four outputs a chain: no effective sample size.");
}

}  // namespace

Report chains_report(const ChainsOptions& options, const ChainsResult& result) {
  Report report;
  report.title = fmt::format("{} samples of {} modes in {} dimensions by {} chains", result.samples.cols(),
                             result.mixture.components(), result.mixture.dimension(), options.chains.chains);
  add_metrics(options, result, report);
  report.tables = {quality_table(options, result), output_table(result)};
  report.figures = {calls_figure(options, result), sigma_figure(result), cloud_figure(result)};
  add_notes(options, result, report);
  return report;
}

}  // namespace lehr::command
