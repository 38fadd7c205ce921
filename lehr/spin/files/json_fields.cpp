#include "lehr/spin/files/json_fields.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::spin {
namespace {

// The value's text for a message, without writing out a large one.
std::string shown(const Json& value) {
  return value.is_structured() ? fmt::format("an {} of {} items", value.type_name(), value.size())
                               : quote(value.dump(-1, ' ', true, Json::error_handler_t::replace));
}

}  // namespace

const Json* find_field(const Json& object, const char* key) {
  const auto at = object.find(key);
  return at == object.end() ? nullptr : &*at;
}

const Json& list_field(const Json& object, const char* key, std::string_view file) {
  const Json* const field = find_field(object, key);
  if (field == nullptr) throw InvalidInput("{}: the list {} is missing", file, key);
  if (!field->is_array()) throw InvalidInput("{}: {}: expected a list, found {}", file, key, shown(*field));
  return *field;
}

std::string text_field(const Json& object, const char* key, std::string_view file) {
  const Json* const field = find_field(object, key);
  if (field == nullptr) return "";
  if (!field->is_string())
    throw InvalidInput("{}: {}: expected a string, found {}", file, key, shown(*field));
  return field->get<std::string>();
}

double finite_number(const Json& value, std::string_view what, std::string_view file) {
  if (!value.is_number() || !std::isfinite(value.get<double>()))
    throw InvalidInput("{}: {}: expected a finite number, found {}", file, what, shown(value));
  return value.get<double>();
}

double number_field(const Json& object, const char* key, std::string_view file) {
  const Json* const field = find_field(object, key);
  return field == nullptr ? 0 : finite_number(*field, key, file);
}

std::int64_t index_number(const Json& value, std::int64_t below, std::string_view what,
                          std::string_view file) {
  const bool fits =
      value.is_number_unsigned() && value.get<std::uint64_t>() < static_cast<std::uint64_t>(below);
  if (!fits)
    throw InvalidInput("{}: {}: expected an integer from 0 to {}, found {}", file, what, below - 1,
                       shown(value));
  return static_cast<std::int64_t>(value.get<std::uint64_t>());
}

}  // namespace lehr::spin
