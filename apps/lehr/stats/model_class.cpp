#include "apps/lehr/stats/model_class.hpp"

#include <charconv>
#include <cmath>
#include <string_view>

#include "lehr/core/errors.hpp"
#include "lehr/stats/rashomon/tree_class.hpp"

namespace lehr::command {
namespace {

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void set_depths(ModelClass& model, std::string_view value, const std::string& text) {
  const auto dots = value.find("..");
  const auto first = whole_number<int>(value.substr(0, dots));
  const auto last = dots == std::string_view::npos ? first : whole_number<int>(value.substr(dots + 2));
  if (!first || !last || *first < 1 || *last < *first || *last > stats::deepest_tree)
    throw InvalidInput("class {}: depth must be D or D1..D2 in [1, {}], found {}", quote(text),
                       stats::deepest_tree, quote(value));
  model.first_depth = *first, model.last_depth = *last;
}

double positive_number(std::string_view value, std::string_view key, bool zero, const std::string& text) {
  const auto number = whole_number<double>(value);
  if (!number || !std::isfinite(*number) || *number < 0 || (*number == 0 && !zero))
    throw InvalidInput("class {}: {} must be a number {} 0, found {}", quote(text), key,
                       zero ? "of at least" : "above", quote(value));
  return *number;
}

void set_argument(ModelClass& model, std::string_view key, std::string_view value, const std::string& text) {
  const bool tree = model.kind == ModelClass::Kind::tree, ridge = model.kind == ModelClass::Kind::ridge;
  if (tree && key == "depth")
    set_depths(model, value, text);
  else if (ridge && key == "C")
    model.C = positive_number(value, key, true, text);
  else if (ridge && key == "radius")
    model.radius = positive_number(value, key, false, text);
  else if (ridge && key == "box")
    model.box = positive_number(value, key, false, text);
  else
    throw InvalidInput("class {}: unknown argument {} (known: {})", quote(text), quote(key),
                       tree    ? "depth"
                       : ridge ? "C, radius, box"
                               : "none");
}

}  // namespace

ModelClass parse_model_class(const std::string& text) {
  const std::string_view whole = text;
  const auto colon = whole.find(':');
  const std::string_view name = whole.substr(0, colon);
  ModelClass model;
  if (name == "tree")
    model.kind = ModelClass::Kind::tree;
  else if (name == "linear")
    model.kind = ModelClass::Kind::linear;
  else if (name == "ridge")
    model.kind = ModelClass::Kind::ridge;
  else
    throw InvalidInput("class {}: expected tree:depth=1..7, linear or ridge:C=1", quote(text));
  std::string_view rest = colon == std::string_view::npos ? std::string_view() : whole.substr(colon + 1);
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    const std::string_view argument = rest.substr(0, comma);
    const auto equals = argument.find('=');
    if (equals == std::string_view::npos)
      throw InvalidInput("class {}: expected NAME=VALUE after the colon, found {}", quote(text),
                         quote(argument));
    set_argument(model, argument.substr(0, equals), argument.substr(equals + 1), text);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  if (model.radius && model.box) throw InvalidInput("class {}: give radius or box, not both", quote(text));
  return model;
}

}  // namespace lehr::command
