#include "lehr/stats/rashomon/tree_sampling.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::stats {
namespace {

constexpr std::int64_t structure_batch = 4096, structure_block = 64;
constexpr std::size_t most_candidates = 50'000;

// Draws labels and adds the tree's weight, prod (1 / C) / q, in logarithms.
double draw_labels(const std::vector<std::int32_t>& counts, int classes, double flip, Stream& random,
                   std::vector<int>& labels) {
  const double C = classes;
  labels = majority_labels(counts, classes);
  double log_weight = 0;
  for (std::size_t leaf = 0; leaf < labels.size(); ++leaf) {
    const auto begin = counts.begin() + static_cast<std::ptrdiff_t>(leaf) * classes;
    if (std::all_of(begin, begin + classes, [](std::int32_t n) { return n == 0; })) continue;
    if (uniform(random) < flip) {
      labels[leaf] = static_cast<int>((labels[leaf] + 1 + uniform_index(random, classes - 1)) % classes);
      log_weight += std::log((C - 1) / (C * flip));
    } else {
      log_weight -= std::log(C * (1 - flip));
    }
  }
  return log_weight;
}

}  // namespace

// What a block of structures adds to each depth.
struct TreeSampling::Partial {
  std::vector<Depth> depths;
};

TreeSampling::TreeSampling(const TreeRecords& records, std::vector<std::int64_t> limits,
                           const TreeSamplingOptions& options)
    : records_(records), limits_(std::move(limits)), options_(options) {
  if (options_.depth < 1 || options_.depth > deepest_tree)
    throw InvalidInput("tree sampling: the depth must be in [1, {}], found {}", deepest_tree, options_.depth);
  if (options_.samples < 1)
    throw InvalidInput("tree sampling: samples must be at least 1, found {}", options_.samples);
  if (!(options_.flip > 0 && options_.flip < 1))
    throw InvalidInput("tree sampling: flip must be in (0, 1), found {}", options_.flip);
  if (!(options_.prior.depth_penalty > 0 && options_.prior.depth_penalty <= 1))
    throw InvalidInput("tree sampling: the depth penalty must be in (0, 1], found {}",
                       options_.prior.depth_penalty);
  if (static_cast<int>(limits_.size()) != options_.depth)
    throw InvalidInput("tree sampling: {} limits for {} depths", limits_.size(), options_.depth);
  for (std::int64_t& limit : limits_) limit = std::clamp<std::int64_t>(limit, 0, records.total());
  // The naive estimator is the importance sampler whose proposal is the prior.
  if (options_.estimator == TreeEstimator::naive) options_.flip = 1 - 1.0 / records.classes();
}

TreeSampling::State TreeSampling::start(const Moment& now) const {
  State state{.seed = now.seed, .structures = 0, .depths = {}};
  for (int d = 1; d <= options_.depth; ++d)
    state.depths.push_back({.errors = RatioAccumulator(limits_[static_cast<std::size_t>(d) - 1],
                                                       LeafLabels::log_scale(d, records_.classes())),
                            .best_errors = records_.total() + 1,
                            .best_structure = 0,
                            .candidates = {},
                            .candidate_errors = {},
                            .stride = 1});
  return state;
}

void TreeSampling::add_draw(const LeafCounts& counts, int d, Seed seed, std::uint64_t number,
                            LeafLabels& labels, Partial& partial) const {
  Depth& depth = partial.depths[static_cast<std::size_t>(d) - 1];
  const std::vector<std::int32_t>& leaves = counts.at(d);
  const int classes = records_.classes();
  const std::int64_t least = least_errors(leaves, classes), limit = limits_[static_cast<std::size_t>(d) - 1];
  if (least < depth.best_errors) depth.best_errors = least, depth.best_structure = number;
  if (least <= limit) depth.candidates.push_back(number), depth.candidate_errors.push_back(least);
  if (options_.estimator == TreeEstimator::rao_blackwell) {
    if (least > limit) return depth.errors.add_nothing();
    return depth.errors.add(least, labels.shares(leaves, classes, limit - least));
  }
  Stream random(seed, lane("rashomon.labels") + static_cast<std::uint64_t>(d), number);
  std::vector<int> drawn;
  const double log_weight = draw_labels(leaves, classes, options_.flip, random, drawn);
  const std::vector<double> weight{std::exp(log_weight + LeafLabels::log_scale(d, classes))};
  depth.errors.add(errors_of(leaves, classes, drawn), weight);
}

TreeSampling::Partial TreeSampling::sample(std::int64_t first, std::int64_t last, Seed seed) const {
  Partial partial{start({.seed = seed}).depths};
  LeafCounts counts(records_, options_.depth);
  LeafLabels labels;
  SplitStructure structure;
  for (std::int64_t number = first; number < last; ++number) {
    draw_structure(records_, options_.prior, options_.depth, seed, static_cast<std::uint64_t>(number),
                   structure);
    counts.count(records_, structure);
    for (int d = 1; d <= options_.depth; ++d)
      add_draw(counts, d, seed, static_cast<std::uint64_t>(number), labels, partial);
  }
  return partial;
}

void TreeSampling::advance(State& state, const Moment& now) const {
  const std::int64_t from = state.structures;
  const std::int64_t count = std::min(structure_batch, options_.samples - from);
  state = parallel_reduce(
      count, structure_block, std::move(state),
      [&](std::int64_t first, std::int64_t last) { return sample(from + first, from + last, now.seed); },
      [&](State total, Partial partial) {
        for (std::size_t d = 0; d < total.depths.size(); ++d) {
          Depth& sum = total.depths[d];
          Depth& part = partial.depths[d];
          sum.errors.add(part.errors);
          if (part.best_errors < sum.best_errors)
            sum.best_errors = part.best_errors, sum.best_structure = part.best_structure;
          sum.candidates.insert(sum.candidates.end(), part.candidates.begin(), part.candidates.end());
          sum.candidate_errors.insert(sum.candidate_errors.end(), part.candidate_errors.begin(),
                                      part.candidate_errors.end());
        }
        return total;
      });
  for (int d = 1; d <= options_.depth; ++d) keep_candidates(state.depths[static_cast<std::size_t>(d) - 1], d);
  state.structures += count;
  now.spend(count);
}

// Bounds the memory of candidates: those beyond the limit that the best tree leaves go first, then every other one.
void TreeSampling::keep_candidates(Depth& depth, int d) const {
  const std::int64_t limit = limits_[static_cast<std::size_t>(d) - 1];
  const auto thin = [&] {
    std::size_t kept = 0;
    for (std::size_t k = 0; k < depth.candidates.size(); ++k) {
      if (depth.candidate_errors[k] > limit || depth.candidates[k] % depth.stride != 0) continue;
      depth.candidates[kept] = depth.candidates[k];
      depth.candidate_errors[kept++] = depth.candidate_errors[k];
    }
    depth.candidates.resize(kept), depth.candidate_errors.resize(kept);
  };
  thin();
  while (depth.candidates.size() > most_candidates) depth.stride *= 2, thin();
}

void TreeSampling::measure(const State& state, Row& row) const {
  const Depth& deepest = state.depths.back();
  row.add("structures", static_cast<double>(state.structures));
  row.add("best_errors", static_cast<double>(deepest.best_errors));
  const RatioEstimate ratio = deepest.errors.estimate(deepest.errors.limit());
  if (std::isfinite(ratio.log10_ratio)) row.add("log10_ratio", ratio.log10_ratio);
}

DecisionTree TreeSampling::best_tree(const State& state, int depth) const {
  SplitStructure structure;
  LeafCounts counts(records_, depth);
  draw_structure(records_, options_.prior, depth, state.seed,
                 state.depths[static_cast<std::size_t>(depth) - 1].best_structure, structure);
  counts.count(records_, structure);
  return labelled_tree(records_, structure, depth, counts.at(depth),
                       majority_labels(counts.at(depth), records_.classes()));
}

TreeSampling::Members TreeSampling::members(const State& state, int depth, std::int64_t limit,
                                            std::int64_t count) const {
  const Depth& found = state.depths[static_cast<std::size_t>(depth) - 1];
  const int classes = records_.classes();
  LeafCounts counts(records_, depth);
  LeafLabels labels;
  SplitStructure structure;
  const auto recall = [&](std::uint64_t number) {
    draw_structure(records_, options_.prior, depth, state.seed, number, structure);
    counts.count(records_, structure);
  };
  std::vector<std::uint64_t> numbers;
  std::vector<double> cumulative;
  double total = 0, squares = 0;
  for (std::size_t k = 0; k < found.candidates.size(); ++k) {
    if (found.candidate_errors[k] > limit) continue;
    recall(found.candidates[k]);
    const double share = labels.shares(counts.at(depth), classes, limit - found.candidate_errors[k]).back();
    total += share, squares += share * share;
    numbers.push_back(found.candidates[k]), cumulative.push_back(total);
  }
  Members members;
  if (numbers.empty()) return members;
  members.effective_structures = total * total / squares;
  for (std::int64_t m = 0; m < count; ++m) {
    Stream random(state.seed, lane("rashomon.members"), static_cast<std::uint64_t>(m));
    const double point = uniform(random) * total;
    const auto chosen = std::min<std::size_t>(
        numbers.size() - 1,
        static_cast<std::size_t>(std::ranges::upper_bound(cumulative, point) - cumulative.begin()));
    recall(numbers[chosen]);
    const std::vector<std::int32_t>& leaves = counts.at(depth);
    members.trees.push_back(
        labelled_tree(records_, structure, depth, leaves,
                      labels.draw(leaves, classes, limit - least_errors(leaves, classes), random)));
  }
  return members;
}

}  // namespace lehr::stats
