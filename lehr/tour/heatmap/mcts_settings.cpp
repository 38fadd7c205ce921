#include "lehr/tour/heatmap/mcts_settings.hpp"

#include <array>
#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::tour {

namespace {

constexpr std::array<MctsPreset, 10> published_presets = {{
    {"gt-500", "gt", 500, 0, 10, 5, 5, true, 200},
    {"gt-1000", "gt", 1000, 1, 10, 5, 5, true, 200},
    {"gt-10000", "gt", 10000, 0, 10, 10, 20, false, 200},
    {"softdist-500", "softdist", 500, 1, 100, 2, 0, true, 200},
    {"softdist-1000", "softdist", 1000, 0, 150, 2, 20, true, 200},
    {"zero-500", "zero", 500, 2, 10, 2, 5, false, 100},
    {"zero-1000", "zero", 1000, 1, 100, 5, 5, false, 100},
    {"attgcn-500", "attgcn", 500, 0, 150, 5, 5, false, 100},
    {"difusco-500", "difusco", 500, 1, 150, 2, 5, false, 50},
    {"dimes-500", "dimes", 500, 0, 100, 5, 5, false, 200},
}};

MctsSettings settings_of(const MctsPreset& preset) {
  MctsSettings settings;
  settings.alpha = preset.alpha;
  settings.beta = preset.beta;
  settings.pool = preset.pool;
  settings.depth = preset.depth;
  settings.candidates = preset.candidates;
  settings.use_heatmap = preset.use_heatmap;
  return settings;
}

MctsSettings published_settings(std::string_view heatmap, City cities) {
  const auto nearest = [&](std::string_view name) {
    const MctsPreset* best = nullptr;
    const auto far = [&](const MctsPreset& p) {
      return std::abs(std::log(static_cast<double>(p.cities) / cities));
    };
    for (const MctsPreset& preset : published_presets)
      if (preset.heatmap == name && (best == nullptr || far(preset) < far(*best))) best = &preset;
    return best;
  };
  const MctsPreset* preset = nearest(heatmap);
  return settings_of(preset != nullptr ? *preset : *nearest("gt"));
}

MctsSettings tuned_settings(std::string_view heatmap, City cities) {
  MctsSettings settings;
  settings.alpha = 0;
  settings.beta = 10;
  settings.pool = 1;
  settings.depth = 3;
  settings.candidates = 8;
  settings.use_heatmap = heatmap != "zero";
  settings.positive_gain = true;
  settings.or_opt = true;
  settings.fresh = 0;
  // Tours of more cities see too few kicks per city to profit, and keeping the best one costs a copy.
  if (cities <= 10000) settings.temperature = Schedule::parse("linear(from=1, to=0)");
  return settings;
}

}  // namespace

std::span<const MctsPreset> mcts_presets() { return published_presets; }

std::vector<std::string> mcts_setting_names() {
  std::vector<std::string> names = {"auto", "tuned", "published", "paper"};
  for (const MctsPreset& preset : published_presets) names.emplace_back(preset.name);
  return names;
}

MctsSettings mcts_settings(std::string_view name, std::string_view heatmap, City cities) {
  if (name == "paper") return {};
  if (name == "tuned" || name == "auto") return tuned_settings(heatmap, cities);
  if (name == "published") return published_settings(heatmap, cities);
  for (const MctsPreset& preset : published_presets)
    if (preset.name == name) return settings_of(preset);
  throw InvalidInput("preset: no settings {}{}", quote(name), hint(std::string(name), mcts_setting_names()));
}

void MctsOptions::describe(OptionTable& table) {
  table
      .add("preset", preset,
           "settings by name; those given beside it take their place. auto: tuned, or published where "
           "any setting is given beside it")
      .choices(mcts_setting_names());
  table.add("alpha", alpha, "exploration: weight of sqrt(ln(M + 1) / (Q + 1)) in an edge's potential");
  table.add("beta", beta, "how much an improving move adds to the weights of its edges");
  table.add("pool", pool, "an episode ends after this many actions per city in a row without improvement");
  table.add("depth", depth, "edges that one action exchanges, at most");
  table.add("candidates", candidates, "candidates per city; 0: all").at_least(0);
  table.add("use_heatmap", use_heatmap,
            "candidates are the edges of largest heat (at least 1e-4), or the nearest");
  table.add("symmetric", symmetric, "average the heatmap with its transpose first, as the public code does");
  table.add("positive_gain", positive_gain,
            "an action adds only edges shorter than what it has gained so far");
  table.add("or_opt", or_opt, "descend by 2-opt and Or-opt with a queue of touched cities");
  table.add("fresh", fresh, "share of episodes from a new tour; the others start from a local kick");
  table.add("temperature", temperature,
            "of kicks, in mean edges: one that made the tour longer by d stays with probability e^(-d / T)");
}

MctsSettings MctsOptions::settings(std::string_view heatmap, City cities) const {
  const bool any = alpha || beta || pool || depth || fresh || temperature || candidates || use_heatmap ||
                   symmetric || positive_gain || or_opt;
  MctsSettings settings = mcts_settings(preset == "auto" && any ? "published" : preset, heatmap, cities);
  if (alpha) settings.alpha = *alpha;
  if (beta) settings.beta = *beta;
  if (pool) settings.pool = *pool;
  if (depth) settings.depth = *depth;
  if (fresh) settings.fresh = *fresh;
  if (temperature) settings.temperature = *temperature;
  if (candidates) settings.candidates = *candidates;
  if (use_heatmap) settings.use_heatmap = *use_heatmap;
  if (symmetric) settings.symmetric = *symmetric;
  if (positive_gain) settings.positive_gain = *positive_gain;
  if (or_opt) settings.or_opt = *or_opt;
  return settings;
}

}  // namespace lehr::tour
