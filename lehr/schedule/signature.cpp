#include "lehr/schedule/signature.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "lehr/schedule/families.hpp"

namespace lehr::schedule {
namespace {

using Kind = ArgumentKind;

std::string range_text(const Range& range) {
  const bool low = std::isfinite(range.low), high = std::isfinite(range.high);
  if (low && high && !range.open_low)
    return fmt::format(" in [{}, {}]", number_text(range.low), number_text(range.high));
  std::string text;
  if (low) text += fmt::format(" {} {}", range.open_low ? "above" : "of at least", number_text(range.low));
  if (high) text += fmt::format("{} at most {}", low ? " and" : " of", number_text(range.high));
  return text;
}

// Turns an expression into the value of one parameter.
class Reader {
 public:
  Reader(const Signature& signature, const Parameter& parameter, const Source& source)
      : signature_(signature), parameter_(parameter), source_(source) {}

  Argument read(const Expression& found) const {
    switch (parameter_.kind) {
      case Kind::number:
        return number(found);
      case Kind::integer:
        return integer(found);
      case Kind::length:
        return length(found);
      case Kind::word:
        return word(found);
      case Kind::text:
        return text(found);
      case Kind::numbers:
        return list<double>(found, [this](const Expression& item) { return number(item); });
      case Kind::lengths:
        return lengths(found);
      case Kind::schedule:
        return make_schedule(found, source_);
    }
    return {};
  }

 private:
  [[noreturn]] void refuse(const Expression& found) const {
    source_.fail(found.column, "'{}' of '{}' must be {}, found {}", parameter_.name, signature_.name,
                 parameter_.allowed(), found.shown());
  }

  double number(const Expression& found) const {
    if (found.kind != Expression::Kind::number || !parameter_.range.holds(found.number)) refuse(found);
    return found.number;
  }

  double integer(const Expression& found) const {
    if (number(found) != std::floor(found.number)) refuse(found);
    return found.number;
  }

  Length length(const Expression& found) const {
    if (found.kind == Expression::Kind::steps) return {found.number, true};
    if (found.kind != Expression::Kind::number || !(found.number >= 0 && found.number <= 1)) refuse(found);
    return {found.number, false};
  }

  std::string word(const Expression& found) const {
    if (found.kind != Expression::Kind::word) refuse(found);
    if (std::find(parameter_.choices.begin(), parameter_.choices.end(), found.text) ==
        parameter_.choices.end())
      source_.fail(found.column, "'{}' of '{}' cannot be {}{}", parameter_.name, signature_.name,
                   quote(found.text), hint(found.text, parameter_.choices));
    return found.text;
  }

  std::string text(const Expression& found) const {
    if (found.kind != Expression::Kind::text || found.text.empty()) refuse(found);
    return found.text;
  }

  template <class T, class Item>
  std::vector<T> list(const Expression& found, Item item) const {
    if (found.kind != Expression::Kind::list || found.items.empty()) refuse(found);
    std::vector<T> values;
    values.reserve(found.items.size());
    for (const Expression& entry : found.items) values.push_back(item(entry));
    return values;
  }

  // Positions inside a stretch: all shares or all steps, above 0, rising; shares below 1.
  std::vector<Length> lengths(const Expression& found) const {
    const auto values = list<Length>(found, [this](const Expression& item) { return length(item); });
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Expression& item = found.items[i];
      if (values[i].in_steps != values[0].in_steps)
        source_.fail(item.column, "'{}' mixes shares and steps: found {}", parameter_.name, item.shown());
      if (values[i].amount <= 0 || (!values[i].in_steps && values[i].amount >= 1))
        source_.fail(item.column,
                     "'{}' must lie inside the run: shares above 0 and below 1, or steps, found {}",
                     parameter_.name, item.shown());
      if (i > 0 && values[i].amount <= values[i - 1].amount)
        source_.fail(item.column, "'{}' must rise: found {} after {}", parameter_.name, item.shown(),
                     found.items[i - 1].shown());
    }
    return values;
  }

  const Signature& signature_;
  const Parameter& parameter_;
  const Source& source_;
};

std::string text_of(const Length& length) {
  return length.in_steps ? steps_text(length.amount) : number_text(length.amount);
}

struct Printer {
  ArgumentKind kind;
  std::string operator()(std::monostate) const { return {}; }
  std::string operator()(double value) const { return number_text(value); }
  std::string operator()(const Length& value) const { return text_of(value); }
  std::string operator()(const std::string& value) const {
    return kind == Kind::text ? '"' + value + '"' : value;
  }
  std::string operator()(const std::vector<double>& values) const {
    return list(values, [](double value) { return number_text(value); });
  }
  std::string operator()(const std::vector<Length>& values) const { return list(values, text_of); }
  std::string operator()(const Schedule& value) const { return value.text(); }

  template <class T, class Item>
  static std::string list(const std::vector<T>& values, Item item) {
    std::string text = "[";
    for (const T& value : values) text += (text.size() > 1 ? ", " : "") + item(value);
    return text + "]";
  }
};

std::size_t parameter_of(const Signature& signature, const Expression& call, std::size_t argument,
                         const Source& source) {
  const std::string& name = call.names[argument];
  const auto& parameters = signature.parameters;
  if (name.empty()) {
    if (argument < parameters.size()) return argument;
    source.fail(call.items[argument].column, "'{}' takes at most {} arguments: {}", signature.name,
                parameters.size(), signature.usage());
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].name == name) return i;
    names.push_back(parameters[i].name);
  }
  source.fail(call.name_columns[argument], "'{}' has no argument {}{}", signature.name, quote(name),
              hint(name, names));
}

}  // namespace

std::string Parameter::allowed() const {
  switch (kind) {
    case Kind::number:
      return "a number" + range_text(range);
    case Kind::integer:
      return "a whole number" + range_text(range);
    case Kind::length:
      return "a share in [0, 1] or whole steps (500steps)";
    case Kind::word:
      return fmt::format("one of {}", fmt::join(choices, ", "));
    case Kind::text:
      return "a text in double quotes";
    case Kind::numbers:
      return "a list of numbers" + range_text(range);
    case Kind::lengths:
      return "a rising list of shares in (0, 1) or of steps";
    case Kind::schedule:
      return "a schedule";
  }
  return {};
}

std::string Signature::usage() const {
  std::string text = name + "(";
  for (const Parameter& parameter : parameters) {
    if (&parameter != parameters.data()) text += ", ";
    text += parameter.name;
    if (!parameter.default_text.empty())
      text += "=" + parameter.default_text;
    else if (parameter.optional)
      text += "=...";
  }
  return text + ")";
}

bool Arguments::count_steps() const {
  for (const Argument& value : values_) {
    if (const auto* length = std::get_if<Length>(&value); length && length->in_steps) return true;
    if (const auto* lengths = std::get_if<std::vector<Length>>(&value); lengths && lengths->front().in_steps)
      return true;
    if (const auto* inner = std::get_if<Schedule>(&value); inner && inner->needs_steps()) return true;
  }
  return false;
}

std::string Arguments::text() const {
  std::string text = signature_->name + "(";
  bool first = true;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const Parameter& parameter = signature_->parameters[i];
    const std::string value = std::visit(Printer{parameter.kind}, values_[i]);
    if (value == parameter.default_text) continue;  // absent ones are empty, as their default is
    if (!first) text += ", ";
    first = false;
    text += parameter.bare ? value : parameter.name + "=" + value;
  }
  return text + ")";
}

const Argument& Arguments::find(std::string_view name) const {
  for (std::size_t i = 0; i < values_.size(); ++i)
    if (signature_->parameters[i].name == name) return values_[i];
  throw std::logic_error(fmt::format("'{}' has no parameter '{}'", signature_->name, name));
}

Arguments bind(const Signature& signature, const Expression& call, const Source& source) {
  std::vector<Argument> values(signature.parameters.size());
  std::vector<bool> given(values.size(), false);
  for (std::size_t i = 0; i < call.items.size(); ++i) {
    const std::size_t k = parameter_of(signature, call, i, source);
    const Parameter& parameter = signature.parameters[k];
    if (given[k])
      source.fail(call.name_columns[i], "'{}' of '{}' is given twice", parameter.name, signature.name);
    given[k] = true;
    values[k] = Reader(signature, parameter, source).read(call.items[i]);
  }
  for (std::size_t k = 0; k < values.size(); ++k) {
    const Parameter& parameter = signature.parameters[k];
    if (given[k] || parameter.optional) continue;
    if (parameter.default_text.empty())
      source.fail(call.column, "'{}' needs the argument '{}' ({}): {}", signature.name, parameter.name,
                  parameter.help, signature.usage());
    values[k] =
        Reader(signature, parameter, source).read(parse_expression(parameter.default_text, source.what));
  }
  return Arguments(signature, std::move(values));
}

}  // namespace lehr::schedule
