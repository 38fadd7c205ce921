#include "lehr/tour/instance.hpp"

#include "lehr/core/errors.hpp"

namespace lehr::tour {

namespace {

bool is_solid(Metric metric) {
  return metric == Metric::euc_3d || metric == Metric::man_3d || metric == Metric::max_3d;
}

// DDD.MM to radians with TSPLIB's own value of pi: degrees are the whole part, minutes the rest.
double radians_of(double coordinate) {
  const double degrees = std::trunc(coordinate), minutes = coordinate - degrees;
  return 3.141592 * (degrees + 5 * minutes / 3) / 180;
}

}  // namespace

double Instance::distance(City a, City b) const {
  return with_distance(*this, [&](const auto& rule) { return rule(a, b); });
}

Instance with_positions(std::vector<double> coordinates, int dimension, Metric metric, std::string name) {
  const int needed = is_solid(metric) ? 3 : metric == Metric::euclidean ? dimension : 2;
  if (metric == Metric::matrix) throw InvalidInput("tour: distances by positions need a rule, not 'matrix'");
  if (dimension != needed || (dimension != 2 && dimension != 3))
    throw InvalidInput("tour: {} needs {} coordinates per city, not {}", tsplib_name(metric),
                       is_solid(metric) ? 3 : 2, dimension);
  if (coordinates.size() % static_cast<std::size_t>(dimension) != 0)
    throw InvalidInput("tour: {} numbers are not {} coordinates per city", coordinates.size(), dimension);
  Instance instance;
  instance.count = static_cast<City>(coordinates.size() / static_cast<std::size_t>(dimension));
  if (instance.count < 3) throw InvalidInput("tour: {} cities; a tour needs at least 3", instance.count);
  for (std::size_t i = 0; i < coordinates.size(); ++i)
    if (!std::isfinite(coordinates[i]) || std::abs(coordinates[i]) > 1e15)
      throw InvalidInput("tour: coordinate {} of city {} is {}", i % static_cast<std::size_t>(dimension) + 1,
                         i / static_cast<std::size_t>(dimension) + 1, coordinates[i]);
  instance.name = std::move(name);
  instance.metric = metric;
  instance.dimension = dimension;
  instance.coordinates = std::move(coordinates);
  if (metric == Metric::geo)
    for (const double c : instance.coordinates) instance.radians.push_back(radians_of(c));
  return instance;
}

Instance with_table(std::vector<double> table, City count, std::string name) {
  if (count < 3) throw InvalidInput("tour: {} cities; a tour needs at least 3", count);
  const auto n = static_cast<std::size_t>(count);
  if (table.size() != n * n)
    throw InvalidInput("tour: {} entries are not a table of {} x {}", table.size(), count, count);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const double d = table[i * n + j];
      if (!(d >= 0) || !std::isfinite(d))
        throw InvalidInput("tour: the distance from city {} to city {} is {}", i + 1, j + 1, d);
      if (d != table[j * n + i])
        throw InvalidInput("tour: the table is not symmetric: {} from city {} to {}, {} back", d, i + 1,
                           j + 1, table[j * n + i]);
    }
  Instance instance;
  instance.name = std::move(name);
  instance.metric = Metric::matrix;
  instance.dimension = 0;
  instance.count = count;
  instance.table = std::move(table);
  return instance;
}

bool is_whole(Metric metric) { return metric != Metric::euclidean && metric != Metric::matrix; }

std::string_view tsplib_name(Metric metric) {
  switch (metric) {
    case Metric::euc_2d:
      return "EUC_2D";
    case Metric::euc_3d:
      return "EUC_3D";
    case Metric::ceil_2d:
      return "CEIL_2D";
    case Metric::att:
      return "ATT";
    case Metric::geo:
      return "GEO";
    case Metric::man_2d:
      return "MAN_2D";
    case Metric::man_3d:
      return "MAN_3D";
    case Metric::max_2d:
      return "MAX_2D";
    case Metric::max_3d:
      return "MAX_3D";
    case Metric::euclidean:
    case Metric::matrix:
      break;
  }
  return "EXPLICIT";
}

}  // namespace lehr::tour
