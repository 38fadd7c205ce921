// What the comparisons of bench/peers/spin share: clocks, means, and schedules.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

namespace lehr::bench {

inline double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Mean {
  double value = 0, error = 0;
};
inline Mean mean_of(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double v : values) sum += v;
  for (const double v : values) squares += (v - sum / count) * (v - sum / count);
  return {sum / count, count > 1 ? std::sqrt(squares / (count - 1) / count) : 0};
}
// The difference of two means in standard errors of it.
inline double difference(const Mean& a, const Mean& b) {
  const double error = std::hypot(a.error, b.error);
  return error > 0 ? (a.value - b.value) / error : 0;
}

// The place of step t of `steps`, from 0 to 1.
inline double place(std::int64_t t, std::int64_t steps) {
  return static_cast<double>(t) / static_cast<double>(std::max<std::int64_t>(1, steps - 1));
}

inline std::vector<double> linear_betas(double from, double to, std::int64_t sweeps) {
  std::vector<double> betas;
  for (std::int64_t t = 0; t < sweeps; ++t) betas.push_back(from + (to - from) * place(t, sweeps));
  return betas;
}

void compare_quantum();  // quantum_annealing.cpp

}  // namespace lehr::bench
