#include "lehr/cluster/separable_set.hpp"

#include <algorithm>

#include "lehr/cluster/scores.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::cluster {

namespace {

constexpr Index sets_of_step = 8;

}  // namespace

SetScore score_of(const ColumnPoints& source, const std::vector<Index>& columns, const PppOptions& options,
                  Seed seed) {
  Eigen::VectorXd floor(static_cast<Index>(columns.size()));
  for (Index j = 0; j < floor.size(); ++j) floor[j] = source.floor[columns[static_cast<std::size_t>(j)]];
  const ValidationRules rules = validation_rules(options, source.rows, floor);
  const WeightedPoints points = source.points(columns, rules.shape);
  const Ppp method(points, rules);
  const Ppp::State state = drive(method, Budget{}, seed).state;
  SetScore found{.columns = columns, .clusters = state.clusters, .score = method.separability(state)};
  if (state.clusters > 1)
    found.clarity =
        posterior_clarity(stats::MixtureDensity(state.mixture).posteriors(points), points.weights);
  return found;
}

SeparableSet::SeparableSet(const ColumnPoints& source, PppOptions ppp, SeparableSetOptions options)
    : source_(&source), ppp_(std::move(ppp)), options_(options) {
  if (source.floor.size() == 0) throw InvalidInput("separable set: no columns");
  if (options_.most < 1)
    throw InvalidInput("separable set: expected at least 1 column, found {}", options_.most);
}

SeparableSet::State SeparableSet::start(const Moment&) const {
  State state;
  state.tested.resize(3, 0);
  return state;
}

std::vector<std::vector<Index>> SeparableSet::sets_of_round(const State& state) const {
  const Index columns = source_->floor.size();
  std::vector<std::vector<Index>> sets;
  if (state.pairs) {
    for (Index a = 0; a < columns; ++a)
      for (Index b = a + 1; b < columns; ++b) sets.push_back({a, b});
    return sets;
  }
  const std::vector<Index> chosen(state.chosen.begin(), state.chosen.end());
  for (Index j = 0; j < columns; ++j) {
    if (std::ranges::find(chosen, j) != chosen.end()) continue;
    sets.push_back(chosen);
    sets.back().push_back(j);
  }
  return sets;
}

void SeparableSet::advance(State& state, const Moment& now) const {
  const std::vector<std::vector<Index>> sets = sets_of_round(state);
  const Index from = state.tested.cols();
  const Index to = std::min(from + sets_of_step, static_cast<Index>(sets.size()));
  const std::vector<SetScore> found = parallel_map(to - from, [&](std::int64_t i) {
    return score_of(*source_, sets[static_cast<std::size_t>(from + i)], ppp_, now.seed);
  });
  state.tested.conservativeResize(3, to);
  for (Index i = from; i < to; ++i) {
    const SetScore& own = found[static_cast<std::size_t>(i - from)];
    state.tested.col(i) << own.clusters, own.score, own.clarity;
  }
  now.spend(to - from);
  if (to == static_cast<Index>(sets.size())) end_round(state, sets);
}

void SeparableSet::end_round(State& state, const std::vector<std::vector<Index>>& sets) const {
  Index best = -1;
  const double wanted = state.chosen.empty() ? 0 : (1 + options_.growth) * state.scores.back();
  double highest = wanted;
  for (Index i = 0; i < state.tested.cols(); ++i)
    if (state.tested(1, i) > highest) best = i, highest = state.tested(1, i);
  const Index columns = source_->floor.size();
  if (best >= 0) {
    for (const Index column : sets[static_cast<std::size_t>(best)]) {
      if (std::ranges::find(state.chosen, static_cast<int>(column)) != state.chosen.end()) continue;
      state.chosen.push_back(static_cast<int>(column));
      state.scores.push_back(highest);
      state.clusters.push_back(static_cast<int>(state.tested(0, best)));
      state.clarities.push_back(state.tested(2, best));
    }
    state.over = static_cast<Index>(state.chosen.size()) >= std::min<Index>(options_.most, columns);
    state.from_pair = state.from_pair || state.pairs;
    state.pairs = false;
  } else {
    const bool try_pairs = state.chosen.empty() && !state.pairs && options_.most >= 2 && columns >= 2 &&
                           columns <= options_.pair_columns;
    state.pairs = try_pairs;
    state.over = !try_pairs;
  }
  state.tested.resize(3, 0);
}

void SeparableSet::measure(const State& state, Row& row) const {
  row.add("columns", static_cast<double>(state.chosen.size()));
  row.add("clusters", state.clusters.empty() ? 1 : state.clusters.back());
  row.add("score", state.scores.empty() ? 0 : state.scores.back());
  row.add("tried", static_cast<double>(state.tested.cols()));
}

std::vector<SetScore> SeparableSet::path(const State& state) const {
  std::vector<SetScore> sets;
  for (std::size_t i = state.from_pair ? 1 : 0; i < state.chosen.size(); ++i)
    sets.push_back(
        {.columns = {state.chosen.begin(), state.chosen.begin() + static_cast<std::ptrdiff_t>(i) + 1},
         .clusters = state.clusters[i],
         .score = state.scores[i],
         .clarity = state.clarities[i]});
  return sets;
}

}  // namespace lehr::cluster
