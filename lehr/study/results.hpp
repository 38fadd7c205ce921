// The numbers of a run as claims and reports read them: one value per arm, metric and seed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/store/store.hpp"

namespace lehr::study {

struct MetricValues {
  std::vector<std::uint64_t> seeds;  // the seeds whose cell is done, in the arm's order
  std::vector<double> values;        // one per seed
  double mean() const;
};

struct ArmResults {
  std::string name;
  std::vector<std::string> metric_names;  // in the order in which the task gave them
  std::map<std::string, MetricValues, std::less<>> metrics;
};

struct Results {
  std::vector<ArmResults> arms;  // in the study's order
  const ArmResults* find(std::string_view arm) const;
};

// The results so far of a run in the store.
Results load_results(const store::Store& store, std::int64_t run);

}  // namespace lehr::study
