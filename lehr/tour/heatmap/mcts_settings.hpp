// The settings of heatmap-guided tree search, and those that were tuned and published by name.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/core/options.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/tour/instance.hpp"

namespace lehr::tour {

struct MctsSettings {
  Schedule alpha = 1;              // weight of exploration in Z
  Schedule beta = 10;              // how much an improving move teaches
  Schedule pool = 10;              // H: an episode ends after H n actions in a row that do not improve
  Schedule depth = 10;             // D_max: edges that one action exchanges, at most
  std::int64_t candidates = 1000;  // C_max per city; 0: all
  bool use_heatmap = true;         // candidates by P, or the nearest
  bool symmetric = true;           // P is averaged with its transpose first, as the public code does
  // Beyond the paper:
  bool positive_gain = false;  // an action only adds edges shorter than what it has gained so far
  bool or_opt = false;         // descents by 2-opt and Or-opt with a queue of touched cities
  Schedule fresh =
      1;  // share of episodes that start from a new tour; the others kick the present one locally
  // Of kicks, in mean edges: one that made the tour longer by d stays with probability e^{-d / T}.
  Schedule temperature = 0;
};

// A tuned setting: (alpha, beta, H, C_max, use_heatmap, D_max); C_max = 0 stands for all cities.
struct MctsPreset {
  std::string_view name;     // "gt-500"
  std::string_view heatmap;  // "gt"; empty: for any
  City cities;               // tuned at this many; 0: for any
  double alpha, beta, pool;
  std::int64_t candidates;
  bool use_heatmap;
  double depth;
};

// Those of the public scripts (T = 0.1 s per city; 10,000 cities: 0.01 s).
std::span<const MctsPreset> mcts_presets();

// The settings of a name:
//   tuned          the best known here: tree search as the local search of kicks, see HeatmapMcts
//   published      the paper's search with the published settings of the heatmap ("gt", "softdist", "zero", others: gt) and the
//                  nearest number of cities
//   gt-500 ...     one of mcts_presets()
//   paper          the defaults of the public code: (1, 10, 10, 1000, true, 10)
//   auto           tuned
// Throws InvalidInput, naming the nearest known name.
MctsSettings mcts_settings(std::string_view name, std::string_view heatmap, City cities);
std::vector<std::string> mcts_setting_names();

// A name and what is set beside it; "auto" is `published` where anything is.
struct MctsOptions {
  std::string preset = "auto";
  std::optional<Schedule> alpha = {}, beta = {}, pool = {}, depth = {}, fresh = {}, temperature = {};
  std::optional<std::int64_t> candidates = {};
  std::optional<bool> use_heatmap = {}, symmetric = {}, positive_gain = {}, or_opt = {};

  void describe(OptionTable& table);
  MctsSettings settings(std::string_view heatmap, City cities) const;
};

}  // namespace lehr::tour
