#include "lehr/stats/rashomon/tree_splitting.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::stats {
namespace {

constexpr std::int64_t stalls_allowed = 20;
constexpr std::uint8_t arrived = 1, stuck = 2;
constexpr double most_changes = 0.9;  // the largest probability of another change

Stream tree_population_stream(const Moment& now, std::string_view purpose, std::int64_t population) {
  return now.random(lane(purpose)).at_block(static_cast<std::uint64_t>(population) << 40);
}

std::size_t level_of(std::size_t node) { return static_cast<std::size_t>(std::bit_width(node + 1)) - 1; }

double mirrored(double u) {
  const double inside = u < 0 ? -u : u >= 1 ? 2 - u : u;
  return std::min(inside, std::nextafter(1.0, 0.0));
}

// Systematic resampling: `count` positions, each with its expected number of copies up to rounding.
std::vector<std::size_t> systematic_positions(const std::vector<double>& weights, Stream& random) {
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  const double spacing = total / static_cast<double>(weights.size());
  double point = uniform(random) * spacing, sum = 0;
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    sum += weights[i];
    for (; point < sum && chosen.size() < weights.size(); point += spacing) chosen.push_back(i);
  }
  while (chosen.size() < weights.size()) chosen.push_back(chosen.back());
  return chosen;
}

}  // namespace

struct TreeSplitting::Workspace {
  explicit Workspace(const TreeRecords& records, int depth) : counts(records, depth) {}

  // Counts the leaves of a structure; returns its least errors.
  std::int64_t count(const TreeSplitting& method, const Draws& draws) {
    method.build(draws, structure);
    counts.count(method.records_, structure);
    return least_errors(leaves(), method.records_.classes());
  }
  const std::vector<std::int32_t>& leaves() const { return counts.at(counts.depth()); }

  LeafCounts counts;
  LeafLabels labels;
  SplitStructure structure;
};

TreeSplitting::TreeSplitting(const TreeRecords& records, const TreePrior& prior, int depth,
                             std::int64_t limit, SplittingOptions options)
    : records_(records), prior_(prior), depth_(depth), limit_(limit), options_(std::move(options)) {
  if (depth < 1 || depth > deepest_tree)
    throw InvalidInput("tree splitting: the depth must be in [1, {}], found {}", deepest_tree, depth);
  if (limit < 0 || limit > records.total())
    throw InvalidInput("tree splitting: the limit must be in [0, {}], found {}", records.total(), limit);
  options_.check();
}

void TreeSplitting::draw_node(Draws& draws, std::size_t node, Stream& random) const {
  draws.features[node] = static_cast<std::int32_t>(uniform_index(random, records_.features()));
  draws.thresholds[node] = uniform(random);
  if (prior_.depth_penalty < 1) draws.stops[node] = uniform(random);
}

void TreeSplitting::exchange_subtrees(Draws& draws, std::size_t a, std::size_t b) const {
  for (std::size_t width = 1; a < nodes() && b < nodes(); a = 2 * a + 1, b = 2 * b + 1, width *= 2)
    for (std::size_t k = 0; k < width; ++k) {
      std::swap(draws.features[a + k], draws.features[b + k]);
      std::swap(draws.thresholds[a + k], draws.thresholds[b + k]);
      if (prior_.depth_penalty < 1) std::swap(draws.stops[a + k], draws.stops[b + k]);
    }
}

// One change that is reversible under the prior: all nodes' draws are independent and alike.
void TreeSplitting::change_once(Draws& draws, Stream& random) const {
  const auto any_node = [&] {
    return static_cast<std::size_t>(uniform_index(random, static_cast<std::int64_t>(nodes())));
  };
  const double kind = uniform(random);
  const std::size_t node = any_node();
  if (kind < 0.45) {
    draw_node(draws, node, random);
  } else if (kind < 0.65) {
    const double reach = std::pow(10, -3 * uniform(random));
    draws.thresholds[node] = mirrored(draws.thresholds[node] + reach * (2 * uniform(random) - 1));
  } else if (kind < 0.75) {
    const std::size_t other = any_node();
    std::swap(draws.features[node], draws.features[other]);
    std::swap(draws.thresholds[node], draws.thresholds[other]);
    if (prior_.depth_penalty < 1) std::swap(draws.stops[node], draws.stops[other]);
  } else if (kind < 0.85) {
    const std::size_t width = std::size_t{1} << level_of(node);
    const std::size_t other =
        width - 1 + static_cast<std::size_t>(uniform_index(random, static_cast<std::int64_t>(width)));
    exchange_subtrees(draws, node, other);
  } else {
    std::size_t first = node;
    for (std::size_t count = 1; first < nodes(); first = 2 * first + 1, count *= 2)
      for (std::size_t k = 0; k < count; ++k) draw_node(draws, first + k, random);
  }
}

void TreeSplitting::change(Draws& draws, double step, Stream& random) const {
  do {
    change_once(draws, random);
  } while (uniform(random) < std::min(step, most_changes));
}

void TreeSplitting::build(const Draws& draws, SplitStructure& structure) const {
  structure.features.assign(draws.features.begin(), draws.features.end());
  structure.thresholds = draws.thresholds;
  for (std::size_t node = 0; node < nodes(); ++node) {
    double& threshold = structure.thresholds[node];
    if (prior_.splits == Splits::midpoints) {
      const auto& midpoints = records_.midpoints(structure.features[node]);
      threshold = midpoints[static_cast<std::size_t>(threshold * static_cast<double>(midpoints.size()))];
    }
    if (prior_.depth_penalty >= 1) continue;
    const double splits = std::pow(prior_.depth_penalty, static_cast<double>(level_of(node)));
    const bool parent_stops =
        node > 0 && structure.thresholds[(node - 1) / 2] == std::numeric_limits<double>::infinity();
    if (parent_stops || draws.stops[node] >= splits) threshold = std::numeric_limits<double>::infinity();
  }
}

TreeSplitting::Draws TreeSplitting::load(const State& state, std::int64_t particle) const {
  const auto features = state.features.col(particle);
  const auto thresholds = state.thresholds.col(particle), stops = state.stops.col(particle);
  return {{features.begin(), features.end()},
          {thresholds.begin(), thresholds.end()},
          {stops.begin(), stops.end()}};
}

void TreeSplitting::store(State& state, std::int64_t particle, const Draws& draws) const {
  std::ranges::copy(draws.features, state.features.col(particle).begin());
  std::ranges::copy(draws.thresholds, state.thresholds.col(particle).begin());
  std::ranges::copy(draws.stops, state.stops.col(particle).begin());
}

TreeSplitting::State TreeSplitting::start(const Moment& now) const {
  const auto rows = static_cast<Eigen::Index>(nodes());
  const Eigen::Index all = options_.populations * options_.particles;
  const auto populations = static_cast<std::size_t>(options_.populations);
  State state;
  state.features.resize(rows, all);
  state.thresholds.resize(rows, all);
  state.stops = Eigen::MatrixXd::Zero(prior_.depth_penalty < 1 ? rows : 0, all);
  state.limits.assign(populations, records_.total());
  state.stalled.assign(populations, 0);
  state.log_ratios.assign(populations, 0);
  state.finished.assign(populations, 0);
  state.step = options_.step.start("step");
  state.best_errors = records_.total() + 1;
  parallel_for(options_.populations, [&](std::int64_t population) {
    Stream random = tree_population_stream(now, "tree_splitting.draw", population);
    Draws draws{std::vector<std::int32_t>(nodes()), std::vector<double>(nodes()),
                std::vector<double>(static_cast<std::size_t>(state.stops.rows()))};
    for (std::int64_t k = 0; k < options_.particles; ++k) {
      for (std::size_t node = 0; node < nodes(); ++node) draw_node(draws, node, random);
      store(state, population * options_.particles + k, draws);
    }
  });
  return state;
}

// The lowest limit whose mean weight is at least the quantile; where none is, the highest one below `last` that some
// structure allows; `last` where no structure does. means[e] is the mean incremental weight of the limit e.
std::int64_t TreeSplitting::next_limit(const std::vector<double>& means, std::int64_t last,
                                       double quantile) const {
  for (std::int64_t e = limit_; e < last; ++e)
    if (means[static_cast<std::size_t>(e)] >= quantile) return e;
  return last > limit_ && means[static_cast<std::size_t>(last) - 1] > 0 ? last - 1 : last;
}

TreeSplitting::Weighed TreeSplitting::weigh(const State& state, std::int64_t population,
                                            Workspace& work) const {
  const std::int64_t count = options_.particles, last = state.limits[static_cast<std::size_t>(population)];
  Weighed weighed;
  weighed.means.assign(static_cast<std::size_t>(last) + 1, 0);
  for (std::int64_t k = 0; k < count; ++k) {
    weighed.particles.push_back(load(state, population * count + k));
    const std::int64_t least = work.count(*this, weighed.particles.back());
    const auto own = work.labels.shares(work.leaves(), records_.classes(), last - least);
    weighed.least.push_back(least);
    weighed.shares.emplace_back(own.begin(), own.end());
    for (std::size_t s = 0; s < own.size(); ++s)
      weighed.means[static_cast<std::size_t>(least) + s] += own[s] / own.back() / static_cast<double>(count);
  }
  return weighed;
}

// `options_.moves` Metropolis steps from a structure with the given share at the limit.
TreeSplitting::Moved TreeSplitting::move(Draws& here, double share, std::int64_t limit, double step,
                                         Workspace& work, Stream& random) const {
  Moved moved{.acceptance = 0, .best_errors = records_.total() + 1};
  for (std::int64_t move = 0; move < options_.moves; ++move) {
    Draws proposal = here;
    change(proposal, step, random);
    const std::int64_t least = work.count(*this, proposal);
    moved.best_errors = std::min(moved.best_errors, least);
    const double proposed =
        least > limit ? 0 : work.labels.shares(work.leaves(), records_.classes(), limit - least).back();
    if (uniform(random) * share >= proposed) continue;
    here = std::move(proposal);
    share = proposed;
    moved.acceptance += 1 / static_cast<double>(options_.moves);
  }
  return moved;
}

TreeSplitting::Moved TreeSplitting::run_level(State& state, std::int64_t population, double quantile,
                                              double step, const Moment& now) const {
  const auto at = static_cast<std::size_t>(population);
  Workspace work(records_, depth_);
  const Weighed weighed = weigh(state, population, work);
  const std::int64_t last = state.limits[at];
  const std::int64_t limit = last <= limit_ ? limit_ : next_limit(weighed.means, last, quantile);
  state.stalled[at] = limit < last ? 0 : state.stalled[at] + 1;
  if (state.stalled[at] >= stalls_allowed) state.finished[at] = stuck;
  state.log_ratios[at] += std::log(weighed.means[static_cast<std::size_t>(limit)]);
  state.limits[at] = limit;
  if (limit <= limit_) state.finished[at] = arrived;

  std::vector<double> weights, shares;
  for (std::size_t k = 0; k < weighed.particles.size(); ++k) {
    const std::int64_t extra = limit - weighed.least[k];
    shares.push_back(extra < 0 ? 0 : weighed.shares[k][static_cast<std::size_t>(extra)]);
    weights.push_back(shares.back() / weighed.shares[k].back());
  }
  Stream resampling = tree_population_stream(now, "tree_splitting.resample", population);
  Stream moves = tree_population_stream(now, "tree_splitting.moves", population);
  Moved total{.acceptance = 0, .best_errors = *std::ranges::min_element(weighed.least)};
  std::int64_t particle = population * options_.particles;
  for (const std::size_t from : systematic_positions(weights, resampling)) {
    Draws here = weighed.particles[from];
    const Moved moved = move(here, shares[from], limit, step, work, moves);
    store(state, particle++, here);
    total.acceptance += moved.acceptance / static_cast<double>(options_.particles);
    total.best_errors = std::min(total.best_errors, moved.best_errors);
  }
  return total;
}

void TreeSplitting::advance(State& state, const Moment& now) const {
  const std::vector<Moved> results =
      advance_level(options_, state, now, [&](std::int64_t population, double quantile, double step) {
        return run_level(state, population, quantile, step, now);
      });
  for (const Moved& result : results) state.best_errors = std::min(state.best_errors, result.best_errors);
}

bool TreeSplitting::finished(const State& state) const {
  return state.level >= options_.levels ||
         std::ranges::all_of(state.finished, [](auto done) { return done != 0; });
}

void TreeSplitting::measure(const State& state, Row& row) const {
  double threshold = 0;
  for (const std::int64_t limit : state.limits)
    threshold += static_cast<double>(limit) / static_cast<double>(records_.total() * options_.populations);
  const RatioEstimate so_far = mean_of_logs(state.log_ratios);
  row.add("level", static_cast<double>(state.level));
  row.add("threshold", threshold);
  row.add("acceptance", state.acceptance);
  row.add("log10_ratio", so_far.log10_ratio);
  row.add("log10_error", so_far.log10_error);
  row.add("best_loss", static_cast<double>(state.best_errors) / static_cast<double>(records_.total()));
}

RatioEstimate TreeSplitting::ratio(const State& state, std::int64_t errors) const {
  const int classes = records_.classes();
  const std::vector<double> logs = parallel_map(options_.populations, [&](std::int64_t population) {
    const auto at = static_cast<std::size_t>(population);
    if (state.finished[at] != arrived) return -std::numeric_limits<double>::infinity();
    if (errors >= limit_) return state.log_ratios[at];
    Workspace work(records_, depth_);
    double sum = 0;  // of the shares that remain at the lower limit
    for (std::int64_t k = 0; k < options_.particles; ++k) {
      const std::int64_t least = work.count(*this, load(state, population * options_.particles + k));
      if (least > errors) continue;
      const auto own = work.labels.shares(work.leaves(), classes, limit_ - least);
      sum += own[static_cast<std::size_t>(errors - least)] / own.back();
    }
    return state.log_ratios[at] + std::log(sum / static_cast<double>(options_.particles));
  });
  RatioEstimate estimate = mean_of_logs(logs);
  // Where nobody arrived the ratio is at most what they had come to.
  if (!std::isfinite(estimate.log10_ratio)) estimate.log10_upper = mean_of_logs(state.log_ratios).log10_upper;
  return estimate;
}

std::vector<DecisionTree> TreeSplitting::members(const State& state, std::int64_t count) const {
  std::vector<DecisionTree> trees;
  Workspace work(records_, depth_);
  // Round robin over the populations, so that few members come from many ancestors.
  for (std::int64_t k = 0; k < options_.particles; ++k)
    for (std::int64_t population = 0; population < options_.populations; ++population) {
      if (static_cast<std::int64_t>(trees.size()) >= count) return trees;
      if (state.finished[static_cast<std::size_t>(population)] != arrived) continue;
      const std::int64_t particle = population * options_.particles + k;
      const std::int64_t extra = limit_ - work.count(*this, load(state, particle));
      Stream random(Seed{}, lane("tree_splitting.members"), static_cast<std::uint64_t>(particle));
      trees.push_back(labelled_tree(records_, work.structure, depth_, work.leaves(),
                                    work.labels.draw(work.leaves(), records_.classes(), extra, random)));
    }
  return trees;
}

}  // namespace lehr::stats
