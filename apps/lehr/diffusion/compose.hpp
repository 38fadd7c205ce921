// `lehr diffusion compose`: samples of a distribution composed from score models, by Feynman-Kac correctors.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/lehr/diffusion/model_source.hpp"
#include "lehr/core/json.hpp"
#include "lehr/core/report.hpp"
#include "lehr/core/task.hpp"
#include "lehr/diffusion/particles/feynman_kac_corrector.hpp"

namespace lehr::command {

struct ComposeReward {
  std::string mixture;
  std::vector<double> slope;
  Schedule strength = Schedule::parse("linear(from=0, to=1)");

  void describe(OptionTable& table);
};

struct ComposeOptions {
  std::string file, unconditional, conditional, process, prediction, save;
  std::vector<std::string> experts;
  std::optional<Schedule> exponent, guidance;
  std::vector<Schedule> exponents;
  diffusion::ScoreWorkerOptions worker;
  ComposeReward reward;
  double sigma_max = 10;
  std::optional<double> sigma_min;
  std::string grid = "rho(7)";
  std::int64_t steps = 200;
  bool denoise = false, baseline = true;
  diffusion::CorrectorOptions corrector;

  void describe(OptionTable& table);
};

// What the options and files ask for.
struct ComposeProblem {
  diffusion::Process process = diffusion::Process::edm();
  std::vector<double> times;
  std::vector<std::string> names;  // of the models
  std::vector<GivenModel> models;
  Eigen::MatrixXd centres;  // the first model's means; empty where it is no mixture
  std::vector<diffusion::Expert> experts;
  diffusion::Reward reward;
  Json exact;  // known answers, or null
  std::vector<std::string> notes;
};
// Throws InvalidInput, IoError.
ComposeProblem compose_problem(const ComposeOptions& options, const TaskContext& context);

// A finished run.
struct Composed {
  Eigen::MatrixXd points;  // d x N
  Eigen::VectorXd probabilities;
  std::vector<double> log_weights;
  std::vector<std::int64_t> ancestors;
  sample::LogMean log_z{0, 0};
  std::vector<double> island_log_z;
  std::vector<diffusion::CorrectorStep> trace;
  std::vector<std::string> warnings;
};

// `mixed`: the same by score mixing, or null.
Report compose_report(const ComposeOptions& options, const ComposeProblem& problem, const Composed& run,
                      const Composed* mixed);
void save_composed(const std::filesystem::path& path, const Composed& run);

Task diffusion_compose_task();

}  // namespace lehr::command
