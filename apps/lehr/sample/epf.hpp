// `lehr sample epf` (sample.epf): sequences under a score, by particle filters and their kin.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/lehr/sample/repeated_filters.hpp"
#include "apps/lehr/sample/sequence_problem.hpp"
#include "lehr/core/task.hpp"

namespace lehr::command {

struct EpfOptions {
  SequenceProblemOptions problem;
  sample::ParticleFilterOptions filter;
  std::vector<std::string> compare;
  std::vector<std::int64_t> sizes = {8, 16, 32};
  std::optional<std::int64_t> instances, calibration;
  std::string trace, output;

  void describe(OptionTable& table);
};

Task sample_epf_task();

// What one method found with one number of particles over all instances.
struct EpfArm {
  std::string method;
  std::int64_t particles = 0;
  RepeatedFilters::State runs;
};

// Of one sequence problem, run once.
Report epf_single_report(const EpfOptions& options, const SequenceOutcome& outcome, const std::string& name);
// Of many instances.
Report epf_repeated_report(const EpfOptions& options, const RepeatedFilters::State& runs,
                           const std::string& name);
// Of several methods and numbers of particles: quality against calls.
Report epf_comparison_report(const EpfOptions& options, const std::vector<EpfArm>& arms,
                             const std::string& name);
// Adds what the score of the prefixes of unselected sequences was worth, step by step.
void add_calibration(Report& report, const RolloutScores& scores);

}  // namespace lehr::command
