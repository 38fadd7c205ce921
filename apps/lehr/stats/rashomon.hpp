// `lehr stats rashomon` (stats.rashomon): how many models of a class are almost as good as the best of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/lehr/stats/model_class.hpp"
#include "apps/lehr/stats/table_options.hpp"
#include "lehr/core/task.hpp"
#include "lehr/stats/rashomon/decision_tree.hpp"
#include "lehr/stats/rashomon/multilevel_splitting.hpp"
#include "lehr/stats/rashomon/rashomon_set.hpp"
#include "lehr/stats/rashomon/ridge_volume.hpp"
#include "lehr/stats/rashomon/tree_class.hpp"

namespace lehr::command {

struct RashomonOptions {
  TableOptions table;
  std::vector<std::string> classes{"tree:depth=1..7"};
  double theta = 0.05;
  std::string theta_kind = "absolute", method = "auto";
  std::int64_t samples = 100'000;
  double flip = 0.1;
  std::string reference = "best";
  std::optional<double> reference_loss;
  std::string splits = "range";
  double depth_penalty = 1;
  std::int64_t folds = 10;
  std::int64_t members = 10;
  std::int64_t member_depth = 0;
  std::string trees;
  double memory = 1024, confidence = 0.95;
  double subset = 100;
  stats::SplittingOptions splitting;

  void describe(OptionTable& table);
  stats::Tolerance tolerance() const;
  stats::TreePrior prior() const;
};

// One class of the curve: trees of a depth, or linear classifiers.
struct ClassResult {
  std::string name;
  int depth = 0;  // 0: not a tree
  double best_errors = 0;
  std::string best_from;  // "exact", "CART", "sampling", ...
  double reference_errors = 0;
  std::int64_t limit = 0;  // errors of a member at most
  stats::RatioEstimate ratio;
  std::string method;
  struct AtTheta {
    double theta;
    stats::RatioEstimate ratio;
  };
  std::vector<AtTheta> by_theta;
  std::optional<double> test_loss, test_error;  // cross-validated, of the best model
  std::optional<double> log_models;             // ln of the number of models, where finite
};

// A member of the set.
struct Member {
  std::int64_t errors = 0;
  std::optional<stats::DecisionTree> tree;
  Eigen::VectorXd weights;  // linear: features and, last, the intercept
};

struct RidgeResult {
  ModelClass model;
  stats::RidgeSet set;
  std::optional<double> log10_prior;  // volume of the prior
  bool sticks_out = false;            // of the prior
};

struct RashomonResult {
  stats::LabelledTable table;
  std::vector<ClassResult> classes;
  std::optional<std::size_t> elbow;  // among the trees
  std::string members_of;            // the class
  std::vector<Member> members;
  std::vector<RidgeResult> ridges;
  std::vector<std::string> notes;
};

// Each adds to the result what one class of models gives.
void study_trees(const RashomonOptions& options, const ModelClass& model, TaskContext& context,
                 RashomonResult& result);
void study_linear(const RashomonOptions& options, TaskContext& context, RashomonResult& result);
void study_ridge(const RashomonOptions& options, const ModelClass& model, TaskContext& context,
                 RashomonResult& result);

// The reference's errors and the limit that follows, given the errors of the best model known and those of CART.
void set_reference(const RashomonOptions& options, double class_best, std::optional<double> cart,
                   ClassResult& result, std::int64_t records);

// True when the run was interrupted: what follows is left out.
bool is_interrupted(const TaskContext& context);
// The observers of a run whose checkpoint is `purpose`, in the run's folder; its path depends on all options.
Observers observers_for(const RashomonOptions& options, const std::string& purpose,
                        const TaskContext& context);
// The smaller thetas at which a ratio is shown, up to the option's.
std::vector<double> shown_thetas(const RashomonOptions& options);

Report rashomon_report(const RashomonOptions& options, const RashomonResult& result, TaskContext& context);

Task stats_rashomon_task();

}  // namespace lehr::command
