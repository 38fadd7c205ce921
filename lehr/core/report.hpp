// What a task hands back: metrics, tables, figures, artifacts and notes, as plain data. lehr/report/ renders
// it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lehr/core/json.hpp"

namespace lehr {

// A table; cells are JSON strings or numbers. `format` per column is a fmt specification for numbers (".4g").
struct Table {
  std::string title;
  std::vector<std::string> columns;
  std::vector<std::vector<Json>> rows;
  std::vector<std::string> formats;  // empty, or one per column; "" means ".6g"
};

// One curve, cloud or band of a figure.
struct Series {
  enum class Style { line, points, steps, band, bars, dashed };
  std::string label;  // written beside the series where there is room, else in the key
  Style style = Style::line;
  std::vector<double> x = {}, y = {};       // NaN breaks a line
  std::vector<double> low = {}, high = {};  // band: the edges; points and bars: error bars when given
  int color = -1;  // index into the palette, -1: the next one; equal indexes group a line and its band
};

struct Axis {
  std::string label;
  bool log = false;
  std::optional<double> low = {}, high = {};
};

struct Figure {
  std::string name;  // file name without extension
  std::string title, caption;
  Axis x, y;
  std::vector<Series> series;
};

// Something that later arms, other commands or people use: a schedule's text, a CSV, a checkpoint.
struct Artifact {
  std::string name;       // "schedule"
  std::string extension;  // "txt", "csv", "py", "safetensors"
  std::string content;    // the bytes, or empty when `path` says where they are
  std::string path;
};

struct Report {
  std::string title;
  std::vector<std::pair<std::string, double>> metrics;
  std::vector<Table> tables;
  std::vector<Figure> figures;
  std::vector<Artifact> artifacts;
  std::vector<std::string> notes;  // plain sentences the reader must see: warnings, what was assumed
  Json json;                       // what --json prints; null: metrics, tables and notes

  void metric(std::string name, double value) { metrics.emplace_back(std::move(name), value); }
  std::optional<double> find_metric(std::string_view name) const;
};

Json to_json(const Report& report);
Report report_from_json(const Json& value);  // throws InvalidInput

}  // namespace lehr
