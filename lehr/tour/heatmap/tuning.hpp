// Tuning of the six settings of heatmap-guided tree search on training instances, and what each setting
// contributes.
//
// The space is that of Pan et al. (2024): alpha {0, 1, 2}, beta {10, 100, 150}, H {2, 5, 10}, C_max {5, 20,
// 50, all}, candidates by heat or by distance, D_max {10, 50, 100, 200}: 864 settings. Trials are drawn
// uniformly without repetition; the first is the public code's default. The loss of a trial is the mean
// over instances of ln(length / shortest length that any trial found on it).
//
// Importance: a surrogate with one effect per level of each setting (ridge least squares) is fitted to the
// trials' losses, and the Shapley values of a setting x under it are computed exactly by their definition
// over the 2^6 subsets S of known settings,
//   phi_j(x) = sum_{S without j} |S|! (5 - |S|)! / 6! (v(S + j) - v(S)),   v(S) = mean of the surrogate over the space given x_S.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "lehr/core/budget.hpp"
#include "lehr/core/moment.hpp"
#include "lehr/core/row.hpp"
#include "lehr/tour/heatmap/heatmap.hpp"
#include "lehr/tour/heatmap/mcts_settings.hpp"

namespace lehr::tour {

inline constexpr std::size_t tuned_factors = 6;
inline constexpr std::array<std::string_view, tuned_factors> tuned_factor_names = {
    "alpha", "beta", "pool", "candidates", "use_heatmap", "depth"};

// The index of the level of each factor.
using MctsLevels = std::array<std::int32_t, tuned_factors>;

std::span<const double> factor_levels(std::size_t factor);  // candidates: 0 stands for all
MctsSettings settings_at(const MctsLevels& levels);

// Every setting of the space in a fixed order (the last factor fastest); `heat`: with candidates by heat too.
std::vector<MctsLevels> tuning_space(bool heat);

// Exact Shapley values of the function `values` (one per setting of `space`, a full product of levels) at
// the setting `at`: they sum to values(at) less the mean.
std::array<double, tuned_factors> shapley_values(std::span<const MctsLevels> space,
                                                 std::span<const double> values, const MctsLevels& at);

// The additive surrogate over `space` from trials, and the share of the losses' variance that it explains.
struct TuningSurrogate {
  std::vector<double> values;  // one per setting of the space
  double explained = 0;
};
TuningSurrogate fit_surrogate(std::span<const MctsLevels> space, std::span<const MctsLevels> trials,
                              std::span<const double> losses);

struct TrainingInstance {
  const Instance* instance;
  const Heatmap* heatmap;
};

// Random search as a method: one advance runs one trial on all instances, in parallel. Each run has the
// budget `each`; with evaluations or steps results depend on the seed alone.
class MctsTuning {
 public:
  struct State {
    std::vector<std::int32_t> trials;  // places in the space
    std::vector<double> lengths;       // trial after trial, one per instance
  };

  // Throws InvalidInput without instances, without trials, and for an empty budget.
  MctsTuning(std::vector<TrainingInstance> instances, std::int64_t trials, Budget each);

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const;
  void measure(const State& state, Row& row) const;  // trials, loss (the best so far), in percent
  template <class Visitor>
  void fields(Visitor& visitor, State& state) const {
    visitor("trials", state.trials);
    visitor("lengths", state.lengths);
  }

  const std::vector<MctsLevels>& space() const { return space_; }
  std::vector<MctsLevels> trials(const State& state) const;  // those that were run
  std::vector<double> losses(const State& state) const;      // of each, as above

 private:
  std::vector<TrainingInstance> instances_;
  std::int64_t trials_;
  Budget each_;
  std::vector<MctsLevels> space_;
};

}  // namespace lehr::tour
