#include "lehr/core/report.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "lehr/core/bytes.hpp"
#include "lehr/core/errors.hpp"

namespace lehr {

namespace {

constexpr std::array<std::pair<Series::Style, std::string_view>, 6> style_names{{
    {Series::Style::line, "line"},
    {Series::Style::points, "points"},
    {Series::Style::steps, "steps"},
    {Series::Style::band, "band"},
    {Series::Style::bars, "bars"},
    {Series::Style::dashed, "dashed"},
}};

// ---- writing

Json numbers(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(json_number(value));
  return list;
}

Json cell_to_json(const Json& cell) {
  return cell.is_number_float() ? json_number(cell.get<double>()) : cell;
}

Json table_to_json(const Table& table) {
  Json rows = Json::array();
  for (const auto& row : table.rows) {
    Json cells = Json::array();
    for (const Json& cell : row) cells.push_back(cell_to_json(cell));
    rows.push_back(std::move(cells));
  }
  Json value{{"title", table.title}, {"columns", table.columns}};
  if (!table.formats.empty()) value["formats"] = table.formats;
  value["rows"] = std::move(rows);
  return value;
}

Json axis_to_json(const Axis& axis) {
  Json value{{"label", axis.label}, {"log", axis.log}};
  if (axis.low) value["low"] = json_number(*axis.low);
  if (axis.high) value["high"] = json_number(*axis.high);
  return value;
}

Json series_to_json(const Series& series) {
  std::string_view style;
  for (const auto& [known, name] : style_names)
    if (known == series.style) style = name;
  Json value{{"label", series.label}, {"style", style}};
  if (series.color >= 0) value["color"] = series.color;
  value["x"] = numbers(series.x);
  value["y"] = numbers(series.y);
  if (!series.low.empty()) value["low"] = numbers(series.low);
  if (!series.high.empty()) value["high"] = numbers(series.high);
  return value;
}

Json figure_to_json(const Figure& figure) {
  Json list = Json::array();
  for (const Series& series : figure.series) list.push_back(series_to_json(series));
  return {{"name", figure.name},         {"title", figure.title},       {"caption", figure.caption},
          {"x", axis_to_json(figure.x)}, {"y", axis_to_json(figure.y)}, {"series", std::move(list)}};
}

Json artifact_to_json(const Artifact& artifact) {
  Json value{{"name", artifact.name}, {"extension", artifact.extension}};
  if (!artifact.path.empty()) value["path"] = artifact.path;
  if (is_utf8(artifact.content))
    value["content"] = artifact.content;
  else
    value["content_base64"] = to_base64(artifact.content);
  return value;
}

template <class Item, class Convert>
Json list_of(const std::vector<Item>& items, Convert convert) {
  Json list = Json::array();
  for (const Item& item : items) list.push_back(convert(item));
  return list;
}

// ---- reading

// A value and its place in the document, for messages such as "report.tables[0].rows: expected a list, found
// 3".
class Node {
 public:
  Node(const Json& value, std::string where) : value_(value), where_(std::move(where)) {}

  const Json& json() const { return value_; }

  [[noreturn]] void refuse(std::string_view expected) const {
    throw InvalidInput("{}: expected {}, found {}", where_, expected,
                       quote(value_.dump(-1, ' ', true, Json::error_handler_t::replace)));
  }

  void allow(const std::vector<std::string>& keys) const {
    if (!value_.is_object()) refuse("an object");
    for (const auto& [key, item] : value_.items())
      if (std::find(keys.begin(), keys.end(), key) == keys.end())
        throw InvalidInput("{}: unknown key {}{}", where_, quote(key), hint(key, keys));
  }

  std::optional<Node> find(const std::string& key) const {
    const auto found = value_.find(key);
    if (found == value_.end()) return std::nullopt;
    return Node(*found, where_ + "." + key);
  }

  std::vector<Node> elements() const {
    if (!value_.is_array()) refuse("a list");
    std::vector<Node> nodes;
    nodes.reserve(value_.size());
    for (const Json& element : value_)
      nodes.emplace_back(element, fmt::format("{}[{}]", where_, nodes.size()));
    return nodes;
  }

  std::string text() const {
    if (!value_.is_string()) refuse("a string");
    return value_.get<std::string>();
  }

  bool truth() const {
    if (!value_.is_boolean()) refuse("true or false");
    return value_.get<bool>();
  }

  double number() const {
    try {
      return number_from(value_);
    } catch (const InvalidInput&) {
      refuse("a number, \"nan\", \"inf\" or \"-inf\"");
    }
  }

  std::vector<double> numbers() const {
    if (!value_.is_array()) refuse("a list of numbers");
    std::vector<double> values;
    values.reserve(value_.size());
    for (std::size_t i = 0; i < value_.size(); ++i) {
      const Json& element = value_[i];
      values.push_back(element.is_number() ? element.get<double>()
                                           : Node(element, fmt::format("{}[{}]", where_, i)).number());
    }
    return values;
  }

  std::vector<std::string> texts() const {
    std::vector<std::string> values;
    for (const Node& element : elements()) values.push_back(element.text());
    return values;
  }

  // Absent keys leave an empty value, as in the structs.
  std::string text_of(const std::string& key) const {
    const auto node = find(key);
    return node ? node->text() : "";
  }
  std::vector<double> numbers_of(const std::string& key) const {
    const auto node = find(key);
    return node ? node->numbers() : std::vector<double>{};
  }
  std::vector<std::string> texts_of(const std::string& key) const {
    const auto node = find(key);
    return node ? node->texts() : std::vector<std::string>{};
  }
  std::vector<Node> elements_of(const std::string& key) const {
    const auto node = find(key);
    return node ? node->elements() : std::vector<Node>{};
  }

 private:
  const Json& value_;
  std::string where_;
};

Json cell_from(const Node& node) {
  const Json& cell = node.json();
  if (cell.is_structured()) node.refuse("a string or a number");
  if (cell == "nan" || cell == "inf" || cell == "-inf") return number_from(cell);
  return cell;
}

Table table_from(const Node& node) {
  node.allow({"title", "columns", "formats", "rows"});
  Table table{node.text_of("title"), node.texts_of("columns"), {}, node.texts_of("formats")};
  for (const Node& row : node.elements_of("rows")) {
    auto& cells = table.rows.emplace_back();
    for (const Node& cell : row.elements()) cells.push_back(cell_from(cell));
  }
  return table;
}

Axis axis_from(const Node& node) {
  node.allow({"label", "log", "low", "high"});
  Axis axis{node.text_of("label"), false, std::nullopt, std::nullopt};
  if (const auto log = node.find("log")) axis.log = log->truth();
  if (const auto low = node.find("low")) axis.low = low->number();
  if (const auto high = node.find("high")) axis.high = high->number();
  return axis;
}

Series::Style style_from(const Node& node) {
  const std::string text = node.text();
  std::vector<std::string> known;
  for (const auto& [style, name] : style_names) {
    if (text == name) return style;
    known.emplace_back(name);
  }
  node.refuse("a style" + hint(text, known));
}

Series series_from(const Node& node) {
  node.allow({"label", "style", "color", "x", "y", "low", "high"});
  Series series;
  series.label = node.text_of("label");
  if (const auto style = node.find("style")) series.style = style_from(*style);
  if (const auto color = node.find("color")) {
    const double index = color->number();
    if (!(index >= 0 && index <= 1000) || index != std::floor(index))
      color->refuse("a whole number from 0 to 1000");
    series.color = static_cast<int>(index);
  }
  series.x = node.numbers_of("x");
  series.y = node.numbers_of("y");
  series.low = node.numbers_of("low");
  series.high = node.numbers_of("high");
  return series;
}

Figure figure_from(const Node& node) {
  node.allow({"name", "title", "caption", "x", "y", "series"});
  Figure figure{node.text_of("name"), node.text_of("title"), node.text_of("caption"), {}, {}, {}};
  if (const auto axis = node.find("x")) figure.x = axis_from(*axis);
  if (const auto axis = node.find("y")) figure.y = axis_from(*axis);
  for (const Node& series : node.elements_of("series")) figure.series.push_back(series_from(series));
  return figure;
}

Artifact artifact_from(const Node& node) {
  node.allow({"name", "extension", "path", "content", "content_base64"});
  Artifact artifact{node.text_of("name"), node.text_of("extension"), node.text_of("content"),
                    node.text_of("path")};
  if (const auto encoded = node.find("content_base64")) {
    const auto bytes = from_base64(encoded->text());
    if (!bytes) encoded->refuse("base64");
    artifact.content = *bytes;
  }
  return artifact;
}

}  // namespace

std::optional<double> Report::find_metric(std::string_view name) const {
  for (auto metric = metrics.rbegin(); metric != metrics.rend(); ++metric)
    if (metric->first == name) return metric->second;
  return std::nullopt;
}

Json to_json(const Report& report) {
  Json metrics = Json::object();
  for (const auto& [name, value] : report.metrics) metrics[name] = json_number(value);
  Json value{{"title", report.title},
             {"metrics", std::move(metrics)},
             {"tables", list_of(report.tables, table_to_json)},
             {"figures", list_of(report.figures, figure_to_json)},
             {"artifacts", list_of(report.artifacts, artifact_to_json)},
             {"notes", report.notes}};
  if (!report.json.is_null()) value["json"] = report.json;
  return value;
}

Report report_from_json(const Json& value) {
  const Node node(value, "report");
  node.allow({"title", "metrics", "tables", "figures", "artifacts", "notes", "json"});
  Report report;
  report.title = node.text_of("title");
  if (const auto metrics = node.find("metrics")) {
    if (!metrics->json().is_object()) metrics->refuse("an object");
    for (const auto& [name, item] : metrics->json().items())
      report.metric(name, Node(item, "report.metrics." + name).number());
  }
  for (const Node& table : node.elements_of("tables")) report.tables.push_back(table_from(table));
  for (const Node& figure : node.elements_of("figures")) report.figures.push_back(figure_from(figure));
  for (const Node& artifact : node.elements_of("artifacts"))
    report.artifacts.push_back(artifact_from(artifact));
  report.notes = node.texts_of("notes");
  if (const auto json = node.find("json")) report.json = json->json();
  return report;
}

}  // namespace lehr
