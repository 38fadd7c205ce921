#include "lehr/core/json_lines.hpp"

#include <algorithm>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"

namespace lehr {

void for_each_json_line(std::string_view text, std::string_view name,
                        const std::function<void(std::int64_t line, Json&& object)>& each) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (std::int64_t number = 1; !text.empty(); ++number) {
    const std::size_t length = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    Json object = parse_json(line, name, number);
    if (!object.is_object())
      throw InvalidInput("{}:{}: expected a JSON object, found {}", name, number, object.type_name());
    each(number, std::move(object));
  }
}

std::vector<Json> parse_json_lines(std::string_view text, std::string_view name) {
  std::vector<Json> objects;
  for_each_json_line(text, name, [&](std::int64_t, Json&& object) { objects.push_back(std::move(object)); });
  return objects;
}

std::vector<Json> read_json_lines(const std::filesystem::path& path) {
  const MappedFile file(path);
  return parse_json_lines(file.text(), path.native());
}

}  // namespace lehr
