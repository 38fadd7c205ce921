// JSON as the one value that options, reports and files share: keys keep their order.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace lehr {

using Json = nlohmann::ordered_json;

// A double as JSON that survives a round trip: finite numbers as they are (shortest form that reads back to
// the same bits), the others as the strings "nan", "inf" and "-inf", which plain JSON numbers cannot express.
Json json_number(double value);

// The inverse of json_number; throws InvalidInput for anything else.
double number_from(const Json& value);

// Parses text; throws InvalidInput "where:line:column: reason" (the text's first line counts as
// `first_line`). Refused are nesting deeper than 200 levels and keys that appear twice in one object.
Json parse_json(std::string_view text, std::string_view where, std::int64_t first_line = 1);

// The first difference between two objects, in words: "options.rate was 1, is 2"; "the order of the keys" where
// nothing else differs.
std::string first_difference(const Json& before, const Json& now);

}  // namespace lehr
