#include "lehr/report/gnuplot_script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "lehr/report/label_placement.hpp"
#include "lehr/report/palette.hpp"
#include "lehr/report/unicode.hpp"

namespace lehr::report {

namespace {

constexpr int label_height = 17;
constexpr int label_limit = 60;  // labels beyond this many are left out
constexpr int label_characters = 26;
constexpr int label_indent = 26;  // from the plot's edge to a label, room for the line that leads to it

// About the width of `text` in the labels' font, for the widest of the usual sans-serif faces (DejaVu Sans).
int width_in_pixels(std::string_view text) {
  constexpr double size = 13, usual = 0.62, narrow = 0.37, wide = 0.96;
  double width = size * usual * display_width(text);
  for (const char c : text) {
    if (std::string_view("fijlrtI.,:;'|()[]! ").find(c) != std::string_view::npos)
      width += size * (narrow - usual);
    if (std::string_view("mwMW%@").find(c) != std::string_view::npos) width += size * (wide - usual);
  }
  return static_cast<int>(width) + 1;
}

bool is_dashed(bool dashed, int color) {
  return dashed != (color / static_cast<int>(palette.size()) % 2 == 1);
}

FigureGeometry geometry_of(const Figure& figure, const FigurePlan& plan) {
  FigureGeometry geometry;
  int widest_tick = 0, widest_label = 0;
  for (const Tick& tick : plan.y.ticks) widest_tick = std::max(widest_tick, width_in_pixels(tick.label));
  for (const SeriesLabel& label : plan.labels)
    widest_label = std::max(widest_label, width_in_pixels(shorten(label.text, label_characters)));
  geometry.left = 22 + widest_tick;
  geometry.right = geometry.width - (widest_label > 0 ? label_indent + 8 + widest_label : 26);
  geometry.top = 16 + (figure.title.empty() ? 0 : 26) + (figure.y.label.empty() ? 0 : 22);
  const int labels = std::min<int>(label_limit, static_cast<int>(plan.labels.size()));
  const int plot_height = std::max(290, label_height * labels);
  geometry.bottom = geometry.top + plot_height;
  geometry.height = geometry.bottom + 34 + (figure.x.label.empty() ? 0 : 22);
  return geometry;
}

// Writes the commands of one figure.
class Writer {
 public:
  Writer(const Figure& figure, const FigurePlan& plan, const FigureGeometry& geometry)
      : figure_(figure), plan_(plan), geometry_(geometry) {}

  std::string script() {
    frame();
    axis("x", plan_.x);
    axis("y", plan_.y);
    headings();
    series_labels();
    data();
    plot();
    return std::move(text_);
  }

 private:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_ += '\n';
  }

  // A point of the picture, in pixels from its upper left corner.
  std::string at(double x, double y) const {
    return fmt::format("screen {:.6f}, screen {:.6f}", x / geometry_.width, 1 - y / geometry_.height);
  }

  void label(std::string_view text, double x, double y, std::string_view color, std::string_view style) {
    line("set label {} at {} front textcolor rgb \"{}\" {}", gnuplot_string(text), at(x, y), color, style);
  }

  void frame() {
    line("set encoding utf8");
    line("set terminal svg size {},{} fixed noenhanced font \"sans-serif,13\" background \"{}\"",
         geometry_.width, geometry_.height, figure_ink.background);
    line("set lmargin at screen {:.6f}", static_cast<double>(geometry_.left) / geometry_.width);
    line("set rmargin at screen {:.6f}", static_cast<double>(geometry_.right) / geometry_.width);
    line("set tmargin at screen {:.6f}", 1 - static_cast<double>(geometry_.top) / geometry_.height);
    line("set bmargin at screen {:.6f}", 1 - static_cast<double>(geometry_.bottom) / geometry_.height);
    line("unset key");
    line("set clip one");
    line("set clip two");
    line("set border 1 linecolor rgb \"{}\" linewidth 1", figure_ink.axis);
    line(
        "set grid xtics ytics nomxtics nomytics back linetype 1 linecolor rgb \"{}\" linewidth 0.8, linetype "
        "1 "
        "linecolor rgb \"{}\" linewidth 0.8",
        figure_ink.grid, figure_ink.grid);
  }

  void axis(std::string_view name, const AxisScale& scale) {
    if (scale.log) line("set logscale {}", name);
    line("set {}range [{}:{}] noextend", name, scale.low, scale.high);
    std::string ticks;
    for (const Tick& tick : scale.ticks)
      fmt::format_to(std::back_inserter(ticks), "{}{} {} {}", ticks.empty() ? "" : ", ",
                     gnuplot_string(tick.label), tick.at, tick.label.empty() ? 1 : 0);
    line("set {}tics nomirror out scale {} textcolor rgb \"{}\" ({})", name, name == "x" ? "0.5,0.25" : "0,0",
         figure_ink.soft, ticks);
  }

  void headings() {
    const double left = 14;
    double y = 24;
    if (!figure_.title.empty()) {
      label(clean_line(figure_.title), left, y, figure_ink.strong, "font \"sans-serif:Bold,15\"");
      y += 24;
    }
    if (!figure_.y.label.empty()) label(clean_line(figure_.y.label), left, y, figure_ink.soft, "");
    if (!figure_.x.label.empty())
      label(clean_line(figure_.x.label), (geometry_.left + geometry_.right) / 2.0, geometry_.bottom + 42,
            figure_ink.soft, "center");
  }

  void series_labels() {
    const std::size_t count = std::min<std::size_t>(label_limit, plan_.labels.size());
    std::vector<double> wanted;
    for (std::size_t i = 0; i < count; ++i)
      wanted.push_back(geometry_.bottom - plan_.labels[i].height * geometry_.plot_height());
    const auto placed = spread(wanted, label_height, geometry_.top, geometry_.bottom - 4);
    for (std::size_t i = 0; i < count; ++i) {
      const SeriesLabel& series = plan_.labels[i];
      label(shorten(series.text, label_characters), geometry_.right + label_indent, placed[i],
            palette_color(series.color).text, "");
      key(series, wanted[i], placed[i]);
    }
  }

  // What connects a label with its series: a line from its end, a dot, or a patch of its colour.
  void key(const SeriesLabel& series, double end, double y) {
    const std::string_view color = palette_color(series.color).line;
    const double right = geometry_.right;
    if (series.kind == LayerKind::line)
      line("set arrow from {} to {} nohead linecolor rgb \"{}\" linewidth 1.2 dashtype {}",
           at(right + 4, series.at_edge ? end : y), at(right + label_indent - 5, y), color,
           is_dashed(series.dashed, series.color) ? "(4,3)" : "1");
    else if (series.kind == LayerKind::points)
      line("set label \"\" at {} point pointtype 7 pointsize 0.5 linecolor rgb \"{}\"", at(right + 15, y),
           color);
    else
      line("set object rectangle from {} to {} fillcolor rgb \"{}\" fillstyle {} noborder",
           at(right + 8, y + 5), at(right + 21, y - 5), color,
           series.kind == LayerKind::fill ? "transparent solid 0.25" : "solid 0.85");
  }

  void data() {
    for (std::size_t i = 0; i < plan_.layers.size(); ++i) {
      line("$layer{} << END", i);
      bool first = true;
      for (const PlotRun& run : plan_.layers[i].runs) {
        if (!first) line("");
        first = false;
        for (const PlotPoint& point : run) row(plan_.layers[i], point);
      }
      line("END");
    }
  }

  void row(const Layer& layer, const PlotPoint& point) {
    switch (layer.kind) {
      case LayerKind::fill:
        return line("{} {} {}", point.x, point.low, point.high);
      case LayerKind::boxes:
        return box(point, layer.half_width);
      default:
        return line("{} {}", point.x, point.y);
    }
  }

  void box(const PlotPoint& point, double half_width) {
    const double base = plan_.y.log ? plan_.y.low : std::clamp(0.0, plan_.y.low, plan_.y.high);
    const double top = std::clamp(point.y, plan_.y.low, plan_.y.high);
    const double left = std::clamp(point.x - half_width, plan_.x.low, plan_.x.high);
    const double right = std::clamp(point.x + half_width, plan_.x.low, plan_.x.high);
    line("{} {} {} {} {} {}", (left + right) / 2, top, left, right, std::min(base, top), std::max(base, top));
  }

  void plot() {
    std::string layers;
    for (std::size_t i = 0; i < plan_.layers.size(); ++i) {
      if (plan_.layers[i].runs.empty()) continue;
      if (!layers.empty()) layers += ", ";
      layers += fmt::format("$layer{} {} notitle", i, drawing(plan_.layers[i]));
    }
    line("plot {}", layers.empty() ? "NaN notitle" : layers);
    line("unset output");
  }

  static std::string drawing(const Layer& layer) {
    const std::string_view color =
        layer.thin ? palette_color(layer.color).text : palette_color(layer.color).line;
    std::size_t points = 0;
    for (const PlotRun& run : layer.runs) points += run.size();
    switch (layer.kind) {
      case LayerKind::fill:
        return fmt::format(
            "using 1:2:3 with filledcurves fillcolor rgb \"{}\" fillstyle transparent solid 0.18 noborder",
            color);
      case LayerKind::boxes:
        return fmt::format(
            "using 1:2:3:4:5:6 with boxxyerror linecolor rgb \"{}\" fillstyle solid 0.85 noborder", color);
      case LayerKind::points:
        return fmt::format("using 1:2 with points pointtype 7 pointsize {} linecolor rgb \"{}\"",
                           points > 1000  ? 0.25
                           : points > 200 ? 0.35
                                          : 0.5,
                           color);
      case LayerKind::line:
        break;
    }
    return fmt::format("using 1:2 with lines linecolor rgb \"{}\" linewidth {} dashtype {}", color,
                       layer.thin ? 1.1 : line_width(points), is_dashed(layer.dashed, layer.color) ? "(6,4)" : "1");
  }

  // A curve over x has at most four points for each of the plot's pixels across; one of more points winds (a tour on a map),
  // and is drawn thinner, that its turns may be seen.
  static double line_width(std::size_t points) { return points > 20000 ? 0.5 : points > 2600 ? 0.9 : 1.9; }

  const Figure& figure_;
  const FigurePlan& plan_;
  const FigureGeometry& geometry_;
  std::string text_;
};

}  // namespace

std::string gnuplot_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && (std::isalpha(byte) != 0 || byte == ' '))
      quoted += c;
    else
      fmt::format_to(std::back_inserter(quoted), "\\{:03o}", byte);
  }
  return quoted + '"';
}

GnuplotScript gnuplot_script(const Figure& figure) {
  GnuplotScript script;
  script.plan = plan_figure(figure, {600, 290, 6, 6});
  script.geometry = geometry_of(figure, script.plan);
  script.text = Writer(figure, script.plan, script.geometry).script();
  return script;
}

}  // namespace lehr::report
