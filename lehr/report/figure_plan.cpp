#include "lehr/report/figure_plan.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include "lehr/report/unicode.hpp"

namespace lehr::report {

namespace {

using Style = Series::Style;

constexpr std::size_t thinning_starts_at = 2000;

bool has_edges(const Series& series) { return !series.low.empty() && !series.high.empty(); }

std::size_t length_of(const Series& series) {
  std::size_t length = series.x.size();
  if (series.style != Style::band) length = std::min(length, series.y.size());
  if (series.style == Style::band || has_edges(series))
    length = std::min({length, series.low.size(), series.high.size()});
  return length;
}

// Point i with all its fields; where a series has no edges, they are y, and a band's y is its middle.
PlotPoint point_of(const Series& series, std::size_t i) {
  if (series.style == Style::band) {
    const auto [low, high] = std::minmax(series.low[i], series.high[i]);
    return {series.x[i], low + (high - low) / 2, low, high};
  }
  const double y = series.y[i];
  if (!has_edges(series)) return {series.x[i], y, y, y};
  return {series.x[i], y, std::min(series.low[i], series.high[i]), std::max(series.low[i], series.high[i])};
}

// ---- colours

std::vector<int> colors_of(const std::vector<Series>& series) {
  std::set<int> taken;
  for (const Series& one : series) taken.insert(one.color);
  std::vector<int> colors;
  int next = 0;
  for (const Series& one : series) {
    if (one.color < 0)
      while (taken.contains(next)) ++next;
    colors.push_back(one.color < 0 ? next++ : one.color);
  }
  return colors;
}

// ---- scales

struct Extent {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
  void include(double value, bool log) {
    if (!std::isfinite(value) || (log && value <= 0)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

double bar_spacing(const std::vector<Series>& series) {
  std::set<double> places;
  for (const Series& one : series)
    if (one.style == Style::bars)
      for (const double x : one.x)
        if (std::isfinite(x)) places.insert(x);
  double spacing = std::numeric_limits<double>::infinity();
  for (auto place = places.begin(); place != places.end() && std::next(place) != places.end(); ++place)
    spacing = std::min(spacing, *std::next(place) - *place);
  return std::isfinite(spacing) ? spacing : 1;
}

Extent x_extent(const Figure& figure, bool log, double half_group) {
  Extent extent;
  for (const Series& series : figure.series)
    for (std::size_t i = 0; i < length_of(series); ++i) {
      const double margin = series.style == Style::bars && !log ? half_group : 0;
      extent.include(series.x[i] - margin, log);
      extent.include(series.x[i] + margin, log);
    }
  return extent;
}

// The range of what is seen of y between the limits of x.
Extent y_extent(const Figure& figure, const AxisScale& x, bool log) {
  Extent extent;
  for (const Series& series : figure.series) {
    if (series.style == Style::bars) extent.include(0, log);
    for (std::size_t i = 0; i < length_of(series); ++i) {
      const PlotPoint point = point_of(series, i);
      if (!(point.x >= x.low && point.x <= x.high)) continue;
      for (const double value : {point.y, point.low, point.high}) extent.include(value, log);
    }
  }
  return extent;
}

bool only_lines(const Figure& figure) {
  return std::all_of(figure.series.begin(), figure.series.end(),
                     [](const Series& s) { return s.style != Style::points && s.style != Style::bars; });
}

// ---- layers

// Builds the layers of one series inside given scales.
class LayerBuilder {
 public:
  LayerBuilder(const FigurePlan& plan, const PlotSize& size)
      : plan_(plan),
        column_([&plan, columns = size.columns](double x) {
          return std::clamp(plan.x.position(x), -0.01, 1.01) * columns;
        }),
        row_([&plan, rows = size.rows](double y) {
          return std::clamp(plan.y.position(y), -0.01, 1.01) * rows;
        }) {}

  Layer main_layer(const Series& series) const {
    Layer layer;
    layer.kind = series.style == Style::band     ? LayerKind::fill
                 : series.style == Style::bars   ? LayerKind::boxes
                 : series.style == Style::points ? LayerKind::points
                                                 : LayerKind::line;
    layer.dashed = series.style == Style::dashed;
    layer.runs = runs_of(series);
    if (series.style == Style::steps)
      for (PlotRun& run : layer.runs) run = as_steps(run);
    if (length_of(series) > thinning_starts_at)
      for (PlotRun& run : layer.runs) run = thinned(run, layer.kind);
    return layer;
  }

  Layer error_bars(const Series& series) const {
    Layer layer;
    layer.thin = true;
    for (const PlotRun& run : runs_of(series))
      for (const PlotPoint& point : length_of(series) > thinning_starts_at ? thin_band(run, column_) : run)
        if (plan_.y.shows(point.low) && plan_.y.shows(point.high))
          layer.runs.push_back({{point.x, point.low, 0, 0}, {point.x, point.high, 0, 0}});
    return layer;
  }

 private:
  bool shows(const Series& series, const PlotPoint& point) const {
    if (!plan_.x.shows(point.x)) return false;
    if (series.style == Style::band) return std::isfinite(point.low) && plan_.y.shows(point.high);
    return plan_.y.shows(point.y);
  }

  // The point with y, or a band's edges, pulled in to where the drawing program's clipping stays exact.
  PlotPoint clamped(const Series& series, PlotPoint point) const {
    const AxisScale& y = plan_.y;
    if (series.style == Style::band) {
      point.low = std::clamp(point.low, y.low, y.high);
      point.high = std::clamp(point.high, y.low, y.high);
    } else if (!y.log) {
      const double far = 1e6 * (y.high - y.low);
      point.y = std::clamp(point.y, std::max(-1e306, y.low - far), std::min(1e306, y.high + far));
    }
    return point;
  }

  std::vector<PlotRun> runs_of(const Series& series) const {
    std::vector<PlotRun> runs;
    bool open = false;
    for (std::size_t i = 0; i < length_of(series); ++i) {
      const PlotPoint point = point_of(series, i);
      if (shows(series, point)) {
        if (!open) runs.emplace_back();
        runs.back().push_back(clamped(series, point));
      }
      open = shows(series, point);
    }
    return runs;
  }

  static PlotRun as_steps(const PlotRun& run) {
    PlotRun steps;
    for (const PlotPoint& point : run) {
      if (!steps.empty() && steps.back().y != point.y) steps.push_back({point.x, steps.back().y, 0, 0});
      steps.push_back(point);
    }
    return steps;
  }

  PlotRun thinned(const PlotRun& run, LayerKind kind) const {
    switch (kind) {
      case LayerKind::fill:
        return thin_band(run, column_);
      case LayerKind::points:
        return thin_points(run, column_, row_);
      default:
        return thin_line(run, column_);
    }
  }

  const FigurePlan& plan_;
  PixelColumn column_, row_;
};

// Shifts the bars of the k-th of `groups` series beside the others' at the same x.
void place_bars(Layer& layer, int k, int groups, double group_width) {
  const double width = group_width / groups;
  layer.half_width = width / 2 * (groups > 1 ? 0.94 : 1);
  for (PlotRun& run : layer.runs)
    for (PlotPoint& point : run) point.x += (k + 0.5) * width - group_width / 2;
}

// ---- labels

std::optional<SeriesLabel> end_label(const Layer& layer, const FigurePlan& plan) {
  const PlotPoint* last = nullptr;
  for (const PlotRun& run : layer.runs)
    for (const PlotPoint& point : run)
      if (point.x >= plan.x.low && point.x <= plan.x.high && (last == nullptr || point.x >= last->x))
        last = &point;
  if (layer.label.empty() || last == nullptr) return std::nullopt;
  const double y = layer.kind == LayerKind::fill && plan.y.log ? std::sqrt(last->low) * std::sqrt(last->high)
                   : layer.kind == LayerKind::fill             ? last->low + (last->high - last->low) / 2
                                                               : last->y;
  return SeriesLabel{layer.label,
                     layer.kind,
                     layer.color,
                     layer.dashed,
                     std::clamp(plan.y.position(y), 0.0, 1.0),
                     plan.x.position(last->x) > 0.97};
}

std::vector<SeriesLabel> end_labels(const FigurePlan& plan) {
  std::vector<SeriesLabel> labels;
  for (const Layer& layer : plan.layers) {
    const auto label = end_label(layer, plan);
    const auto same = [&](const SeriesLabel& other) {
      return other.text == label->text && other.color == label->color;
    };
    if (label && std::none_of(labels.begin(), labels.end(), same)) labels.push_back(*label);
  }
  return labels;
}

}  // namespace

FigurePlan plan_figure(const Figure& figure, const PlotSize& size) {
  FigurePlan plan;
  const double group_width = 0.8 * bar_spacing(figure.series);
  const auto bar_groups = static_cast<int>(std::count_if(
      figure.series.begin(), figure.series.end(), [](const Series& s) { return s.style == Style::bars; }));
  const Extent across = x_extent(figure, figure.x.log, group_width / 2);
  plan.x = axis_scale(figure.x, across.low, across.high, only_lines(figure) ? 0 : 0.02, size.x_ticks);
  const Extent up = y_extent(figure, plan.x, figure.y.log);
  plan.y = axis_scale(figure.y, up.low, up.high, 0.04, size.y_ticks);

  const LayerBuilder builder(plan, size);
  const std::vector<int> colors = colors_of(figure.series);
  int bars = 0;
  for (std::size_t i = 0; i < figure.series.size(); ++i) {
    const Series& series = figure.series[i];
    Layer layer = builder.main_layer(series);
    layer.label = clean_line(series.label);
    layer.color = colors[i];
    const bool bar = series.style == Style::bars;
    if (bar) place_bars(layer, bars, bar_groups, group_width);
    plan.layers.push_back(std::move(layer));
    if (series.style != Style::band && has_edges(series)) {
      Layer errors = builder.error_bars(series);
      errors.color = colors[i];
      if (bar) place_bars(errors, bars, bar_groups, group_width);
      plan.layers.push_back(std::move(errors));
    }
    bars += bar;
  }
  plan.labels = end_labels(plan);
  std::stable_sort(plan.layers.begin(), plan.layers.end(),
                   [](const Layer& a, const Layer& b) { return a.kind < b.kind; });
  return plan;
}

}  // namespace lehr::report
