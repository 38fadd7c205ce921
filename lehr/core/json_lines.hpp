// JSON lines: one JSON object a line. Blank lines are skipped.
// Every error is an InvalidInput "file:line:column: reason" or an IoError.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>
#include <vector>

#include "lehr/core/json.hpp"

namespace lehr {

// Calls `each` with every line's number (from 1) and object, in order; `name` (the file's) is for messages.
void for_each_json_line(std::string_view text, std::string_view name,
                        const std::function<void(std::int64_t line, Json&& object)>& each);

std::vector<Json> parse_json_lines(std::string_view text, std::string_view name);
std::vector<Json> read_json_lines(const std::filesystem::path& path);

}  // namespace lehr
