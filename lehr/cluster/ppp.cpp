#include "lehr/cluster/ppp.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lehr/cluster/mergers.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::cluster {

using Eigen::MatrixXd;
using stats::CovarianceShape;

namespace {

// The points of a node, ascending.
std::vector<Index> members_of(const std::vector<int>& labels, int node) {
  std::vector<Index> members;
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i] == node) members.push_back(static_cast<Index>(i));
  return members;
}

// The clusters in falling order of mass, equal ones in the order they have.
std::vector<int> by_falling_mass(const std::vector<int>& labels, const Eigen::VectorXd& masses) {
  std::vector<int> order(static_cast<std::size_t>(masses.size()));
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](int a, int b) { return masses[a] > masses[b]; });
  std::vector<int> place(order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    place[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
  std::vector<int> result;
  result.reserve(labels.size());
  for (const int label : labels) result.push_back(place[static_cast<std::size_t>(label)]);
  return result;
}

}  // namespace

void PppOptions::describe(OptionTable& table) {
  table
      .add("cov", covariance,
           "covariances; auto: full for up to 8 columns and 50 rows for each, else diagonal; best: full and "
           "diagonal "
           "both, the lower BIC is taken")
      .choices({"full", "diag", "sph", "auto", "best"});
  table.add("qmax", qmax, "clusters that a node is tried for at once").range(2, 100);
  table.add("agree", agree, "share of rows on which k-means and mixture must agree").range(0, 1);
  table.add("minn", minn, "fewest rows of a cell; 0: 2 d + 2 for full covariances, else max(8, d / 2)")
      .range(0, 1e12);
  table.add("runs", runs, "consensus mode: the best of so many random starts in place of bisection; 0: off")
      .range(0, 1e5);
  table.add("em_steps", em_steps, "most steps of a mixture's fit, after the annealed ones").range(1, 1e6);
  table.add("em_tolerance", em_tolerance, "a fit ends when a step gains less, relative to its log-likelihood")
      .range(0, 1);
  table.add("exponent", exponent, "exponent of the posteriors over the annealed steps");
  table.add("widening", widening,
            "variance added over the annealed steps, as a share of each column's variance");
  table.add("annealed_steps", annealed_steps, "first steps of a fit, over which the two schedules run")
      .range(0, 1e5);
}

CovarianceShape covariance_shape(const std::string& covariance, Index dimension, double rows) {
  if (covariance == "full") return CovarianceShape::full;
  if (covariance == "diag") return CovarianceShape::diagonal;
  if (covariance == "sph") return CovarianceShape::spherical;
  return dimension <= 8 && rows >= 50.0 * static_cast<double>(dimension) ? CovarianceShape::full
                                                                         : CovarianceShape::diagonal;
}

double default_minn(CovarianceShape shape, Index dimension) {
  const auto d = static_cast<double>(dimension);
  return shape == CovarianceShape::full ? 2 * d + 2 : std::max(8.0, std::floor(d / 2));
}

ValidationRules validation_rules(const PppOptions& options, double rows, const Eigen::VectorXd& floor) {
  PppOptions checked = options;
  describe(checked).read(describe(checked).values(), "ppp");
  ValidationRules rules;
  rules.shape = covariance_shape(options.covariance, floor.size(), rows);
  rules.qmax = options.qmax;
  rules.agreement = options.agree;
  rules.least_rows =
      options.minn > 0 ? static_cast<double>(options.minn) : default_minn(rules.shape, floor.size());
  rules.runs = options.runs;
  rules.fit.tolerance = options.em_tolerance;
  rules.fit.steps = options.em_steps;
  rules.fit.floor = floor;
  rules.fit.least_mass = starving_mass(rules.shape, floor.size());
  for (std::int64_t step = 0; step < options.annealed_steps; ++step) {
    const stats::AnnealedStep annealed{options.exponent.at(step, options.annealed_steps),
                                       options.widening.at(step, options.annealed_steps)};
    if (!(annealed.exponent > 0 && annealed.exponent <= 1))
      throw InvalidInput("exponent: expected values in (0, 1], found {} at step {}", annealed.exponent, step);
    if (annealed.widening < 0)
      throw InvalidInput("widening: expected values of at least 0, found {} at step {}", annealed.widening,
                         step);
    rules.fit.annealing.push_back(annealed);
  }
  return rules;
}

const char* name(Verdict verdict) {
  switch (verdict) {
    case Verdict::clustered:
      return "clustered";
    case Verdict::one_cluster:
      return "one_cluster";
    case Verdict::not_clusterable:
      return "not_clusterable";
  }
  return "";
}

Ppp::Ppp(const WeightedPoints& points, ValidationRules rules) : points_(&points), rules_(std::move(rules)) {
  if (points.size() == 0 || points.dimension() == 0)
    throw InvalidInput("ppp: {} points of {} dimensions", points.size(), points.dimension());
  if (rules_.fit.floor.size() > 0 && rules_.fit.floor.size() != points.dimension())
    throw InvalidInput("ppp: a floor of {} variances for {} dimensions", rules_.fit.floor.size(),
                       points.dimension());
}

Ppp::State Ppp::start(const Moment&) const {
  State state;
  state.labels.assign(static_cast<std::size_t>(points_->size()), 0);
  state.parents = {-1}, state.chosen = {1}, state.rows = {points_->total_weight()};
  state.scores.resize(8, 0);
  return state;
}

void Ppp::advance(State& state, const Moment& now) const {
  if (state.phase == splitting)
    try_next_node(state, now);
  else if (state.phase == polishing)
    polish(state);
  else if (state.phase == merging)
    merge(state);
}

void Ppp::try_next_node(State& state, const Moment& now) const {
  const int node = state.tried++;
  const std::vector<Index> members = members_of(state.labels, node);
  const WeightedPoints part = select(*points_, members);
  const Stream random(now.seed, lane("consensus"), static_cast<std::uint64_t>(node));
  const std::vector<Candidate> tried = candidates(part, rules_, random);
  for (const Candidate& candidate : tried) record(state, node, candidate);
  if (node == 0) state.root_bic = tried.front().fit.bic;
  const Candidate& best = tried[best_candidate(tried)];
  state.chosen[static_cast<std::size_t>(node)] = static_cast<int>(best.components());
  if (best.components() > 1) split(state, node, members, best.partition);
  if (state.tried == static_cast<int>(state.parents.size())) state.phase = polishing;
}

void Ppp::record(State& state, int node, const Candidate& candidate) const {
  const Index at = state.scores.cols();
  state.scores.conservativeResize(8, at + 1);
  state.scores.col(at) << node, static_cast<double>(candidate.components()), candidate.partition.total_sse(),
      std::isfinite(candidate.fit.log_likelihood) ? candidate.fit.log_likelihood : std::nan(""),
      candidate.fit.sound() ? candidate.fit.bic : std::nan(""), candidate.agreement,
      static_cast<double>(candidate.fit.steps), candidate.admitted ? 1 : 0;
}

void Ppp::split(State& state, int node, const std::vector<Index>& members, const Partition& cells) const {
  const auto first = static_cast<int>(state.parents.size());
  for (Index c = 0; c < cells.cells(); ++c) {
    state.parents.push_back(node);
    state.chosen.push_back(1);
    state.rows.push_back(cells.masses[c]);
    ++state.clusters;
  }
  --state.clusters;
  for (std::size_t i = 0; i < members.size(); ++i)
    state.labels[static_cast<std::size_t>(members[i])] = first + cells.labels[i];
}

void Ppp::take(State& state, Candidate candidate) const {
  state.labels = std::move(candidate.partition.labels);
  state.clusters = static_cast<int>(candidate.fit.mixture.components());
  state.sse = candidate.partition.total_sse();
  state.mixture = std::move(candidate.fit.mixture);
  state.log_likelihood = candidate.fit.log_likelihood;
  state.bic = candidate.fit.sound() ? candidate.fit.bic : std::numeric_limits<double>::infinity();
  state.agreement = candidate.agreement;
}

void Ppp::polish(State& state) const {
  take(state, validated(*points_, polished(*points_, without_gaps(state.labels)), rules_));
  state.phase = merging;
}

void Ppp::merge(State& state) const {
  const std::vector<ClusterPair> pairs =
      promising_pairs(*points_, partition_of(*points_, state.labels, state.clusters), rules_);
  std::vector<Candidate> tried = parallel_map(static_cast<std::int64_t>(pairs.size()), [&](std::int64_t p) {
    return validated(*points_, polished(*points_, merged(state.labels, {pairs[static_cast<std::size_t>(p)]})),
                     rules_);
  });
  std::vector<std::size_t> lowering;  // mergers that lower the BIC, the lowest first
  for (std::size_t p = 0; p < tried.size(); ++p)
    if (tried[p].fit.sound() && tried[p].fit.bic < state.bic) lowering.push_back(p);
  if (lowering.empty()) return conclude(state);
  std::ranges::stable_sort(lowering,
                           [&](std::size_t a, std::size_t b) { return tried[a].fit.bic < tried[b].fit.bic; });
  Candidate best = std::move(tried[lowering.front()]);
  std::vector<ClusterPair> apart;
  for (const std::size_t p : lowering)
    if (std::ranges::none_of(apart, [&](const ClusterPair& other) { return touch(other, pairs[p]); }))
      apart.push_back(pairs[p]);
  if (apart.size() > 1) {
    Candidate all = validated(*points_, polished(*points_, merged(state.labels, apart)), rules_);
    if (all.fit.sound() && all.fit.bic < best.fit.bic) best = std::move(all);
  }
  state.mergers += state.clusters - static_cast<int>(best.components());
  take(state, std::move(best));
}

// Numbers the clusters by size, or falls back to one.
void Ppp::conclude(State& state) const {
  const bool fell_apart = state.chosen.front() > 1;
  if (state.clusters > 1 && state.agreement >= rules_.agreement && std::isfinite(state.bic)) {
    const Partition found = partition_of(*points_, state.labels, state.clusters);
    const std::vector<int> labels = by_falling_mass(state.labels, found.masses);
    take(state, validated(*points_, partition_of(*points_, labels, state.clusters), rules_));
    state.verdict = static_cast<int>(Verdict::clustered);
  } else {
    const double reached = state.agreement;
    take(state,
         validated(*points_, partition_of(*points_, std::vector<int>(state.labels.size(), 0), 1), rules_));
    if (fell_apart) state.agreement = reached;
    state.verdict = static_cast<int>(fell_apart ? Verdict::not_clusterable : Verdict::one_cluster);
  }
  state.phase = done;
}

void Ppp::measure(const State& state, Row& row) const {
  const bool final = state.phase == merging || state.phase == done;
  const std::vector<CandidateScore> all = trace(state);
  row.add("node", final ? 0 : std::max(0, state.tried - 1));
  if (final) {
    row.add("q", state.clusters), row.add("sse", state.sse), row.add("log_likelihood", state.log_likelihood);
    if (std::isfinite(state.bic)) row.add("bic", state.bic);
    row.add("agreement", state.agreement);
  } else if (!all.empty()) {
    const int chosen = state.chosen[static_cast<std::size_t>(all.back().node)];
    for (const CandidateScore& score : all)
      if (score.node == all.back().node && score.q == chosen) {
        row.add("q", score.q), row.add("sse", score.sse);
        row.add("log_likelihood", score.log_likelihood), row.add("bic", score.bic);
        row.add("agreement", score.agreement), row.add("em_steps", score.em_steps);
      }
  }
  row.add("clusters", state.clusters);
  row.add("open", final ? 0 : static_cast<double>(state.parents.size()) - state.tried);
}

std::vector<TreeNode> Ppp::tree(const State& state) const {
  std::vector<TreeNode> nodes;
  for (std::size_t i = 0; i < state.parents.size(); ++i)
    nodes.push_back({state.parents[i], state.rows[i], state.chosen[i]});
  return nodes;
}

std::vector<CandidateScore> Ppp::trace(const State& state) const {
  std::vector<CandidateScore> all;
  for (const auto& column : state.scores.colwise())
    all.push_back({.node = static_cast<int>(column[0]),
                   .q = static_cast<int>(column[1]),
                   .sse = column[2],
                   .log_likelihood = column[3],
                   .bic = column[4],
                   .agreement = column[5],
                   .em_steps = static_cast<int>(column[6]),
                   .admitted = column[7] > 0});
  return all;
}

Partition Ppp::partition(const State& state) const {
  return partition_of(*points_, state.labels, state.clusters);
}

double Ppp::separability(const State& state) const {
  return state.clusters < 2 ? 0 : (state.root_bic - state.bic) / (2 * points_->total_weight());
}

}  // namespace lehr::cluster
