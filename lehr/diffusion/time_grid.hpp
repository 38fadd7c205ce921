// Time grids: the n + 1 falling times at which a solver works, from T to t0.
//
//   power_t(p)    t = linspace(T^(1/p), t0^(1/p))^p      power_t(1) is uniform, power_t(2) quadratic
//   rho(p)        the same in rho = s/a; rho(7) is Karras' grid
//   log_rho       uniform in lambda
//   cosine        t = t0 + (T - t0) (1 + cos(pi i / n)) / 2
//   leading, trailing   of times 0 .. N-1 of a table: floor(i N / n), and N - 1 - floor(i N / n), the last node is t0
//   any schedule  its values at progress 0, 1/n, ..., 1: knots(values=[1, 0.6, 0.2, 0.001]), table(grid.csv), ...
//
// So a grid is a schedule: TimeGrid::text writes any grid as `knots(values=[...])`, which every study can use. On a table of integer
// times, nodes are rounded to distinct integers; what collides moves to the nearest free one.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/diffusion/process.hpp"

namespace lehr::diffusion {

class TimeGrid {
 public:
  // Throws InvalidInput for an unknown family; schedules are parsed by the schedule language.
  static TimeGrid parse(std::string_view text, const std::filesystem::path& base = {});
  // The times themselves: any number of steps other than times.size() - 1 is refused.
  static TimeGrid list(std::vector<double> times);

  // n + 1 falling times. Throws InvalidInput where they do not fall strictly, leave [t0, T], n < 1, or a table has fewer than n + 1
  // times (and says how many).
  std::vector<double> times(const Process& process, std::int64_t n) const;
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::function<std::vector<double>(const Process&, std::int64_t)> make_;
};

// `knots(values=[...])`, with every digit.
std::string grid_text(const std::vector<double>& times);

}  // namespace lehr::diffusion
