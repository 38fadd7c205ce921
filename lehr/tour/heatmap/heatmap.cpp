#include "lehr/tour/heatmap/heatmap.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::tour {

namespace {

void check_row(const std::vector<HeatmapEntry>& row, std::size_t i, std::size_t count,
               std::vector<City>& seen, const std::string& what) {
  for (const auto& [city, value] : row) {
    if (city < 0 || static_cast<std::size_t>(city) >= count)
      throw InvalidInput("{}: row {} has an entry for city {}; they are 1 to {}", what, i + 1,
                         static_cast<std::int64_t>(city) + 1, count);
    if (!(value >= 0 && value <= 1e30))
      throw InvalidInput("{}: the entry in row {}, column {} is {}; entries are from 0 to 1e30", what, i + 1,
                         city + 1, value);
    City& last = seen[static_cast<std::size_t>(city)];
    if (last == static_cast<City>(i) + 1)
      throw InvalidInput("{}: row {} has two entries for city {}", what, i + 1, city + 1);
    last = static_cast<City>(i) + 1;
  }
}

}  // namespace

Heatmap heatmap_of_rows(std::vector<std::vector<HeatmapEntry>> rows, std::string name,
                        const std::string& what) {
  Heatmap heatmap;
  heatmap.name = std::move(name);
  heatmap.count = static_cast<City>(rows.size());
  heatmap.starts.push_back(0);
  std::vector<City> seen(rows.size(), 0);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::vector<HeatmapEntry>& row = rows[i];
    check_row(row, i, rows.size(), seen, what);
    std::erase_if(row, [&](const HeatmapEntry& e) { return e.value == 0 || e.city == static_cast<City>(i); });
    std::stable_sort(row.begin(), row.end(),
                     [](const HeatmapEntry& a, const HeatmapEntry& b) { return a.value > b.value; });
    for (const auto& [city, value] : row) {
      heatmap.cities.push_back(city);
      heatmap.entries.push_back(value);
    }
    heatmap.starts.push_back(static_cast<std::int64_t>(heatmap.cities.size()));
    row = {};
  }
  return heatmap;
}

Heatmap zero_heatmap(City count) {
  return heatmap_of_rows(std::vector<std::vector<HeatmapEntry>>(static_cast<std::size_t>(count)), "zero",
                         "heatmap");
}

Heatmap symmetric(const Heatmap& heatmap) {
  std::vector<std::vector<HeatmapEntry>> rows(static_cast<std::size_t>(heatmap.count));
  const auto add = [&](City i, City j, double half) {
    for (HeatmapEntry& e : rows[static_cast<std::size_t>(i)])
      if (e.city == j) {
        e.value += half;
        return;
      }
    rows[static_cast<std::size_t>(i)].push_back({j, half});
  };
  for (City i = 0; i < heatmap.count; ++i)
    for (std::size_t k = 0; k < heatmap.cities_of(i).size(); ++k) {
      const City j = heatmap.cities_of(i)[k];
      add(i, j, heatmap.entries_of(i)[k] / 2);
      add(j, i, heatmap.entries_of(i)[k] / 2);
    }
  return heatmap_of_rows(std::move(rows), heatmap.name, "heatmap");
}

void check_heatmap(const Heatmap& heatmap, City count) {
  if (heatmap.count != count)
    throw InvalidInput("heatmap '{}': {} rows, the problem has {} cities", heatmap.name, heatmap.count,
                       count);
}

}  // namespace lehr::tour
