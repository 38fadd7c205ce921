// `lehr sample expect` (sample.expect): many expectations of an expensive model from one budget of calls.
#pragma once

#include <string>
#include <vector>

#include "apps/lehr/sample/expect_problem.hpp"
#include "lehr/core/report.hpp"
#include "lehr/core/row.hpp"
#include "lehr/core/task.hpp"
#include "lehr/sample/adaptive_importance_sampling.hpp"

namespace lehr::command {

struct SampleExpectOptions {
  ExpectProblemOptions problem;
  std::string method = "aiscv";
  std::string weights = "rel";
  sample::AdaptiveImportanceOptions adaptive;
  std::vector<double> truth;
  std::string save;
  std::string table, density, rows = "all";
  bool self_normalised = false;

  void describe(OptionTable& table);
};

// What a run of any of the methods gives the report.
struct ExpectOutcome {
  sample::ExpectationEstimate estimate;
  std::optional<sample::ExpectationEstimate> without_control_variates;
  Eigen::VectorXd weights;            // of the variances
  Eigen::MatrixXd points, outputs;    // sampling space, all draws
  Eigen::VectorXd log_density;        // of the mixture of all draws
  Eigen::VectorXd log_final_density;  // of the last stage's proposal
  std::int64_t final_points = 0;      // the last ones
  std::vector<std::int64_t> batches;  // of the adaptation
  std::int64_t chosen = 0;            // the batch whose proposal was kept
  std::vector<Row> steps;             // of the adaptation
  std::vector<std::string> components;
  Eigen::VectorXd ess;
  std::int64_t calls = 0, outside = 0;
  double seconds = 0;
  bool interrupted = false;
};

Report expect_report(const SampleExpectOptions& options, const ExpectSetup& setup,
                     const ExpectOutcome& outcome);
// The sample with its densities, as a table that --table reads.
std::string sample_csv(const ExpectSetup& setup, const ExpectOutcome& outcome);

// --table: expectations under the law(s) from a sample that was saved.
Report reweight_table(const SampleExpectOptions& options, TaskContext& context);

Task sample_expect_task();

}  // namespace lehr::command
