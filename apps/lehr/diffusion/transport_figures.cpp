// The figures of `lehr diffusion transport`: paths, where the points start and arrive, the fields over time.
#include <cmath>
#include <limits>

#include "apps/lehr/diffusion/point_figures.hpp"
#include "apps/lehr/diffusion/transport.hpp"
#include "apps/lehr/figures.hpp"

namespace lehr::command {

using namespace diffusion;
using Eigen::Index;
using Eigen::MatrixXd;

namespace {

constexpr Index drawn_steps = 200;

// Time against the coordinate on the line, the first two coordinates otherwise; one series, broken between points.
Figure paths_figure(const TransportOutcome& outcome) {
  const Index d = outcome.start.rows(), tracked = outcome.end.trail.rows() / d, steps = outcome.end.step;
  Figure figure = empty_figure("paths", "Paths", fmt::format("The first {} points on their way.", tracked),
                               d == 1 ? "t" : "x0", d == 1 ? "x" : "x1");
  Series line = empty_series("", Series::Style::line, 0);
  const Index every = std::max<Index>(1, steps / drawn_steps);
  const bool forward = outcome.direction == Direction::forward;
  for (Index i = 0; i < tracked; ++i) {
    for (Index s = 0; s <= steps; s += every) {
      const double share = static_cast<double>(s) / static_cast<double>(outcome.end.trace.cols());
      const double first = outcome.end.trail(i * d, s);
      line.x.push_back(d == 1 ? (forward ? share : 1 - share) : first);
      line.y.push_back(d == 1 ? first : outcome.end.trail(i * d + 1, s));
    }
    line.x.push_back(std::numeric_limits<double>::quiet_NaN()),
        line.y.push_back(std::numeric_limits<double>::quiet_NaN());
  }
  figure.series.push_back(std::move(line));
  return figure;
}

Figure laws_figure(const TransportOutcome& outcome, const MatrixXd& target) {
  const MatrixXd &start = outcome.start, &end = outcome.end.points;
  if (start.rows() == 1) {
    Figure figure = empty_figure("laws", "Start, target and what arrived", "Histograms.", "x", "density");
    double low = std::min(start.minCoeff(), end.minCoeff()),
           high = std::max(start.maxCoeff(), end.maxCoeff());
    if (target.size() > 0) low = std::min(low, target.minCoeff()), high = std::max(high, target.maxCoeff());
    if (!(low < high)) return figure;
    figure.series = {histogram("start", start, low, high, 7), histogram("arrived", end, low, high, 0)};
    if (target.size() > 0)
      figure.series.insert(figure.series.begin() + 1, histogram("target", target, low, high, 1));
    figure.y.low = 0.0;
    return figure;
  }
  Figure figure = empty_figure("laws", "Start, target and what arrived",
                               start.rows() > 2 ? "The first two coordinates." : "", "x0", "x1");
  figure.series = {cloud("start", start, 7), cloud("arrived", end, 0)};
  if (target.size() > 0) figure.series.insert(figure.series.begin() + 1, cloud("target", target, 1));
  return figure;
}

Figure fields_figure(const TransportOutcome& outcome) {
  Figure figure =
      empty_figure("fields", "The fields on the way", "Means over the points.", "t", "mean length");
  Series velocity = empty_series("|b|", Series::Style::line, 0),
         score = empty_series("|s|", Series::Style::line, 1);
  for (Index s = 0; s < outcome.end.step; ++s) {
    velocity.x.push_back(outcome.end.trace(0, s)), velocity.y.push_back(outcome.end.trace(2, s));
    score.x.push_back(outcome.end.trace(0, s)), score.y.push_back(outcome.end.trace(3, s));
  }
  figure.series = {std::move(velocity), std::move(score)};
  return figure;
}

}  // namespace

std::vector<Figure> transport_figures(const TransportOutcome& outcome, const MatrixXd& target) {
  if (outcome.end.step < 1) return {};
  return {paths_figure(outcome), laws_figure(outcome, target), fields_figure(outcome)};
}

}  // namespace lehr::command
