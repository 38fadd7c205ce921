#include "lehr/tour/heatmap/tuning.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/linalg/dense.hpp"
#include "lehr/tour/heatmap/heatmap_mcts.hpp"

namespace lehr::tour {

namespace {

constexpr std::array<double, 3> alpha_levels = {0, 1, 2}, beta_levels = {10, 100, 150},
                                pool_levels = {2, 5, 10};
constexpr std::array<double, 4> candidate_levels = {5, 20, 50, 0}, depth_levels = {10, 50, 100, 200};
constexpr std::array<double, 2> heat_levels = {0, 1};
constexpr MctsLevels public_default = {1, 0, 2, 3, 1, 0};

// The column of a level in the surrogate's design: 0 is the mean, then the levels of all factors one after
// another.
Eigen::Index design_column(std::size_t factor, std::int32_t level) {
  Eigen::Index column = 1;
  for (std::size_t j = 0; j < factor; ++j) column += static_cast<Eigen::Index>(factor_levels(j).size());
  return column + level;
}

Eigen::MatrixXd design_of(std::span<const MctsLevels> settings) {
  const Eigen::Index columns = design_column(tuned_factors, 0);
  Eigen::MatrixXd design = Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(settings.size()), columns);
  for (std::size_t t = 0; t < settings.size(); ++t) {
    const auto row = static_cast<Eigen::Index>(t);
    design(row, 0) = 1;
    for (std::size_t j = 0; j < tuned_factors; ++j) design(row, design_column(j, settings[t][j])) = 1;
  }
  return design;
}

// v(S) for every subset S, as a bit mask of known factors.
std::vector<double> subset_means(std::span<const MctsLevels> space, std::span<const double> values,
                                 const MctsLevels& at) {
  std::vector<double> means;
  for (unsigned known = 0; known < 1U << tuned_factors; ++known) {
    double sum = 0;
    std::int64_t count = 0;
    for (std::size_t i = 0; i < space.size(); ++i) {
      bool agrees = true;
      for (std::size_t j = 0; j < tuned_factors; ++j)
        agrees = agrees && ((known >> j & 1U) == 0 || space[i][j] == at[j]);
      if (agrees) sum += values[i], ++count;
    }
    if (count == 0) throw InvalidInput("tune: the setting is not in the space");
    means.push_back(sum / static_cast<double>(count));
  }
  return means;
}

}  // namespace

std::span<const double> factor_levels(std::size_t factor) {
  switch (factor) {
    case 0:
      return alpha_levels;
    case 1:
      return beta_levels;
    case 2:
      return pool_levels;
    case 3:
      return candidate_levels;
    case 4:
      return heat_levels;
    default:
      return depth_levels;
  }
}

MctsSettings settings_at(const MctsLevels& levels) {
  const auto value = [&](std::size_t factor) {
    return factor_levels(factor)[static_cast<std::size_t>(levels[factor])];
  };
  MctsSettings settings;
  settings.alpha = value(0);
  settings.beta = value(1);
  settings.pool = value(2);
  settings.candidates = static_cast<std::int64_t>(value(3));
  settings.use_heatmap = value(4) != 0;
  settings.depth = value(5);
  return settings;
}

std::vector<MctsLevels> tuning_space(bool heat) {
  std::vector<MctsLevels> space = {MctsLevels{}};
  for (std::size_t j = 0; j < tuned_factors; ++j) {
    std::vector<MctsLevels> longer;
    const std::size_t levels = j == 4 && !heat ? 1 : factor_levels(j).size();
    for (MctsLevels setting : space)
      for (std::size_t level = 0; level < levels; ++level) {
        setting[j] = static_cast<std::int32_t>(level);
        longer.push_back(setting);
      }
    space = std::move(longer);
  }
  return space;
}

std::array<double, tuned_factors> shapley_values(std::span<const MctsLevels> space,
                                                 std::span<const double> values, const MctsLevels& at) {
  const std::vector<double> means = subset_means(space, values, at);
  std::array<double, tuned_factors> factorials = {1, 1, 2, 6, 24, 120};
  std::array<double, tuned_factors> phi{};
  for (std::size_t j = 0; j < tuned_factors; ++j)
    for (unsigned known = 0; known < means.size(); ++known) {
      if ((known >> j & 1U) != 0) continue;
      const auto size = static_cast<std::size_t>(std::popcount(known));
      phi[j] += factorials[size] * factorials[5 - size] / 720 * (means[known | 1U << j] - means[known]);
    }
  return phi;
}

TuningSurrogate fit_surrogate(std::span<const MctsLevels> space, std::span<const MctsLevels> trials,
                              std::span<const double> losses) {
  if (trials.size() != losses.size() || trials.size() < 2)
    throw InvalidInput("tune: a surrogate needs at least 2 trials and a loss for each");
  const Eigen::MatrixXd design = design_of(trials);
  const Eigen::Map<const Eigen::VectorXd> y(losses.data(), static_cast<Eigen::Index>(losses.size()));
  // A ridge of a tenth of a trial per level: the levels of a factor sum to the mean's column, so some is
  // needed.
  Eigen::MatrixXd normal = design.transpose() * design;
  normal.diagonal().tail(normal.rows() - 1).array() += 0.1;
  const Eigen::VectorXd effects = linalg::solve_semidefinite(normal, Eigen::VectorXd(design.transpose() * y));
  const Eigen::VectorXd fitted = design_of(space) * effects;
  TuningSurrogate surrogate;
  surrogate.values.assign(fitted.data(), fitted.data() + fitted.size());
  const double variance = (y.array() - y.mean()).square().sum();
  surrogate.explained = variance > 0 ? 1 - (y - design * effects).squaredNorm() / variance : 1;
  return surrogate;
}

MctsTuning::MctsTuning(std::vector<TrainingInstance> instances, std::int64_t trials, Budget each)
    : instances_(std::move(instances)), trials_(trials), each_(std::move(each)) {
  if (instances_.empty()) throw InvalidInput("tune: no training instance");
  if (each_.empty()) throw InvalidInput("tune: each run needs a budget");
  const bool heat =
      std::ranges::none_of(instances_, [](const TrainingInstance& t) { return t.heatmap->is_zero(); });
  space_ = tuning_space(heat);
  if (trials_ < 1) throw InvalidInput("tune: {} trials; at least 1", trials_);
  trials_ = std::min(trials_, static_cast<std::int64_t>(space_.size()));
}

MctsTuning::State MctsTuning::start(const Moment& now) const {
  State state;
  std::vector<std::int32_t> places(space_.size());
  std::iota(places.begin(), places.end(), 0);
  const auto known = std::ranges::find(space_, public_default);
  std::size_t fixed = 0;
  if (known != space_.end())
    std::swap(places[fixed++], places[static_cast<std::size_t>(known - space_.begin())]);
  Stream random(now.seed, lane("tour.tune"));
  for (std::size_t i = fixed; i < static_cast<std::size_t>(trials_); ++i) {
    const auto left = static_cast<std::int64_t>(places.size() - i);
    std::swap(places[i], places[i + static_cast<std::size_t>(uniform_index(random, left))]);
  }
  places.resize(static_cast<std::size_t>(trials_));
  state.trials = std::move(places);
  return state;
}

void MctsTuning::advance(State& state, const Moment& now) const {
  const std::size_t trial = state.lengths.size() / instances_.size();
  const MctsSettings settings = settings_at(space_[static_cast<std::size_t>(state.trials[trial])]);
  const std::vector<double> lengths =
      parallel_map(static_cast<std::int64_t>(instances_.size()), [&](std::int64_t i) {
        const auto& [instance, heatmap] = instances_[static_cast<std::size_t>(i)];
        const HeatmapMcts method(*instance, *heatmap, settings);
        return drive(method, each_, now.seed).state.best_length;
      });
  state.lengths.insert(state.lengths.end(), lengths.begin(), lengths.end());
  now.spend(static_cast<std::int64_t>(lengths.size()));
}

bool MctsTuning::finished(const State& state) const {
  return state.lengths.size() >= state.trials.size() * instances_.size();
}

std::vector<MctsLevels> MctsTuning::trials(const State& state) const {
  std::vector<MctsLevels> run;
  for (std::size_t t = 0; t < state.lengths.size() / instances_.size(); ++t)
    run.push_back(space_[static_cast<std::size_t>(state.trials[t])]);
  return run;
}

std::vector<double> MctsTuning::losses(const State& state) const {
  const std::size_t m = instances_.size(), run = state.lengths.size() / m;
  std::vector<double> losses(run, 0);
  for (std::size_t i = 0; i < m; ++i) {
    double shortest = state.lengths[i];
    for (std::size_t t = 0; t < run; ++t) shortest = std::min(shortest, state.lengths[t * m + i]);
    if (!(shortest > 0)) continue;  // all cities at one place
    for (std::size_t t = 0; t < run; ++t)
      losses[t] += std::log(state.lengths[t * m + i] / shortest) / static_cast<double>(m);
  }
  return losses;
}

void MctsTuning::measure(const State& state, Row& row) const {
  const std::vector<double> all = losses(state);
  row.add("trials", static_cast<double>(all.size()));
  if (!all.empty()) row.add("loss", 100 * *std::ranges::min_element(all));
}

}  // namespace lehr::tour
