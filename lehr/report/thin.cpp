#include "lehr/report/thin.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace lehr::report {

namespace {

// Calls `visit` with each maximal range of consecutive points in one pixel column.
template <class Visit>
void for_each_column(const PlotRun& run, const PixelColumn& column, Visit visit) {
  auto begin = run.begin();
  while (begin != run.end()) {
    const double pixel = std::floor(column(begin->x));
    const auto end =
        std::find_if(begin, run.end(), [&](const PlotPoint& p) { return std::floor(column(p.x)) != pixel; });
    visit(begin, end);
    begin = end;
  }
}

}  // namespace

PlotRun thin_line(const PlotRun& run, const PixelColumn& column) {
  PlotRun kept;
  for_each_column(run, column, [&](auto begin, auto end) {
    auto [lowest, highest] = std::minmax_element(begin, end, [](auto& a, auto& b) { return a.y < b.y; });
    if (highest < lowest) std::swap(lowest, highest);
    auto previous = end;
    for (const auto point : {begin, lowest, highest, end - 1}) {
      if (point != previous) kept.push_back(*point);
      previous = point;
    }
  });
  return kept;
}

PlotRun thin_band(const PlotRun& run, const PixelColumn& column) {
  PlotRun kept;
  for_each_column(run, column, [&](auto begin, auto end) {
    PlotPoint merged = *begin;
    if (!kept.empty() && end == run.end()) merged.x = (end - 1)->x;
    for (auto point = begin; point != end; ++point) {
      merged.low = std::min(merged.low, point->low);
      merged.high = std::max(merged.high, point->high);
    }
    kept.push_back(merged);
  });
  return kept;
}

PlotRun thin_points(const PlotRun& run, const PixelColumn& column, const PixelColumn& row) {
  PlotRun kept;
  std::set<std::pair<double, double>> taken;
  for (const PlotPoint& point : run)
    if (taken.emplace(std::floor(column(point.x)), std::floor(row(point.y))).second) kept.push_back(point);
  return kept;
}

}  // namespace lehr::report
