// Heatmaps: for every city i, how likely the edges from i to other cities are, as sparse rows.
//
// A row holds the cities whose entry is above 0, by falling entry, then by rank as given. Entries are
// finite and at least 0; they need not sum to 1 and need not be symmetric.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lehr/tour/instance.hpp"

namespace lehr::tour {

struct Heatmap {
  std::string name = "zero";  // gt, softdist, zero, or the file's
  City count = 0;
  std::vector<std::int64_t> starts;  // count + 1; row i stands at [starts[i], starts[i + 1])
  std::vector<City> cities;
  std::vector<double> entries;

  std::span<const City> cities_of(City i) const { return {cities.data() + starts[at(i)], length_of(i)}; }
  std::span<const double> entries_of(City i) const { return {entries.data() + starts[at(i)], length_of(i)}; }
  bool is_zero() const { return entries.empty(); }

 private:
  static std::size_t at(City i) { return static_cast<std::size_t>(i); }
  std::size_t length_of(City i) const { return static_cast<std::size_t>(starts[at(i) + 1] - starts[at(i)]); }
};

// Rows of pairs (city, entry) become a heatmap: entries of 0 are left out, rows are sorted. Throws
// InvalidInput, starting with `what` and naming row and column (from 1), for a city out of range, a city on
// its own row or twice on a row, and an entry that is negative or not finite.
struct HeatmapEntry {
  City city;
  double value;
};
Heatmap heatmap_of_rows(std::vector<std::vector<HeatmapEntry>> rows, std::string name,
                        const std::string& what);

// All entries 0.
Heatmap zero_heatmap(City count);

// (P + P^T) / 2.
Heatmap symmetric(const Heatmap& heatmap);

// Throws InvalidInput unless the heatmap has one row per city.
void check_heatmap(const Heatmap& heatmap, City count);

}  // namespace lehr::tour
