#include "lehr/report/braille.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "lehr/report/figure_plan.hpp"
#include "lehr/report/label_placement.hpp"
#include "lehr/report/paint.hpp"
#include "lehr/report/palette.hpp"
#include "lehr/report/unicode.hpp"

namespace lehr::report {

namespace {

// Dots in cells of 2 x 4, numbered as in Unicode's block U+2800; a cell has the colour of its latest dot.
class Canvas {
 public:
  Canvas(int columns, int rows)
      : columns_(columns), rows_(rows), cells_(static_cast<std::size_t>(columns * rows)) {}

  void dot(double x, double y, int color) {  // x, y in [0, 1] from the lower left corner
    const int across = std::min(2 * columns_ - 1, static_cast<int>(x * 2 * columns_));
    const int down = std::min(4 * rows_ - 1, static_cast<int>((1 - y) * 4 * rows_));
    constexpr std::array<std::array<int, 2>, 4> bits{
        {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}};
    Cell& cell = cells_[static_cast<std::size_t>(down / 4 * columns_ + across / 2)];
    cell.dots |= bits[static_cast<std::size_t>(down % 4)][static_cast<std::size_t>(across % 2)];
    cell.color = color;
  }

  void segment(double x0, double y0, double x1, double y1, int color) {
    const int steps =
        static_cast<int>(std::max(std::abs(x1 - x0) * 2 * columns_, std::abs(y1 - y0) * 4 * rows_)) + 1;
    for (int i = 0; i <= steps; ++i) {
      const double t = static_cast<double>(i) / steps, x = x0 + t * (x1 - x0), y = y0 + t * (y1 - y0);
      if (x >= 0 && x <= 1 && y >= 0 && y <= 1) dot(x, y, color);
    }
  }

  // One row of characters; neighbours of one colour share their escapes.
  std::string row(int r, bool color) const {
    std::string text, stretch;
    int stretch_color = 0;
    const auto finish = [&] {
      text += paint(stretch, palette_color(stretch_color).terminal, color);
      stretch.clear();
    };
    for (int c = 0; c < columns_; ++c) {
      const Cell& cell = cells_[static_cast<std::size_t>(r * columns_ + c)];
      if (cell.dots == 0 || cell.color != stretch_color) finish();
      stretch_color = cell.color;
      if (cell.dots == 0)
        text += ' ';
      else
        stretch += glyph(cell.dots);
    }
    finish();
    return text;
  }

 private:
  struct Cell {
    int dots = 0;
    int color = 0;
  };

  static std::string glyph(int dots) {  // U+2800 + dots in UTF-8
    const int code = 0x2800 + dots;
    return {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3F)),
            static_cast<char>(0x80 | (code & 0x3F))};
  }

  int columns_, rows_;
  std::vector<Cell> cells_;
};

bool is_line(const Layer& layer) {
  return layer.kind == LayerKind::line && !layer.thin && !layer.runs.empty();
}

// Whether a line of the same colour tells what these points would tell: at this size they would only blur it.
bool hides_behind_a_line(const Layer& points, const FigurePlan& plan) {
  return std::any_of(plan.layers.begin(), plan.layers.end(),
                     [&](const Layer& other) { return is_line(other) && other.color == points.color; });
}

void draw(const FigurePlan& plan, Canvas& canvas) {
  const auto place = [](double position) { return std::clamp(position, -4.0, 5.0); };
  for (const Layer& layer : plan.layers) {
    const bool cloud = layer.kind == LayerKind::points && !hides_behind_a_line(layer, plan);
    if (!is_line(layer) && !cloud) continue;
    for (const PlotRun& run : layer.runs)
      for (std::size_t i = 0; i < run.size(); ++i) {
        const PlotPoint& before = run[i > 0 && !cloud ? i - 1 : i];
        canvas.segment(place(plan.x.position(before.x)), place(plan.y.position(before.y)),
                       place(plan.x.position(run[i].x)), place(plan.y.position(run[i].y)), layer.color);
      }
  }
}

int row_of(double position, int height) {
  return std::clamp(static_cast<int>((1 - position) * height), 0, height - 1);
}

std::vector<std::string> tick_labels(const AxisScale& y, int height) {
  std::vector<std::string> labels(static_cast<std::size_t>(height));
  for (const Tick& tick : y.ticks)
    if (!tick.label.empty())
      labels[static_cast<std::size_t>(row_of(y.position(tick.at), height))] = tick.label;
  return labels;
}

std::vector<std::string> end_labels(const FigurePlan& plan, int height, int width, bool color) {
  std::vector<std::string> rows(static_cast<std::size_t>(height));
  std::vector<const SeriesLabel*> labels;
  std::vector<double> wanted;
  for (const SeriesLabel& label : plan.labels)
    if ((label.kind == LayerKind::line || label.kind == LayerKind::points) && labels.size() < rows.size()) {
      labels.push_back(&label);
      wanted.push_back(row_of(label.height, height));
    }
  const auto placed = spread(wanted, 1, 0, height - 1);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    auto row = static_cast<std::size_t>(std::lround(placed[i]));
    while (!rows[row].empty()) row = (row + 1) % rows.size();
    rows[row] = paint(shorten(labels[i]->text, width), palette_color(labels[i]->color).terminal, color);
  }
  return rows;
}

// The labels of the x axis, left out where they would touch.
std::string x_axis_labels(const AxisScale& x, int columns) {
  std::string line;
  for (const Tick& tick : x.ticks) {
    const int width = display_width(tick.label);
    const int start = std::min(static_cast<int>(x.position(tick.at) * columns) - width / 2, columns - width);
    const int free_from = line.empty() ? 0 : display_width(line) + 2;
    if (tick.label.empty() || (start < free_from && !line.empty())) continue;
    line = pad_right(line, std::max(0, start)) + tick.label;
  }
  return line;
}

}  // namespace

std::string render_braille(const Figure& figure, int width, int height, bool color) {
  FigurePlan plan = plan_figure(figure, {2 * width, 4 * height, width / 14, height / 3});
  if (std::none_of(plan.layers.begin(), plan.layers.end(), is_line)) return "";
  int label_width = 0;
  for (const SeriesLabel& label : plan.labels) label_width = std::max(label_width, display_width(label.text));
  label_width = std::min(label_width, width / 4);
  const auto ticks = tick_labels(plan.y, height);
  int tick_width = 0;
  for (const std::string& tick : ticks) tick_width = std::max(tick_width, display_width(tick));
  const int columns = width - tick_width - label_width - (label_width > 0 ? 4 : 3);
  if (columns < 20) return "";

  Canvas canvas(columns, height);
  draw(plan, canvas);
  const auto labels = end_labels(plan, height, label_width, color);
  std::string text;
  const std::string title = clean_line(figure.title.empty() ? figure.name : figure.title);
  text += paint(shorten(title, width), bold, color) + '\n';
  if (!figure.y.label.empty()) text += paint(shorten(clean_line(figure.y.label), width), dim, color) + '\n';
  for (int r = 0; r < height; ++r) {
    const auto row = static_cast<std::size_t>(r);
    std::string line =
        pad_left(ticks[row], tick_width) + (ticks[row].empty() ? " │" : " ┤") + canvas.row(r, color);
    if (!labels[row].empty()) line += " " + labels[row];
    while (line.ends_with(' ')) line.pop_back();
    text += line + '\n';
  }
  std::string rule;
  for (int c = 0; c < columns; ++c) rule += "─";
  const std::string indent(static_cast<std::size_t>(tick_width + 2), ' ');
  text += indent.substr(1) + "└" + rule + '\n';
  text += indent + x_axis_labels(plan.x, columns) + '\n';
  if (!figure.x.label.empty()) {
    const std::string label = shorten(clean_line(figure.x.label), columns);
    text += paint(pad_left(label, tick_width + 2 + (columns + display_width(label)) / 2), dim, color) + '\n';
  }
  return text;
}

}  // namespace lehr::report
