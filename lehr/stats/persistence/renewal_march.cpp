#include "lehr/stats/persistence/renewal_march.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/stats/persistence/real_fourier.hpp"

namespace lehr::stats {
namespace {

constexpr std::size_t direct_steps = 4096;    // longest march without transforms
constexpr std::size_t leaf_steps = 512;       // of the march by halves
constexpr std::int64_t graded_steps = 16384;  // longest march with unequal steps

// S and the averages over its cells on a grid of equal steps. `sum[i]` collects 1/2 sum_k mass[i - k]
// average[k].
class UniformMarch {
 public:
  UniformMarch(std::vector<double> halves, std::vector<double> mass)
      : mass_(std::move(mass)),
        sum_(std::move(halves)),
        survival_(sum_.size(), 1.0),
        average_(sum_.size() - 1) {}

  std::vector<double> run() && {
    const std::size_t n = average_.size();
    leaf_ = n <= direct_steps ? n : leaf_steps;
    solve(0, n);
    return std::move(survival_);
  }

 private:
  // Averages from..to-1, once `sum_` holds what the earlier ones contribute to from+1..to.
  void solve(std::size_t from, std::size_t to) {
    if (to - from <= leaf_) return solve_directly(from, to);
    const std::size_t middle = (from + to) / 2;
    solve(from, middle);
    const std::vector<double> product =
        convolution(std::span(average_).subspan(from, middle - from), std::span(mass_).subspan(1, to - from));
    for (std::size_t i = middle + 1; i <= to; ++i) sum_[i] += 0.5 * product[i - from - 1];
    solve(middle, to);
  }

  void solve_directly(std::size_t from, std::size_t to) {
    const double own = mass_[1] / 4;
    for (std::size_t k = from; k < to; ++k) {
      survival_[k + 1] = (sum_[k + 1] + own * survival_[k]) / (1 - own);
      average_[k] = (survival_[k] + survival_[k + 1]) / 2;
      const double half = average_[k] / 2;
      for (std::size_t i = k + 2; i <= to; ++i) sum_[i] += half * mass_[i - k];
    }
  }

  std::vector<double> mass_, sum_, survival_, average_;
  std::size_t leaf_ = 0;
};

std::vector<double> values_at(const SwitchKernel& kernel, const std::vector<double>& times) {
  std::vector<double> values(times.size());
  parallel_for(
      static_cast<std::int64_t>(times.size()),
      [&](std::int64_t i) {
        values[static_cast<std::size_t>(i)] = kernel(times[static_cast<std::size_t>(i)]);
      },
      128);
  return values;
}

std::vector<double> march_uniform(const MarchGrid& grid, const SwitchKernel& own, const SwitchKernel& other) {
  std::vector<double> halves = values_at(own, grid.times), mass = values_at(other, grid.times);
  for (std::size_t i = 0; i < halves.size(); ++i) halves[i] = (halves[i] + mass[i]) / 2;
  for (std::size_t j = mass.size() - 1; j > 0; --j) mass[j] = mass[j - 1] - mass[j];
  return UniformMarch(std::move(halves), std::move(mass)).run();
}

std::vector<double> march_graded(const MarchGrid& grid, const SwitchKernel& own, const SwitchKernel& other) {
  const std::vector<double>& t = grid.times;
  std::vector<double> s(t.size(), 1.0), lags(t.size());
  for (std::size_t i = 1; i < t.size(); ++i) {
    lags.resize(i + 1);
    for (std::size_t k = 0; k <= i; ++k) lags[k] = t[i] - t[k];
    const std::vector<double> d = values_at(other, lags);  // H(t_i - t_k) - H(t_i - t_(k+1)) = d_(k+1) - d_k
    double sum = (own(t[i]) + d[0]) / 2;
    for (std::size_t k = 0; k + 1 < i; ++k) sum += (d[k + 1] - d[k]) * (s[k] + s[k + 1]) / 4;
    const double last = (d[i] - d[i - 1]) / 4;
    s[i] = (sum + last * s[i - 1]) / (1 - last);
  }
  return s;
}

}  // namespace

MarchGrid march_grid(double end, std::int64_t n, const Schedule& step) {
  if (n < 8 || n > (1 << 20)) throw InvalidInput("n: expected 8 to 2^20 steps, found {}", n);
  MarchGrid grid{.times = {0}, .uniform = true};
  const std::vector<double> lengths = step.sample(n);
  double total = 0;
  for (const double length : lengths) {
    if (!(length > 0)) throw InvalidInput("step: the lengths of the grid must be above 0, found {}", length);
    grid.uniform = grid.uniform && length == lengths.front();
    grid.times.push_back(total += length);
  }
  if (!grid.uniform && n > graded_steps)
    throw InvalidInput("n: unequal steps take at most {}, found {}", graded_steps, n);
  for (std::size_t i = 1; i < grid.times.size(); ++i)
    grid.times[i] =
        grid.uniform ? end * static_cast<double>(i) / static_cast<double>(n) : end * grid.times[i] / total;
  return grid;
}

std::vector<double> renewal_march(const MarchGrid& grid, const SwitchKernel& own, const SwitchKernel& other) {
  return grid.uniform ? march_uniform(grid, own, other) : march_graded(grid, own, other);
}

}  // namespace lehr::stats
