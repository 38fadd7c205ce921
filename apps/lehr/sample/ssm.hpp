// `lehr sample ssm` (sample.ssm): likelihood and filtered states of a state-space model by particle filters.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/lehr/sample/ssm_model.hpp"
#include "lehr/core/task.hpp"
#include "lehr/sample/particle_filter_options.hpp"

namespace lehr::command {

struct SsmOptions {
  std::string model, data, output;
  std::optional<std::int64_t> simulate;
  std::string method = "pf", resample = "systematic";
  Schedule particles = 1000, resample_below = 0.5;
  std::int64_t runs = 10;
  std::optional<bool> correct;
  std::optional<sample::TemperatureRule> temperature;
  sample::TemperingOptions tempering;
  sample::LookAheadOptions lam;

  void describe(OptionTable& table);
};

Task sample_ssm_task();

// What the filters found; means over the runs. Matrices are quantities x steps.
struct SsmResult {
  std::vector<double> log_likelihoods;  // of the runs
  double single_error = 0;  // standard error of ln Z of a single run, by families; nan where they do not tell
  Eigen::MatrixXd means, variances, mean_errors;
  std::vector<double> ess;
  std::optional<double> exact_log_likelihood;
  Eigen::MatrixXd exact_means, exact_variances;  // empty where the model has no exact answer
  double seconds = 0, particle_steps = 0;
  bool interrupted = false;
};

Report ssm_report(const SsmOptions& options, const SsmModel& model, const Eigen::MatrixXd& observations,
                  const SsmResult& result);
// The filtered states: step, observations, mean, deviation and exact mean of each quantity, effective share.
std::string ssm_csv(const SsmModel& model, const Eigen::MatrixXd& observations, const SsmResult& result);

}  // namespace lehr::command
