#include "lehr/diffusion/call_text.hpp"

#include <cmath>
#include <cstdlib>

#include "lehr/core/errors.hpp"

namespace lehr::diffusion {
namespace {

std::string trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(" \t\n"), to = text.find_last_not_of(" \t\n");
  return from == std::string_view::npos ? "" : std::string(text.substr(from, to - from + 1));
}

}  // namespace

CallText CallText::parse(std::string_view text, std::string_view what) {
  CallText call;
  call.what_ = what;
  const std::string whole = trimmed(text);
  const std::size_t open = whole.find('(');
  call.name = trimmed(whole.substr(0, open));
  if (call.name.empty()) throw InvalidInput("{}: empty", what);
  if (open == std::string::npos) return call;
  if (whole.back() != ')') throw InvalidInput("{}: {} lacks the closing parenthesis", what, quote(whole));
  const std::string inside = trimmed(whole.substr(open + 1, whole.size() - open - 2));
  for (std::size_t from = 0; !inside.empty() && from <= inside.size();) {
    const std::size_t to = std::min(inside.find(',', from), inside.size());
    const std::string part = inside.substr(from, to - from);
    const std::size_t equals = part.find('=');
    Argument argument;
    if (equals != std::string::npos) argument.key = trimmed(part.substr(0, equals));
    argument.text = trimmed(equals == std::string::npos ? part : part.substr(equals + 1));
    if (argument.text.empty()) throw InvalidInput("{}: {} has an empty argument", what, quote(whole));
    call.arguments.push_back(std::move(argument));
    from = to + 1;
  }
  return call;
}

double CallText::number(std::string_view key, std::size_t position, double otherwise) const {
  const Argument* found = nullptr;
  for (std::size_t i = 0; i < arguments.size(); ++i)
    if (arguments[i].key == key || (arguments[i].key.empty() && i == position)) found = &arguments[i];
  if (found == nullptr) return otherwise;
  char* end = nullptr;
  const double value = std::strtod(found->text.c_str(), &end);
  if (end == found->text.c_str() || *end != '\0' || !std::isfinite(value))
    throw InvalidInput("{}: {}({}=...) expects a number, found {}", what_, name, key, quote(found->text));
  return value;
}

}  // namespace lehr::diffusion
