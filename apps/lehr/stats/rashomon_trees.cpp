// The trees of `lehr stats rashomon`: depth by depth, exactly where it can be, else by sampling or splitting.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "apps/lehr/stats/rashomon.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/stats/rashomon/cart.hpp"
#include "lehr/stats/rashomon/cross_validation.hpp"
#include "lehr/stats/rashomon/exact_trees.hpp"
#include "lehr/stats/rashomon/existence_bounds.hpp"
#include "lehr/stats/rashomon/rashomon_curve.hpp"
#include "lehr/stats/rashomon/tree_sampling.hpp"
#include "lehr/stats/rashomon/tree_splitting.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::command {

using namespace stats;

namespace {

// Where a sampled ratio is less certain than this (log10), splitting takes over by itself ...
constexpr double uncertain = 0.15;
// ... where a tree of this depth sends all records down in at most so many steps; beyond that it takes minutes.
constexpr std::int64_t quick_splitting = 6000;
constexpr int most_splitting_runs = 3;

TreeEstimator estimator_of(const std::string& method) {
  if (method == "importance") return TreeEstimator::importance;
  if (method == "naive") return TreeEstimator::naive;
  return TreeEstimator::rao_blackwell;
}

std::string estimator_name(const std::string& method) {
  return method == "importance" || method == "naive" ? method : "rao-blackwell";
}

class TreeStudy {
 public:
  TreeStudy(const RashomonOptions& options, const ModelClass& model, TaskContext& context,
            RashomonResult& result)
      : options_(options),
        model_(model),
        context_(context),
        result_(result),
        records_(result.table),
        first_class_(result.classes.size()) {
    for (int d = 1; d <= model.last_depth; ++d)
      cart_.push_back(tree_errors(grow_cart(result.table, {.depth = d, .min_leaf = 1}), result.table));
  }

  void run() {
    for (int d = model_.first_depth; d <= model_.last_depth; ++d) {
      ClassResult& tree = result_.classes.emplace_back();
      tree.name = fmt::format("depth {}", d);
      tree.depth = d;
      tree.log_models = log_tree_count(records_, d);
    }
    const int counted = count_exactly();
    if (counted < model_.last_depth && !is_interrupted(context_)) sample_from(counted + 1);
    drop_unfinished();
    if (options_.folds > 1 && !is_interrupted(context_)) cross_validate_classes();
    find_elbow();
    if (options_.members > 0 && !is_interrupted(context_)) draw_members();
  }

 private:
  ClassResult& at(int depth) {
    return result_.classes[first_class_ + static_cast<std::size_t>(depth - model_.first_depth)];
  }
  double cart_errors(int depth) const {
    return static_cast<double>(cart_[static_cast<std::size_t>(depth) - 1]);
  }
  std::int64_t total() const { return records_.total(); }

  // ---- exact ----

  // The deepest class that was counted; the first depth - 1 when none was.
  int count_exactly() {
    const bool asked = options_.method == "exact";
    if (!asked && options_.method != "auto") return model_.first_depth - 1;
    const std::string refusal = exact_trees_refusal(records_, model_.last_depth);
    if (!refusal.empty()) {
      if (asked) result_.notes.push_back(fmt::format("Not exact, but by sampling: {}.", refusal));
      return model_.first_depth - 1;
    }
    exact_.emplace(records_, ExactTreeOptions{.depth_penalty = options_.depth_penalty,
                                              .memory = options_.memory,
                                              .interrupted = context_.observers.interrupted});
    for (int d = model_.first_depth; d <= model_.last_depth; ++d) {
      if (count_depth(d)) continue;
      if (!is_interrupted(context_))
        result_.notes.push_back(
            fmt::format("From depth {} on by sampling: the exact recursion needs more than {:g} MiB.", d,
                        options_.memory));
      return d - 1;
    }
    return model_.last_depth;
  }

  bool count_depth(int d) {
    const auto best = exact_->best_errors(d);
    if (!best) return false;
    ClassResult& tree = at(d);
    tree.best_from = "exact";
    tree.method = "exact";
    set_reference(options_, static_cast<double>(*best), cart_errors(d), tree, total());
    const auto distribution = exact_->error_distribution(d, tree.limit);
    if (!distribution) return false;
    const auto ratio_at = [&](std::int64_t limit) {
      double sum = 0;
      for (std::int64_t e = 0; e <= limit; ++e) sum += (*distribution)[static_cast<std::size_t>(e)];
      return exact_ratio(std::log10(sum));
    };
    tree.ratio = ratio_at(tree.limit);
    fill_thetas(tree, ratio_at);
    return true;
  }

  template <class RatioAt>
  void fill_thetas(ClassResult& tree, RatioAt ratio_at) const {
    Tolerance tolerance = options_.tolerance();
    for (const double theta : shown_thetas(options_)) {
      tolerance.theta = theta;
      tree.by_theta.push_back({theta, ratio_at(tolerance.error_limit(tree.reference_errors, total()))});
    }
  }

  // ---- sampling ----

  // Limits on errors that may be asked for at depth 1 .. last.
  std::vector<std::int64_t> widest_limits() const {
    std::vector<std::int64_t> limits;
    for (int d = 1; d <= model_.last_depth; ++d) {
      ClassResult widest;
      set_reference(options_, cart_errors(d), cart_errors(d), widest, total());
      limits.push_back(widest.limit);
    }
    return limits;
  }

  void sample_from(int first) {
    const TreeSamplingOptions options{.depth = model_.last_depth,
                                      .samples = options_.samples,
                                      .estimator = estimator_of(options_.method),
                                      .flip = options_.flip,
                                      .prior = options_.prior()};
    sampling_.emplace(records_, widest_limits(), options);
    const Observers observers = observers_for(options_, "sampling", context_);
    auto run = drive(*sampling_, {}, context_.seed, observers);
    if (run.why != Stop::interrupted) std::filesystem::remove(observers.checkpoints.path);
    state_ = std::move(run.state);
    double best = static_cast<double>(total());
    for (int d = 1; d <= model_.last_depth; ++d) {
      const TreeSampling::Depth& depth = state_.depths[static_cast<std::size_t>(d) - 1];
      const double sampled = static_cast<double>(depth.best_errors);
      const std::string from = cart_errors(d) <= sampled ? "CART" : "sampling";
      const double own = std::min(cart_errors(d), sampled);
      best = std::min(best, own);
      if (d < first) continue;
      ClassResult& tree = at(d);
      tree.best_from = own <= best ? from : "a shallower tree";
      tree.method = estimator_name(options_.method);
      set_reference(options_, best, cart_errors(d), tree, total());
      tree.ratio = depth.errors.estimate(tree.limit);
      fill_thetas(tree, [&](std::int64_t limit) { return depth.errors.estimate(limit); });
    }
    for (int d = first; d <= model_.last_depth && !is_interrupted(context_); ++d)
      if (needs_splitting(at(d))) split(d);
  }

  bool needs_splitting(const ClassResult& tree) {
    if (options_.method == "splitting") return true;
    if (options_.method != "auto") return false;
    if (std::isfinite(tree.ratio.log10_ratio) && tree.ratio.log10_error <= uncertain) return false;
    if (records_.rows() * tree.depth <= quick_splitting) return true;
    result_.notes.push_back(
        fmt::format("The ratio of {} is too small for {} samples; --method splitting finds it.", tree.name,
                    options_.samples));
    return false;
  }

  // ---- splitting ----

  // Splitting may meet a tree better than the reference; then it starts again with the better one.
  void split(int d) {
    ClassResult& tree = at(d);
    for (int round = 0; round < most_splitting_runs; ++round) {
      const TreeSplitting method(records_, options_.prior(), d, tree.limit, options_.splitting);
      const Observers observers = observers_for(options_, fmt::format("splitting-{}-{}", d, round), context_);
      const auto run = drive(method, {}, context_.seed, observers);
      if (run.why == Stop::interrupted) {
        result_.notes.push_back(
            fmt::format("Interrupted while splitting {}: its ratio is that of sampling.", tree.name));
        return;
      }
      std::filesystem::remove(observers.checkpoints.path);
      const double before = tree.best_errors, seen = static_cast<double>(run.state.best_errors);
      if (seen < before) {
        tree.best_from = "splitting";
        const std::int64_t limit = tree.limit;
        set_reference(options_, seen, cart_errors(d), tree, total());
        if (tree.limit < limit && round + 1 < most_splitting_runs) continue;
      }
      tree.method = "splitting";
      tree.ratio = method.ratio(run.state, tree.limit);
      tree.by_theta.clear();
      fill_thetas(tree, [&](std::int64_t limit) { return method.ratio(run.state, limit); });
      split_members_[d] = method.members(run.state, options_.members);
      return;
    }
  }

  // After an interruption some classes have no ratio.
  void drop_unfinished() {
    std::erase_if(result_.classes, [](const ClassResult& c) { return c.method.empty(); });
    if (is_interrupted(context_))
      result_.notes.push_back("Interrupted: this is what had been found by then.");
  }

  // ---- test losses, elbow, members ----

  // The errors on the test records of the best tree of each depth that the training records give.
  std::vector<double> fold_losses(const Fold& fold, Seed seed) const {
    const LabelledTable training = select_records(result_.table, fold.training);
    const LabelledTable test = select_records(result_.table, fold.test);
    const TreeRecords records(training);
    std::optional<ExactTrees> exact;
    if (exact_ && exact_trees_refusal(records, model_.last_depth).empty())
      exact.emplace(records, ExactTreeOptions{.depth_penalty = options_.depth_penalty,
                                              .memory = options_.memory / static_cast<double>(options_.folds),
                                              .interrupted = context_.observers.interrupted});
    const TreeSampling sampling(records,
                                std::vector<std::int64_t>(static_cast<std::size_t>(model_.last_depth), 0),
                                {.depth = model_.last_depth,
                                 .samples = std::max<std::int64_t>(100, options_.samples / options_.folds),
                                 .prior = options_.prior()});
    std::optional<TreeSampling::State> sampled;
    std::vector<double> losses;
    for (std::size_t k = first_class_; k < result_.classes.size(); ++k) {
      const int d = result_.classes[k].depth;
      std::optional<DecisionTree> tree;
      if (exact && result_.classes[k].method == "exact") tree = best_exact_tree(*exact, d, seed);
      if (!tree) {
        if (!sampled) sampled = drive(sampling, {}, seed).state;
        tree = grow_cart(training, {.depth = d, .min_leaf = 1});
        if (sampled->depths[static_cast<std::size_t>(d) - 1].best_errors < tree_errors(*tree, training))
          tree = sampling.best_tree(*sampled, d);
      }
      losses.push_back(static_cast<double>(tree_errors(*tree, test)) / static_cast<double>(test.records()));
    }
    return losses;
  }

  static std::optional<DecisionTree> best_exact_tree(ExactTrees& exact, int depth, Seed seed) {
    const auto best = exact.best_errors(depth);
    if (!best || !exact.error_distribution(depth, *best)) return std::nullopt;
    Stream random(seed, lane("rashomon.best_tree"), static_cast<std::uint64_t>(depth));
    return exact.draw(*best, random);
  }

  void cross_validate_classes() {
    const std::vector<int> fold_of = stratified_folds(result_.table, options_.folds, context_.seed);
    const auto losses = parallel_map(options_.folds, [&](std::int64_t fold) {
      return is_interrupted(context_)
                 ? std::vector<double>()
                 : fold_losses(fold_records(fold_of, static_cast<int>(fold)),
                               Seed{context_.seed.value + static_cast<std::uint64_t>(fold)});
    });
    if (is_interrupted(context_)) return;
    for (std::size_t k = first_class_; k < result_.classes.size(); ++k) {
      std::vector<double> own;
      for (const auto& fold : losses) own.push_back(fold[k - first_class_]);
      result_.classes[k].test_loss = mean(own);
      result_.classes[k].test_error = fold_error(own);
    }
  }

  void find_elbow() {
    std::vector<CurvePoint> curve;
    for (std::size_t k = first_class_; k < result_.classes.size(); ++k)
      curve.push_back({result_.classes[k].ratio.log10_ratio,
                       result_.classes[k].best_errors / static_cast<double>(total())});
    const auto known = std::ranges::count_if(
        curve, [](const CurvePoint& point) { return std::isfinite(point.log10_ratio); });
    if (known > 1) result_.elbow = first_class_ + elbow(curve);
  }

  void draw_members() {
    std::size_t chosen = result_.elbow.value_or(first_class_);
    for (std::size_t k = first_class_; k < result_.classes.size(); ++k)
      if (result_.classes[k].depth == options_.member_depth) chosen = k;
    if (chosen >= result_.classes.size()) return;
    const ClassResult& tree = result_.classes[chosen];
    std::vector<DecisionTree> trees;
    if (tree.method == "exact") {
      if (exact_->error_distribution(tree.depth, tree.limit))
        for (std::int64_t m = 0; m < options_.members; ++m) {
          Stream random(context_.seed, lane("rashomon.exact_members"), static_cast<std::uint64_t>(m));
          if (auto drawn = exact_->draw(tree.limit, random)) trees.push_back(std::move(*drawn));
        }
    } else if (tree.method == "splitting") {
      trees = split_members_[tree.depth];
    } else {
      const auto drawn = sampling_->members(state_, tree.depth, tree.limit, options_.members);
      trees = drawn.trees;
      if (!trees.empty() && drawn.effective_structures < static_cast<double>(options_.members))
        result_.notes.push_back(fmt::format("The members come from about {:.0f} different sets of splits.",
                                            drawn.effective_structures));
    }
    result_.members_of = "trees of " + tree.name;
    for (DecisionTree& member : trees) {
      const std::int64_t errors = tree_errors(member, result_.table);
      if (errors > tree.limit) continue;  // splitting met a better tree in its last run
      result_.members.push_back({.errors = errors, .tree = std::move(member), .weights = {}});
    }
  }

  const RashomonOptions& options_;
  const ModelClass& model_;
  TaskContext& context_;
  RashomonResult& result_;
  TreeRecords records_;
  std::size_t first_class_;
  std::vector<std::int64_t> cart_;  // errors of CART at depth 1, 2, ...
  std::optional<ExactTrees> exact_;
  std::optional<TreeSampling> sampling_;
  TreeSampling::State state_;
  std::map<int, std::vector<DecisionTree>> split_members_;  // by depth
};

}  // namespace

void study_trees(const RashomonOptions& options, const ModelClass& model, TaskContext& context,
                 RashomonResult& result) {
  TreeStudy(options, model, context, result).run();
}

}  // namespace lehr::command
