#include "lehr/tour/problem.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "lehr/core/errors.hpp"

namespace lehr::tour {

City Problem::cities() const {
  if (!is_directed()) return instance.count;
  return static_cast<City>(std::llround(std::sqrt(static_cast<double>(directed.size()))));
}

std::string Problem::title() const {
  const std::string name = instance.name.empty() ? file : instance.name;
  return line > 0 ? fmt::format("{} line {}", name, line) : name;
}

std::vector<double> Problem::map() const {
  if (!positions.empty()) return positions;
  if (!instance.has_positions()) return {};
  std::vector<double> flat;
  const auto d = static_cast<std::size_t>(instance.dimension);
  for (std::size_t i = 0; i < static_cast<std::size_t>(instance.count); ++i) {
    const double first = instance.coordinates[i * d], second = instance.coordinates[i * d + 1];
    const bool turned = instance.metric == Metric::geo;  // latitude comes first there
    flat.push_back(turned ? second : first);
    flat.push_back(turned ? first : second);
  }
  return flat;
}

Order order_of_ids(const Problem& problem, const std::vector<std::int64_t>& numbers, std::string_view what) {
  const City n = problem.cities();
  std::unordered_map<std::int64_t, City> city_of;
  for (City c = 0; !problem.ids.empty() && c < n; ++c) city_of.emplace(problem.id(c), c);
  if (numbers.size() != static_cast<std::size_t>(n))
    throw InvalidInput("{}: {} cities in the tour, {} in the problem", what, numbers.size(), n);
  Order order;
  std::vector<char> seen(static_cast<std::size_t>(n), 0);
  for (const std::int64_t number : numbers) {
    const auto found = city_of.find(number);
    const bool known = problem.ids.empty() ? number >= 1 && number <= n : found != city_of.end();
    if (!known)
      throw InvalidInput("{}: no city of the problem has the number {}{}", what, number,
                         problem.ids.empty() ? fmt::format("; they are 1 to {}", n) : "");
    const City city = problem.ids.empty() ? static_cast<City>(number - 1) : found->second;
    if (seen[static_cast<std::size_t>(city)]++)
      throw InvalidInput("{}: city {} is visited twice", what, number);
    order.push_back(city);
  }
  return order;
}

}  // namespace lehr::tour
