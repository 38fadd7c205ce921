#include "apps/lehr/sample/mcmc_report.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lehr/core/csv.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::command {
namespace {

using sample::DrawsSummary;

constexpr std::size_t most_parameters_listed = 300, most_parameters_drawn = 4;
constexpr std::int64_t rank_bins = 20, density_bins = 40;
constexpr double good_r_hat = 1.01, ess_per_chain = 100;

std::vector<DrawsSummary> summaries_of(const ChainsReport& chains) {
  std::vector<DrawsSummary> summaries;
  for (Eigen::Index i = 0; i < chains.draws.values.rows(); ++i)
    summaries.push_back(sample::summarize_draws(chains.draws.coordinate(i), chains.draws.chains));
  return summaries;
}

Table chains_table(const ChainsReport& chains, const std::vector<DrawsSummary>& summaries) {
  Table table{.title = "Posterior",
              .columns = {"name", "mean", "its error", "sd", "5 %", "median", "95 %", "R-hat", "ESS bulk",
                          "ESS tail"},
              .rows = {},
              .formats = {"", ".4g", ".2g", ".3g", ".4g", ".4g", ".4g", ".3f", ".0f", ".0f"}};
  for (std::size_t i = 0; i < std::min(summaries.size(), most_parameters_listed); ++i) {
    const DrawsSummary& s = summaries[i];
    table.rows.push_back({chains.names[i], s.mean, s.mean_error, s.deviation, s.q05, s.median, s.q95,
                          json_number(s.r_hat), json_number(s.ess_bulk), json_number(s.ess_tail)});
  }
  return table;
}

// The parameters in their order, those whose chains disagree first, the worst of them at the front.
std::vector<std::size_t> disagreeing_first(const ChainsReport& chains,
                                           const std::vector<DrawsSummary>& summaries) {
  std::vector<std::size_t> order(static_cast<std::size_t>(chains.parameters));
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t i) {
    return summaries[i].r_hat > good_r_hat ? summaries[i].r_hat : 0;
  });
  return order;
}

Figure chains_trace_figure(const ChainsReport& chains, std::size_t which) {
  Figure figure{.name = "trace-" + std::to_string(which + 1),
                .title = "Trace of " + chains.names[which],
                .caption = "Chains that have found the same law look alike and wander over all of it.",
                .x = {.label = "draw"},
                .y = {.label = chains.names[which]},
                .series = {}};
  const Eigen::Index n = chains.draws.iterations, stride = std::max<Eigen::Index>(1, n / 500);
  for (Eigen::Index c = 0; c < std::min<Eigen::Index>(chains.draws.chains, 8); ++c) {
    Series series{.label = fmt::format("chain {}", c + 1)};
    for (Eigen::Index t = 0; t < n; t += stride) {
      series.x.push_back(static_cast<double>(t + 1));
      series.y.push_back(chains.draws.values(static_cast<Eigen::Index>(which), c * n + t));
    }
    figure.series.push_back(std::move(series));
  }
  return figure;
}

// Histogram of each chain's ranks among all draws: flat where the chains agree.
Figure chains_rank_figure(const ChainsReport& chains, std::size_t which) {
  Figure figure{
      .name = "ranks-" + std::to_string(which + 1),
      .title = "Ranks of " + chains.names[which],
      .caption =
          "How often each chain's draws fall into each twentieth of all draws; flat where the chains agree.",
      .x = {.label = "rank among all draws"},
      .y = {.label = "share of the chain's draws", .low = 0},
      .series = {}};
  const std::vector<double> values = chains.draws.coordinate(static_cast<Eigen::Index>(which));
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t k) { return values[k]; });
  const auto n = static_cast<std::size_t>(chains.draws.iterations);
  const auto shown = static_cast<std::size_t>(std::min<Eigen::Index>(chains.draws.chains, 8));
  std::vector<std::vector<double>> counts(shown, std::vector<double>(rank_bins, 0.0));
  for (std::size_t rank = 0; rank < order.size(); ++rank)
    if (order[rank] / n < shown)
      counts[order[rank] / n][rank * rank_bins / order.size()] += 1 / static_cast<double>(n);
  for (std::size_t c = 0; c < shown; ++c) {
    Series series{.label = fmt::format("chain {}", c + 1), .style = Series::Style::steps};
    for (std::size_t b = 0; b < rank_bins; ++b) {
      series.x.push_back((static_cast<double>(b) + 0.5) / rank_bins * static_cast<double>(order.size()));
      series.y.push_back(counts[c][b]);
    }
    figure.series.push_back(std::move(series));
  }
  return figure;
}

Figure chains_density_figure(const ChainsReport& chains, std::size_t which, const DrawsSummary& summary) {
  std::vector<double> values = chains.draws.coordinate(static_cast<Eigen::Index>(which));
  const double low = stats::quantile(values, 0.002), high = stats::quantile(values, 0.998);
  const double width = (high - low) / density_bins;
  Figure figure{
      .name = "density-" + std::to_string(which + 1),
      .title = "Density of " + chains.names[which],
      .caption = fmt::format("Histogram of all draws; median {:.4g}, 90 % between {:.4g} and {:.4g}.",
                             summary.median, summary.q05, summary.q95),
      .x = {.label = chains.names[which]},
      .y = {.label = "density", .low = 0},
      .series = {}};
  if (!(width > 0)) return figure;
  Series series{.label = "draws", .style = Series::Style::steps};
  std::vector<double> counts(density_bins, 0.0);
  for (const double value : values)
    if (value >= low && value < high)
      counts[std::min<std::size_t>(density_bins - 1, static_cast<std::size_t>((value - low) / width))] += 1;
  for (std::size_t b = 0; b < counts.size(); ++b) {
    series.x.push_back(low + (static_cast<double>(b) + 0.5) * width);
    series.y.push_back(counts[b] / (static_cast<double>(values.size()) * width));
  }
  figure.series.push_back(std::move(series));
  return figure;
}

void add_chain_worries(const ChainsReport& chains, const std::vector<DrawsSummary>& summaries,
                       Report& report) {
  double worst_r_hat = 0, least_ess = std::numeric_limits<double>::infinity();
  std::string disagreeing, slow;
  for (std::size_t i = 0; i < static_cast<std::size_t>(chains.parameters); ++i) {
    const double ess = std::min(summaries[i].ess_bulk, summaries[i].ess_tail);
    if (summaries[i].r_hat > worst_r_hat) worst_r_hat = summaries[i].r_hat, disagreeing = chains.names[i];
    if (ess < least_ess) least_ess = ess, slow = chains.names[i];
  }
  report.metric("r_hat_max", worst_r_hat);
  report.metric("ess_min", least_ess);
  if (chains.seconds > 0) report.metric("ess_per_second", least_ess / chains.seconds);
  if (worst_r_hat > good_r_hat)
    report.notes.push_back(
        fmt::format("The chains do not agree yet: R-hat of {} is {:.3f}, above {}. Run longer (--warm_up, "
                    "--iterations), or write the "
                    "model so that its parameters depend less on each other.",
                    disagreeing, worst_r_hat, good_r_hat));
  if (least_ess < ess_per_chain * static_cast<double>(chains.draws.chains))
    report.notes.push_back(
        fmt::format("Few effective draws: {:.0f} for {}. Means and quantiles of it are rough; run longer.",
                    least_ess, slow));
  if (chains.divergences > 0)
    report.notes.push_back(fmt::format(
        "{} trajectories diverged: a region of high curvature is not explored. Raise --target_acceptance "
        "towards 0.99, or write the model in other coordinates.",
        chains.divergences));
}

}  // namespace

Report report_chains(const ChainsReport& chains) {
  const std::vector<DrawsSummary> summaries = summaries_of(chains);
  Report report;
  report.title = chains.title;
  for (std::size_t i = 0; i < std::min(summaries.size(), most_parameters_listed); ++i) {
    report.metric(chains.names[i], summaries[i].mean);
    report.metric(chains.names[i] + ".error", summaries[i].mean_error);
    report.metric(chains.names[i] + ".sd", summaries[i].deviation);
  }
  report.metric("acceptance", chains.acceptance);
  report.metric("step", chains.step);
  report.metric("divergences", static_cast<double>(chains.divergences));
  report.metric("evaluations", static_cast<double>(chains.evaluations));
  report.metric("seconds", chains.seconds);
  add_chain_worries(chains, summaries, report);
  report.notes.insert(report.notes.end(), chains.notes.begin(), chains.notes.end());
  report.tables.push_back(chains_table(chains, summaries));
  if (summaries.size() > most_parameters_listed)
    report.notes.push_back(
        fmt::format("The table shows {} of {} values.", most_parameters_listed, summaries.size()));
  const std::vector<std::size_t> order = disagreeing_first(chains, summaries);
  for (std::size_t k = 0; k < std::min(order.size(), most_parameters_drawn); ++k) {
    report.figures.push_back(chains_trace_figure(chains, order[k]));
    report.figures.push_back(chains_rank_figure(chains, order[k]));
    report.figures.push_back(chains_density_figure(chains, order[k], summaries[order[k]]));
  }
  return report;
}

std::string draws_csv(const ChainsReport& chains) {
  const Eigen::Index n = chains.draws.iterations, count = chains.draws.values.cols();
  std::vector<CsvColumn> columns(3);
  std::vector<double> chain, iteration;
  for (Eigen::Index k = 0; k < count; ++k) {
    chain.push_back(static_cast<double>(k / n + 1));
    iteration.push_back(static_cast<double>(k % n + 1));
  }
  columns[0] = {"chain", std::move(chain)};
  columns[1] = {"iteration", std::move(iteration)};
  columns[2] = {"log_density", chains.draws.log_densities};
  for (Eigen::Index i = 0; i < chains.draws.values.rows(); ++i)
    columns.push_back({chains.names[static_cast<std::size_t>(i)], chains.draws.coordinate(i)});
  return csv_text(columns);
}

}  // namespace lehr::command
