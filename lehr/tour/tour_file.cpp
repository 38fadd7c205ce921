#include "lehr/tour/tour_file.hpp"

#include "lehr/core/csv.hpp"
#include "lehr/core/number_text.hpp"
#include "lehr/tour/tsplib_text.hpp"

namespace lehr::tour {

std::vector<std::int64_t> parse_tour(std::string_view content, const std::string& file) {
  const TsplibText text = split_tsplib(content, file);
  if (const TsplibText::Entry* type = text.entry("TYPE"))
    if (!upper_case(type->value).starts_with("TOUR"))
      text.refuse_at(type->line, "TYPE is {}; a tour has TYPE TOUR", quote(type->value));
  const TsplibText::Section* section = text.section("TOUR_SECTION");
  if (!section) throw InvalidInput("{}: TOUR_SECTION is missing", file);
  std::vector<std::int64_t> numbers;
  LineWords words = text.lines(*section);
  while (const auto word = words.any_word()) {
    const std::int64_t number = words.whole(*word, "a city's number");
    if (number == -1) break;
    numbers.push_back(number);
  }
  if (text.entry("DIMENSION") && dimension_of(text) != static_cast<std::int64_t>(numbers.size()))
    text.refuse_at(section->line, "TOUR_SECTION has {} cities, DIMENSION is {}", numbers.size(),
                   dimension_of(text));
  return numbers;
}

Order parse_tour_of(const Problem& problem, std::string_view text, const std::string& file) {
  return order_of_ids(problem, parse_tour(text, file), file);
}

std::string tour_text(const Problem& problem, const Order& order, double length) {
  std::string text = fmt::format("NAME : {}.tour\nCOMMENT : Length = ", problem.title());
  append_number(text, length);
  text += fmt::format("\nTYPE : TOUR\nDIMENSION : {}\nTOUR_SECTION\n", order.size());
  for (const City city : canonical(order)) text += fmt::format("{}\n", problem.id(city));
  return text + "-1\nEOF\n";
}

std::string tour_csv(const Problem& problem, const Order& order) {
  const Order turned = canonical(order);
  std::vector<double> position, id, to_next;
  std::vector<std::string> names;
  std::vector<std::vector<double>> axes(
      problem.instance.coordinates.empty() ? 0 : static_cast<std::size_t>(problem.instance.dimension));
  for (std::size_t k = 0; k < turned.size(); ++k) {
    const City city = turned[k];
    position.push_back(static_cast<double>(k + 1));
    id.push_back(static_cast<double>(problem.id(city)));
    if (!problem.labels.empty()) names.push_back(problem.labels[static_cast<std::size_t>(city)]);
    for (std::size_t axis = 0; axis < axes.size(); ++axis)
      axes[axis].push_back(problem.instance.coordinates[static_cast<std::size_t>(city) * axes.size() + axis]);
    to_next.push_back(problem.instance.distance(city, turned[(k + 1) % turned.size()]));
  }
  std::vector<CsvColumn> columns = {{"position", position}, {"city", id}};
  if (!names.empty()) columns.push_back({"name", names});
  for (std::size_t axis = 0; axis < axes.size(); ++axis)
    columns.push_back({std::string(1, static_cast<char>('x' + axis)), axes[axis]});
  columns.push_back({"to_next", to_next});
  return csv_text(columns);
}

}  // namespace lehr::tour
