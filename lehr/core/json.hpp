// JSON as the one value that options, reports and files share: keys keep their order.
#pragma once

#include <nlohmann/json.hpp>

namespace lehr {

using Json = nlohmann::ordered_json;

// A double as JSON that survives a round trip: finite numbers as they are (shortest form that reads back to the
// same bits), the others as the strings "nan", "inf" and "-inf", which plain JSON numbers cannot express.
Json json_number(double value);

// The inverse of json_number; throws InvalidInput for anything else.
double number_from(const Json& value);

// Parses text; throws InvalidInput with `where`, line and column. Nesting deeper than 200 levels is refused.
Json parse_json(std::string_view text, std::string_view where);

}  // namespace lehr
