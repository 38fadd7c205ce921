#include "lehr/study/results.hpp"

#include <algorithm>
#include <limits>

namespace lehr::study {

double MetricValues::mean() const {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

const ArmResults* Results::find(std::string_view arm) const {
  const auto found = std::ranges::find(arms, arm, &ArmResults::name);
  return found == arms.end() ? nullptr : &*found;
}

Results load_results(const store::Store& store, std::int64_t run) {
  Results results;
  for (const store::ArmRecord& arm : store.run(run).arms)
    if (!arm.name.starts_with('@')) results.arms.push_back({arm.name, {}, {}});
  for (const store::MetricRecord& record : store.metrics(run)) {
    const auto arm = std::ranges::find(results.arms, record.arm, &ArmResults::name);
    if (arm == results.arms.end()) continue;
    const auto [metric, is_new] = arm->metrics.try_emplace(record.name);
    if (is_new) arm->metric_names.push_back(record.name);
    metric->second.seeds.push_back(record.seed);
    metric->second.values.push_back(record.value);
  }
  return results;
}

}  // namespace lehr::study
