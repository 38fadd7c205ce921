// The figures of `lehr diffusion guide`.
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "apps/lehr/diffusion/guide.hpp"
#include "apps/lehr/diffusion/point_figures.hpp"
#include "apps/lehr/figures.hpp"

namespace lehr::command {

using namespace diffusion;

namespace {

constexpr std::size_t most_levels = 40, bins = 30;

// The edges between which rewards are counted together: around each level, or equal bins over the range.
struct Bins {
  std::vector<double> centres;
  bool levels = false;
};

Bins bins_of(const GuideFindings& findings) {
  Bins result;
  if (findings.target.law && findings.target.law->levels.size() <= most_levels)
    return {findings.target.law->levels, true};
  double low = std::numeric_limits<double>::infinity(), high = -low;
  std::set<double> different;
  const auto cover = [&](const Eigen::VectorXd& rewards) {
    for (const double r : rewards)
      if (!std::isnan(r))
        low = std::min(low, r), high = std::max(high, r), different.insert(std::round(r * 1e9) / 1e9);
  };
  cover(findings.main.rewards), cover(findings.target.point_rewards);
  for (const GuidedDesigns& other : findings.others) cover(other.rewards);
  if (!different.empty() && different.size() <= most_levels)
    return {{different.begin(), different.end()}, true};
  if (!(high > low)) high = low + 1;
  for (std::size_t b = 0; b < bins; ++b)
    result.centres.push_back(low + (high - low) * (static_cast<double>(b) + 0.5) / static_cast<double>(bins));
  return result;
}

// Shares of the rewards (each with a weight) by the nearest centre.
std::vector<double> shares(const Bins& bins, const Eigen::VectorXd& rewards, const Eigen::VectorXd& weights) {
  std::vector<double> result(bins.centres.size(), 0);
  double total = 0;
  for (Index i = 0; i < rewards.size(); ++i) {
    if (std::isnan(rewards[i])) continue;
    const auto nearest =
        std::ranges::min_element(bins.centres, {}, [&](double c) { return std::abs(c - rewards[i]); });
    const double w = weights.size() == 0 ? 1 : weights[i];
    result[static_cast<std::size_t>(nearest - bins.centres.begin())] += w;
    total += w;
  }
  for (double& share : result) share /= std::max(total, 1e-300);
  return result;
}

Figure histogram_figure(const GuideFindings& findings) {
  Figure figure;
  figure.name = "rewards";
  figure.title = "Rewards of the designs";
  figure.x.label = "reward", figure.y.label = "share of designs", figure.y.low = 0.0;
  const Bins by = bins_of(findings);
  figure.series.push_back({.label = findings.main.method,
                           .style = Series::Style::bars,
                           .x = by.centres,
                           .y = shares(by, findings.main.rewards, {}),
                           .color = 0});
  int color = 1;
  if (findings.target.law) {
    const RewardLaw& law = *findings.target.law;
    const Eigen::Map<const Eigen::VectorXd> levels(law.levels.data(), static_cast<Index>(law.levels.size()));
    figure.series.push_back({.label = "exact target",
                             .style = Series::Style::points,
                             .x = by.centres,
                             .y = shares(by, levels, law.target),
                             .color = color});
    figure.caption =
        fmt::format("Against the exact target at temperature {:g}.", findings.target.temperature);
  } else if (findings.target.point_rewards.size() > 0) {
    figure.series.push_back({.label = "target",
                             .style = Series::Style::points,
                             .x = by.centres,
                             .y = shares(by, findings.target.point_rewards, {}),
                             .color = color});
    figure.caption =
        fmt::format("Against draws of the target at temperature {:g}.", findings.target.temperature);
  }
  for (const GuidedDesigns& other : findings.others)
    figure.series.push_back({.label = other.method,
                             .style = Series::Style::dashed,
                             .x = by.centres,
                             .y = shares(by, other.rewards, {}),
                             .color = ++color});
  return figure;
}

Figure course_figure(const GuidanceTrace& trace) {
  Figure figure =
      empty_figure("values", "Values of the candidates, step by step",
                   "Means over the designs; the band is one standard deviation among a design's candidates.",
                   "step", "value");
  Series band{.label = "", .style = Series::Style::band, .color = 0},
      mean{.label = "mean candidate", .color = 0}, best{.label = "best candidate", .color = 1};
  for (Index i = 0; i < trace.size(); ++i) {
    const GuidanceStep step = trace.step(i);
    const auto x = static_cast<double>(i + 1);
    band.x.push_back(x), band.low.push_back(step.mean_value - step.spread),
        band.high.push_back(step.mean_value + step.spread);
    mean.x.push_back(x), mean.y.push_back(step.mean_value);
    best.x.push_back(x), best.y.push_back(step.best_value);
  }
  figure.series = {std::move(band), std::move(mean), std::move(best)};
  return figure;
}

Figure weights_figure(const GuidanceTrace& trace) {
  Figure figure = empty_figure(
      "weights", "Candidates that share the weight",
      "Effective sample size of the weights among which a step chooses, and how many candidates there are.",
      "step", "candidates");
  figure.y.low = 0.0;
  Series ess{.label = "effective", .color = 0},
      all{.label = "drawn", .style = Series::Style::dashed, .color = 7};
  for (Index i = 0; i < trace.size(); ++i) {
    ess.x.push_back(static_cast<double>(i + 1)), ess.y.push_back(trace.step(i).ess);
    all.x.push_back(static_cast<double>(i + 1)), all.y.push_back(trace.step(i).candidates);
  }
  figure.series = {std::move(ess), std::move(all)};
  return figure;
}

Figure learnt_figure(const LinearValue& value) {
  Figure figure = empty_figure("learnt", "Learnt values by noise level",
                               "R^2 in the rollouts that the values were learnt from.", "t", "R^2");
  Series line{.label = "R^2"};
  for (Index l = 0; l + 1 < value.r_squared.size(); ++l)
    line.x.push_back(value.times[static_cast<std::size_t>(l)]), line.y.push_back(value.r_squared[l]);
  figure.series.push_back(std::move(line));
  return figure;
}

Figure points_figure(const GuideFindings& findings) {
  Figure figure = empty_figure("designs", "Designs", "The first two coordinates.", "x0", "x1");
  if (findings.target.points.cols() > 0) figure.series.push_back(cloud("target", findings.target.points, 7));
  figure.series.push_back(cloud(findings.main.method, findings.main.x, 0));
  return figure;
}

}  // namespace

std::vector<Figure> guide_figures(const GuideProblem& problem, const GuideFindings& findings) {
  std::vector<Figure> figures = {histogram_figure(findings)};
  if (findings.main.method == "svdd" || findings.main.method == "twisted_smc")
    figures.push_back(course_figure(findings.main.trace));
  if (findings.main.method == "svdd") figures.push_back(weights_figure(findings.main.trace));
  if (!problem.discrete() && problem.model.rows >= 2) figures.push_back(points_figure(findings));
  if (findings.value) figures.push_back(learnt_figure(*findings.value));
  return figures;
}

}  // namespace lehr::command
