#include "lehr/diffusion/search/subset_evolution.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "lehr/core/errors.hpp"

namespace lehr::diffusion {
namespace {

constexpr std::int64_t patience = 3;  // generations without progress before stage 2
constexpr std::int64_t stage1 = 5;    // generations of stage 1 at most
constexpr int most_trials = 200;      // for a child that is new and affordable

using Key = std::pair<std::vector<std::int64_t>, std::vector<std::uint32_t>>;
Key key_of(const Subset& subset) { return {subset.times, subset.skips}; }

// Falling times with their skips.
void sort_falling(Subset& subset) {
  std::vector<std::size_t> order(subset.times.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return subset.times[a] > subset.times[b]; });
  Subset sorted;
  for (const std::size_t i : order) {
    sorted.times.push_back(subset.times[i]);
    if (!subset.skips.empty()) sorted.skips.push_back(subset.skips[i]);
  }
  subset = std::move(sorted);
}

bool contains(const std::vector<std::int64_t>& times, std::int64_t t) {
  return std::ranges::find(times, t) != times.end();
}

}  // namespace

void SubsetEvolutionOptions::describe(OptionTable& table) {
  table.add("population", population, "candidates of a generation").range(2, 1e6);
  table.add("select", select, "best candidates that have children").range(1, 1e6);
  table.add("mutation", mutation, "children by mutation in a generation").range(0, 1e6);
  table.add("crossover", crossover, "children by crossover in a generation").range(0, 1e6);
  table.add("evaluations", evaluations, "candidates to evaluate in all").range(1, 1e9);
  table.add("mutation_rate", mutation_rate, "probability with which a gene of a child changes").range(0, 1);
  table
      .add("first_mutation_rate", first_mutation_rate,
           "the same for the first population's mutations of the given list")
      .range(0, 1);
  table.add("max_skip", max_skip, "largest share of blocks that a joint search skips").range(0, 1);
}

SubsetEvolution::SubsetEvolution(const SubsetEvolutionOptions& options, std::int64_t total, Subset initial,
                                 Evaluate evaluate, int blocks, std::int64_t block_budget)
    : options_(options),
      total_(total),
      initial_(std::move(initial)),
      evaluate_(std::move(evaluate)),
      blocks_(blocks),
      block_budget_(block_budget) {
  const auto count = static_cast<std::int64_t>(initial_.times.size());
  if (count < 1 || count > total) throw InvalidInput("step search: {} steps of {} times", count, total);
  sort_falling(initial_);
  for (std::size_t i = 0; i < initial_.times.size(); ++i)
    if (initial_.times[i] < 0 || initial_.times[i] >= total ||
        (i > 0 && initial_.times[i] == initial_.times[i - 1]))
      throw InvalidInput("step search: the first list must have distinct times in 0 .. {}", total - 1);
  if (blocks < 0 || blocks > 32) throw InvalidInput("step search: {} blocks; 0 to 32 can be skipped", blocks);
  if (blocks > 0 && block_budget < blocks)
    throw InvalidInput("step search: a budget of {} blocks is less than one full step of {}", block_budget,
                       blocks);
  if (blocks > 0) initial_.skips.assign(initial_.times.size(), 0);
  if (!affordable(initial_))
    throw InvalidInput("step search: the first list costs more than {} blocks", block_budget);
}

bool SubsetEvolution::affordable(const Subset& candidate) const {
  if (blocks_ == 0) return true;
  std::int64_t cost = 0;
  for (const std::uint32_t skip : candidate.skips) cost += blocks_ - std::popcount(skip);
  return cost <= block_budget_ && !candidate.times.empty();
}

std::uint32_t SubsetEvolution::random_skips(double share, Stream& random) const {
  std::uint32_t skips = 0;
  for (int b = 0; b < blocks_; ++b)
    if (uniform(random) < share) skips |= 1u << b;
  return skips;
}

double SubsetEvolution::skip_share(const State& state) const {
  return state.stage2 == 0 ? 0 : std::min(1.0, static_cast<double>(state.stage2) / 5) * options_.max_skip;
}

Subset SubsetEvolution::random_subset(double share, Stream& random) const {
  Subset subset;
  std::int64_t cost = 0;
  while (static_cast<std::int64_t>(subset.times.size()) < total_) {
    const std::uint32_t skips = random_skips(share, random);
    cost += blocks_ - std::popcount(skips);
    // With a budget of blocks, steps are drawn until it is spent; else their number is given.
    if (blocks_ > 0 ? cost > block_budget_ : subset.times.size() == initial_.times.size()) break;
    std::int64_t t = uniform_index(random, total_);
    while (contains(subset.times, t)) t = uniform_index(random, total_);
    subset.times.push_back(t);
    if (blocks_ > 0) subset.skips.push_back(skips);
  }
  sort_falling(subset);
  return subset;
}

Subset SubsetEvolution::mutated(const Subset& parent, double rate, double share, Stream& random) const {
  Subset child = parent;
  for (std::size_t i = 0; i < child.times.size(); ++i) {
    if (uniform(random) < rate && static_cast<std::int64_t>(child.times.size()) < total_) {
      std::int64_t t = uniform_index(random, total_);
      while (contains(child.times, t)) t = uniform_index(random, total_);
      child.times[i] = t;
    }
    if (blocks_ > 0 && uniform(random) < rate) child.skips[i] = random_skips(share, random);
  }
  // Blocks that were saved may pay for another step.
  if (blocks_ > 0 && share > 0 && uniform(random) < rate &&
      static_cast<std::int64_t>(child.times.size()) < total_) {
    Subset longer = child;
    std::int64_t t = uniform_index(random, total_);
    while (contains(longer.times, t)) t = uniform_index(random, total_);
    longer.times.push_back(t);
    longer.skips.push_back(random_skips(share, random));
    if (affordable(longer)) child = std::move(longer);
  }
  sort_falling(child);
  return child;
}

Subset SubsetEvolution::crossed(const Subset& a, const Subset& b, Stream& random) const {
  const std::size_t count = uniform(random) < 0.5 ? a.times.size() : b.times.size();
  Subset child;
  for (std::size_t i = 0; i < count; ++i) {
    const Subset& from = (uniform(random) < 0.5 && i < a.times.size()) || i >= b.times.size() ? a : b;
    if (contains(child.times, from.times[i])) return {};  // the same time twice: beta' = 0
    child.times.push_back(from.times[i]);
    if (blocks_ > 0) child.skips.push_back(from.skips[i]);
  }
  sort_falling(child);
  return child;
}

// Evaluates as many of the candidates as the budget allows.
void SubsetEvolution::add(State& state, const std::vector<Subset>& candidates, const Moment& now) const {
  for (const Subset& candidate : candidates) {
    if (finished(state)) return;
    const double value = evaluate_(candidate);
    now.spend(1);
    if (state.values.empty() || value < state.best) state.best = value, state.stalled = -1;
    state.values.push_back(value);
    state.lengths.push_back(static_cast<std::int64_t>(candidate.times.size()));
    state.times.insert(state.times.end(), candidate.times.begin(), candidate.times.end());
    state.skips.insert(state.skips.end(), candidate.skips.begin(), candidate.skips.end());
  }
}

SubsetEvolution::State SubsetEvolution::start(const Moment&) const { return {}; }

void SubsetEvolution::advance(State& state, const Moment& now) const {
  Stream random = now.random(lane("step_search"));
  std::set<Key> known;
  for (std::size_t i = 0; i < state.values.size(); ++i) known.insert(key_of(member(state, i)));
  std::vector<Subset> next;
  const auto offer = [&](const Subset& candidate) {
    if (candidate.times.empty() || !affordable(candidate)) return false;
    if (!known.insert(key_of(candidate)).second) return ++state.duplicates, false;
    next.push_back(candidate);
    return true;
  };
  const auto fill = [&](std::int64_t count, auto make) {
    for (std::int64_t made = 0, trials = 0; made < count && trials < most_trials * (count + 1); ++trials)
      if (offer(make())) ++made;
  };
  const double share = skip_share(state);
  if (state.values.empty()) {
    offer(initial_);
    fill(options_.population / 2, [&] { return random_subset(0, random); });
    fill(options_.population - static_cast<std::int64_t>(next.size()),
         [&] { return mutated(initial_, options_.first_mutation_rate, 0, random); });
  } else {
    std::vector<Subset> parents;
    for (const std::size_t index : ranking(state)) {
      if (static_cast<std::int64_t>(parents.size()) == options_.select) break;
      parents.push_back(member(state, index));
    }
    const auto parent = [&] {
      return parents[static_cast<std::size_t>(
          uniform_index(random, static_cast<std::int64_t>(parents.size())))];
    };
    fill(options_.mutation, [&] { return mutated(parent(), options_.mutation_rate, share, random); });
    fill(options_.crossover, [&] { return crossed(parent(), parent(), random); });
    fill(options_.population - static_cast<std::int64_t>(next.size()),
         [&] { return random_subset(share, random); });
  }
  if (next.empty())
    throw NumericalFailure("step search: generation {} found no new candidate; all may have been tried",
                           state.generation + 1);
  add(state, next, now);
  ++state.stalled;
  ++state.generation;
  if (blocks_ > 0 && (state.stage2 > 0 || state.stalled >= patience || state.generation >= stage1))
    ++state.stage2;
}

void SubsetEvolution::measure(const State& state, Row& row) const {
  if (state.values.empty()) return;
  std::vector<double> sorted = state.values;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  row.add("evaluated", static_cast<double>(state.values.size()));
  row.add("best", std::min(state.best, std::numeric_limits<double>::max()));
  row.add("median", std::min(*middle, std::numeric_limits<double>::max()));
  row.add("duplicates", static_cast<double>(state.duplicates));
  row.add("skip_share", skip_share(state));
}

Subset SubsetEvolution::member(const State& state, std::size_t index) const {
  const std::int64_t from = std::accumulate(
      state.lengths.begin(), state.lengths.begin() + static_cast<std::ptrdiff_t>(index), std::int64_t{0});
  const std::int64_t length = state.lengths[index];
  Subset subset;
  subset.times.assign(state.times.begin() + from, state.times.begin() + from + length);
  if (!state.skips.empty())
    subset.skips.assign(state.skips.begin() + from, state.skips.begin() + from + length);
  return subset;
}

std::vector<std::size_t> SubsetEvolution::ranking(const State& state) const {
  std::vector<std::size_t> order(state.values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order,
                           [&](std::size_t a, std::size_t b) { return state.values[a] < state.values[b]; });
  return order;
}

Subset SubsetEvolution::best(const State& state) const {
  if (state.values.empty()) return initial_;
  return member(state, ranking(state).front());
}

}  // namespace lehr::diffusion
