#include "lehr/study/trace_recorder.hpp"

#include <algorithm>
#include <bit>

namespace lehr::study {
namespace {

constexpr std::int64_t rows_per_run = 1000;
constexpr std::uint64_t rows_per_doubling = 256;
constexpr std::size_t max_numbers = 4'000'000;  // 32 MB a cell

}  // namespace

std::int64_t TraceRecorder::next_step(std::int64_t step, std::int64_t steps) {
  if (steps > 0) {
    const std::int64_t stride = (steps + rows_per_run - 1) / rows_per_run;
    return (step / stride + 1) * stride;
  }
  const auto stride = static_cast<std::int64_t>(
      std::max<std::uint64_t>(1, std::bit_floor(static_cast<std::uint64_t>(step + 1) / rows_per_doubling)));
  return (step / stride + 1) * stride;
}

Observer TraceRecorder::observer() {
  return {.see =
              [this](const Moment& now, const Row& row) {
                record(now, row);
                if (advanced_) advanced_(now.progress);
                return next_step(now.step, now.steps);
              },
          .end = {}};
}

void TraceRecorder::record(const Moment& now, const Row& row) {
  if (!keep_ || row.entries().empty()) return;
  const std::lock_guard lock(mutex_);
  if (recorded_ + row.entries().size() + 2 > max_numbers) return;
  std::vector<std::string> columns = {"step", "progress"};
  for (const auto& [name, value] : row.entries()) columns.push_back(name);
  if (batches_.empty() || now.step <= last_step_ || batches_.back().columns != columns)
    batches_.push_back({std::move(columns), {}});
  std::vector<double>& values = batches_.back().values;
  values.push_back(static_cast<double>(now.step));
  values.push_back(now.progress);
  for (const auto& [name, value] : row.entries()) values.push_back(value);
  recorded_ += row.entries().size() + 2;
  last_step_ = now.step;
}

std::vector<store::TraceBatch> TraceRecorder::take() {
  const std::lock_guard lock(mutex_);
  return std::move(batches_);
}

}  // namespace lehr::study
