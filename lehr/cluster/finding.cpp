#include "lehr/cluster/finding.hpp"

#include <algorithm>

#include "lehr/cluster/bisect.hpp"
#include "lehr/core/errors.hpp"

namespace lehr::cluster {

using Eigen::MatrixXd;
using Eigen::VectorXd;

void ClusteringOptions::describe(OptionTable& table) {
  table.add("method", method, "ppp finds the number of clusters; the others are its building blocks")
      .choices({"ppp", "kmeans", "bisect", "gmm"});
  table.add("clusters", clusters, "clusters of kmeans, bisect and gmm; 0 (gmm only): by BIC up to qmax")
      .range(0, 1e4);
  table.add("scale", scale, "how columns are made comparable").choices({"zscore", "robust", "none"});
  table.add("pca", pca, "principal components to cluster in place of the columns; 0: the columns")
      .range(0, 1e4);
  table.add("whiten", whiten, "cluster once more where the covariance within the clusters found is round");
  ppp.describe(table);
  table.add("separable", separable, "columns of the most separable set, at most; 0: all columns are taken")
      .range(0, 100);
  table
      .add("growth", growth, "a column joins the separable set where the score grows by more than this share")
      .range(0, 10);
  table.add("reduce_above", reduce_above, "rows above which prototypes stand for them").range(1, 1e12);
  table.add("max_prototypes", prototypes.most, "prototypes, before refinement for the loss").range(2, 1e8);
  table.add("loss_max", prototypes.loss_max, "share of the sum of squares that prototypes may lose")
      .range(0, 1);
}

TablePoints::TablePoints(const PreparedTable& table, const ClusteringOptions& options)
    : table_(&table), reduced_(table.size() > options.reduce_above) {
  if (reduced_) prototypes_ = make_prototypes(table.rows, options.prototypes);
}

WeightedPoints TablePoints::points(const std::vector<Index>& columns, stats::CovarianceShape shape) const {
  if (reduced_) return weighted_points(table_->rows, prototypes_, columns, shape);
  return {table_->rows(columns, Eigen::all), {}, {}};
}

Finding Finder::find(const TablePoints& source, const std::vector<Index>& columns, const std::string& name) {
  if (options_.ppp.covariance != "best" || options_.method != "ppp")
    return find_with(options_.ppp.covariance, source, columns, name);
  Finding full = find_with("full", source, columns, name);
  Finding diagonal = find_with("diag", source, columns, name);
  return diagonal.bic < full.bic ? diagonal : full;
}

Finding Finder::find_with(const std::string& covariance, const TablePoints& source,
                          const std::vector<Index>& columns, const std::string& name) {
  const PreparedTable& table = source.table();
  PppOptions own = options_.ppp;
  own.covariance = covariance;
  const VectorXd floor = table.floor()(columns);
  const ValidationRules rules = validation_rules(own, static_cast<double>(table.size()), floor);
  const WeightedPoints points = source.points(columns, rules.shape);
  Finding found;
  found.name = name, found.columns = columns, found.shape = rules.shape;
  found.least_rows = rules.least_rows, found.worked_on = points.size();
  if (options_.method == "ppp")
    run_ppp(points, rules, found);
  else
    run_block(points, rules, found);
  hint_at_diagonal(points, rules, found);
  return found;
}

void Finder::run_ppp(const WeightedPoints& points, const ValidationRules& rules, Finding& found) {
  const Ppp method(points, rules);
  const Ppp::State state = driven(method, fmt::format("{} {}", found.name, stats::name(rules.shape)));
  found.verdict = static_cast<Verdict>(state.verdict);
  found.tree = method.tree(state), found.trace = method.trace(state), found.mergers = state.mergers;
  found.partition = method.partition(state), found.mixture = state.mixture;
  found.log_likelihood = state.log_likelihood, found.bic = state.bic, found.agreement = state.agreement;
  found.score = method.separability(state), found.root_bic = state.root_bic;
}

// The partition of a building block on its own, with its mixture.
Candidate Finder::block_candidate(const WeightedPoints& points, ValidationRules rules) {
  const Index wanted = options_.clusters;
  if (options_.method == "kmeans") {
    const std::int64_t runs = std::max<std::int64_t>(1, options_.ppp.runs);
    const Stream random(seed_, lane("kmeans"));
    return validated(points, random_start_kmeans(points, wanted, runs, random, &random_sse_), rules);
  }
  rules.runs = 0;
  if (wanted > 0) rules.qmax = wanted;
  std::vector<Candidate> all = candidates(points, rules, Stream(seed_, 0));
  if (wanted > static_cast<Index>(all.size()))
    throw InvalidInput("clusters: {} are asked for, bisection into cells of at least {} rows gives {}",
                       wanted, rules.least_rows, all.size());
  Candidate best = std::move(wanted > 0 ? all.back() : all[best_candidate(all)]);
  if (options_.method == "gmm" && best.fit.sound())
    best.partition = partition_of(points, stats::MixtureDensity(best.fit.mixture).most_probable(points),
                                  best.components());
  return best;
}

void Finder::run_block(const WeightedPoints& points, ValidationRules rules, Finding& found) {
  rules.fit.least_mass = 0;
  rules.agreement = 0;
  const std::vector<int> together(static_cast<std::size_t>(points.size()), 0);
  found.root_bic = validated(points, partition_of(points, together, 1), rules).fit.bic;
  Candidate best = block_candidate(points, rules);
  if (!best.fit.sound())
    throw NumericalFailure("mixture of {} components: {}; fewer clusters or --cov diag help",
                           best.components(), stats::name(best.fit.end));
  found.verdict = best.components() > 1 ? Verdict::clustered : Verdict::one_cluster;
  found.tree = {{.parent = -1, .rows = points.total_weight(), .chosen = static_cast<int>(best.components())}};
  found.log_likelihood = best.fit.log_likelihood, found.bic = best.fit.bic;
  found.agreement = best.agreement;
  found.score = (found.root_bic - best.fit.bic) / (2 * points.total_weight());
  found.mixture = std::move(best.fit.mixture), found.partition = std::move(best.partition);
}

// One cluster with full covariances may be the fault of their many parameters.
void Finder::hint_at_diagonal(const WeightedPoints& points, const ValidationRules& rules,
                              const Finding& found) {
  if (options_.method != "ppp" || options_.ppp.covariance != "full" || found.clusters() > 1) return;
  const std::vector<int> together(static_cast<std::size_t>(points.size()), 0);
  const stats::MixtureFit plain = stats::fit_gaussian_mixture(
      points, together, 1, stats::CovarianceShape::diagonal, {.floor = rules.fit.floor});
  if (plain.sound() && plain.bic < found.root_bic)
    notes_.push_back(
        "As one cloud the rows are described better (by BIC) without correlations: --cov best tries diagonal "
        "covariances too.");
}

Observers Finder::observers_of(const std::string& stage) {
  Observers observers = observers_;
  std::filesystem::path& path = observers.checkpoints.path;
  if (path.empty()) return observers;
  std::string file = path.stem().string() + "-" + stage;
  std::ranges::replace(file, ' ', '_');
  path.replace_filename(file + path.extension().string());
  checkpoints_.push_back(path);
  return observers;
}

void Finder::remove_checkpoints() const {
  for (const std::filesystem::path& path : checkpoints_) std::filesystem::remove(path);
}

}  // namespace lehr::cluster
