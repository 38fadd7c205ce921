// Internal to the spin problem files: fields of JSON objects with messages that name the file and the key.
#pragma once

#include <string>
#include <string_view>

#include "lehr/core/json.hpp"

namespace lehr::spin {

// The field `key`, or nullptr.
const Json* find_field(const Json& object, const char* key);
// The field `key`, a list; InvalidInput when it is missing or something else.
const Json& list_field(const Json& object, const char* key, std::string_view file);
// The text of field `key`, or "" when there is none.
std::string text_field(const Json& object, const char* key, std::string_view file);
// A finite number; `what` is for the message ("linear_biases[3]").
double finite_number(const Json& value, std::string_view what, std::string_view file);
// The field `key`, a finite number, or 0 when there is none.
double number_field(const Json& object, const char* key, std::string_view file);
// An integer in [0, below).
std::int64_t index_number(const Json& value, std::int64_t below, std::string_view what,
                          std::string_view file);

}  // namespace lehr::spin
