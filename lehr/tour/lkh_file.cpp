#include "lehr/tour/lkh_file.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/number_text.hpp"
#include "lehr/tour/tsplib_file.hpp"

namespace lehr::tour {

namespace {

constexpr double longest_allowed = 5e6;

// At least as long as any distance.
double longest_possible(const Problem& problem) {
  const Instance& instance = problem.instance;
  const std::vector<double>& table = problem.is_directed() ? problem.directed : instance.table;
  if (!table.empty()) return *std::ranges::max_element(table);
  double squared = 0;
  const auto d = static_cast<std::size_t>(instance.dimension);
  for (std::size_t axis = 0; axis < d; ++axis) {
    double low = instance.coordinates[axis], high = low;
    for (std::size_t i = axis; i < instance.coordinates.size(); i += d)
      low = std::min(low, instance.coordinates[i]), high = std::max(high, instance.coordinates[i]);
    squared += (high - low) * (high - low);
  }
  return std::sqrt(squared);
}

bool are_whole(const std::vector<double>& table) {
  return std::ranges::all_of(table, [](double d) { return d == std::floor(d); });
}

double factor_of(const Problem& problem) {
  const Instance& instance = problem.instance;
  const std::vector<double>& table = problem.is_directed() ? problem.directed : instance.table;
  const double longest = longest_possible(problem);
  const bool whole = !table.empty() ? are_whole(table) : is_whole(instance.metric);
  if (whole) return 1;
  if (!(longest > 0)) return 1;
  return std::pow(10.0, std::floor(std::log10(longest_allowed / longest)));
}

}  // namespace

LkhFiles lkh_files(const Problem& problem, const LkhOptions& options) {
  LkhFiles files;
  files.factor = factor_of(problem);
  Problem scaled = problem;
  const auto times = [&](double value, bool round) {
    const double product = files.factor * value;
    return round ? std::round(product) : product;
  };
  for (double& d : scaled.directed) d = times(d, files.factor != 1);
  for (double& d : scaled.instance.table) d = times(d, files.factor != 1);
  if (scaled.instance.metric == Metric::euclidean && !scaled.is_directed()) {
    scaled.instance.metric = scaled.instance.dimension == 3 ? Metric::euc_3d : Metric::euc_2d;
    for (double& x : scaled.instance.coordinates) x = times(x, false);
  }
  scaled.instance.name = std::filesystem::path(options.stem).filename().string();
  scaled.line = 0;
  files.problem = tsplib_text(scaled);
  if (files.factor != 1) {
    std::string factor;
    append_number(factor, files.factor);
    const std::size_t at = files.problem.find('\n') + 1;
    files.problem.insert(
        at, fmt::format("COMMENT : {} times {}; divide lengths by it\n", factor,
                        scaled.instance.table.empty() && !scaled.is_directed() ? "the coordinates"
                                                                               : "the distances"));
  }
  const std::string name = scaled.instance.name;
  files.parameters =
      fmt::format("PROBLEM_FILE = {0}.tsp\nOUTPUT_TOUR_FILE = {0}.tour\nRUNS = {1}\nSEED = {2}\n", name,
                  options.runs, options.seed);
  if (options.seconds) files.parameters += fmt::format("TOTAL_TIME_LIMIT = {}\n", *options.seconds);
  return files;
}

}  // namespace lehr::tour
