// `lehr diffusion guide`: designs from a pretrained model that score high under a reward.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lehr/core/task.hpp"
#include "lehr/core/worker.hpp"
#include "lehr/diffusion/guidance/chain_values.hpp"
#include "lehr/diffusion/guidance/guidance_trace.hpp"
#include "lehr/diffusion/guidance/reverse_model.hpp"
#include "lehr/diffusion/guidance/sequence_file.hpp"
#include "lehr/diffusion/guidance/sequence_space.hpp"
#include "lehr/diffusion/guidance/value_regression.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::command {

// The model and what designs are scored by.
struct GuideProblemOptions {
  std::string model, process = "auto", alphabet;
  std::optional<std::int64_t> length, steps;
  bool joint = false;
  double pseudo_count = 1;
  std::optional<double> weight, bonus;
  std::string symbols, motif, expression;
  std::int64_t cap = 1;
  WorkerOptions worker;

  void describe(OptionTable& table);
};

struct GuideOptions {
  GuideProblemOptions problem;
  std::string method = "svdd", value = "pm", rule = "schedule", features = "auto", proposal = "model";
  std::int64_t count = 256;
  Schedule candidates = 10;
  std::optional<Schedule> temperature;
  std::optional<double> target_temperature;
  Schedule scale = 1;
  std::int64_t rollouts = 1500, value_candidates = 8, draws = 64;
  std::string proxy, resampling = "systematic", value_file, save_value, save;
  double threshold = 1;
  std::vector<std::string> compare = {"pretrained", "best_of_n", "twisted_smc"};

  void describe(OptionTable& table);
};

// The options as objects of the library.
struct GuideProblem {
  std::string title, identity;  // `identity` changes with the files' contents
  diffusion::ReverseModel model;
  diffusion::DesignReward reward;
  std::optional<diffusion::SequenceModel> sequences;
  std::optional<stats::GaussianMixture> mixture;
  std::optional<diffusion::SequenceScore> score;            // where the reward is the built-in one
  std::shared_ptr<diffusion::RememberedReward> remembered;  // where a worker scores
  std::shared_ptr<diffusion::WorkerReward> worker;
  std::optional<double> temperature;  // of the file

  bool discrete() const { return model.symbols > 0; }
  // Points or spelled sequences, for tables and files.
  std::string spell(const Eigen::Ref<const Eigen::VectorXd>& design) const;
};
GuideProblem guide_problem(const GuideProblemOptions& options, const TaskContext& context);
// The reward of a formula: x0, x1, ... of points; n_A, n_C, ... (how often a symbol occurs) and length of sequences.
diffusion::DesignReward expression_reward(const GuideProblem& problem, const std::string& expression);

// What a method brought.
struct GuidedDesigns {
  std::string method;
  Eigen::MatrixXd x;
  Eigen::VectorXd rewards, log_prior;
  diffusion::GuidanceTrace trace;
  std::int64_t reward_calls = 0, model_calls = 0;
  std::int64_t founders = -1;  // twisted_smc: ancestors at the start that have descendants
};

// The exact target, where it is known.
struct GuideTarget {
  double temperature = 0;
  std::optional<diffusion::RewardLaw> law;  // sequences
  Eigen::VectorXd first_two;                // enumerated sequences
  Eigen::MatrixXd points;                   // mixtures: draws by importance resampling
  Eigen::VectorXd point_rewards;
  double mean = 0, mean_error = 0, prior_mean = 0, ess = 0;
  bool known() const { return law.has_value() || points.cols() > 0; }
};
// Of a mixture, by draws of it weighted by exp(r / alpha): means, and as many points as there are designs by systematic resampling.
// Throws InvalidInput where no draw is feasible.
GuideTarget mixture_target(const GuideProblem& problem, double temperature, Eigen::Index count, Seed seed);

struct GuideFindings {
  GuidedDesigns main;
  std::vector<GuidedDesigns> others;
  GuideTarget target;
  std::optional<diffusion::LinearValue> value;
  std::int64_t value_reward_calls = 0, value_model_calls = 0;  // that learning it took
  std::vector<std::string> failures;                           // of baselines
  bool interrupted = false;
};

Report guide_report(const GuideOptions& options, const GuideProblem& problem, const GuideFindings& findings);
std::vector<Figure> guide_figures(const GuideProblem& problem, const GuideFindings& findings);
std::string designs_csv(const GuideProblem& problem, const GuidedDesigns& designs);

Task diffusion_guide_task();

}  // namespace lehr::command
