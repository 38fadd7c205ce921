#include "lehr/stats/rashomon/leaf_labels.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace lehr::stats {

std::int64_t least_errors(const std::vector<std::int32_t>& counts, int classes) {
  std::int64_t errors = 0;
  for (std::size_t leaf = 0; leaf < counts.size(); leaf += static_cast<std::size_t>(classes)) {
    std::int32_t all = 0, most = 0;
    for (int c = 0; c < classes; ++c) {
      const std::int32_t n = counts[leaf + static_cast<std::size_t>(c)];
      all += n, most = std::max(most, n);
    }
    errors += all - most;
  }
  return errors;
}

std::vector<int> majority_labels(const std::vector<std::int32_t>& counts, int classes) {
  std::vector<int> labels;
  for (auto leaf = counts.begin(); leaf != counts.end(); leaf += classes)
    labels.push_back(static_cast<int>(std::max_element(leaf, leaf + classes) - leaf));
  return labels;
}

std::int64_t errors_of(const std::vector<std::int32_t>& counts, int classes, const std::vector<int>& labels) {
  std::int64_t errors = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  for (std::size_t leaf = 0; leaf < labels.size(); ++leaf)
    errors -= counts[leaf * static_cast<std::size_t>(classes) + static_cast<std::size_t>(labels[leaf])];
  return errors;
}

double LeafLabels::log_scale(int depth, int classes) {
  return 0.5 * std::ldexp(1.0, depth) * std::log(classes);
}

void LeafLabels::find_extra(const std::int32_t* count, int classes) {
  extra_.clear();
  const std::int32_t most = *std::max_element(count, count + classes);
  if (most == 0) return;
  for (int c = 0; c < classes; ++c) extra_.push_back(most - count[c]);
}

void LeafLabels::add_leaf(const std::vector<double>& before, std::vector<double>& after) const {
  after.assign(before.size(), 0);
  for (const std::int64_t extra : extra_)
    for (std::size_t s = static_cast<std::size_t>(extra); s < before.size(); ++s)
      after[s] += before[s - static_cast<std::size_t>(extra)];
}

std::span<const double> LeafLabels::shares(const std::vector<std::int32_t>& counts, int classes,
                                           std::int64_t most_extra) {
  ways_.assign(static_cast<std::size_t>(most_extra) + 1, 1);
  std::int64_t labelled = 0, leaves = 0;
  double forced = 1;  // labels that must be the best one, or need not be, are counted at once
  for (std::size_t leaf = 0; leaf < counts.size(); leaf += static_cast<std::size_t>(classes), ++leaves) {
    find_extra(counts.data() + leaf, classes);
    if (extra_.empty()) continue;
    ++labelled;
    const auto possible = std::ranges::count_if(extra_, [&](std::int64_t x) { return x <= most_extra; });
    const auto free = std::ranges::count(extra_, 0);
    if (possible == free) {
      forced *= static_cast<double>(free);
    } else {
      add_leaf(ways_, next_);
      std::swap(ways_, next_);
    }
  }
  const double power = 0.5 * static_cast<double>(leaves) - static_cast<double>(labelled);
  const double scale = forced * std::pow(static_cast<double>(classes), power);
  for (double& way : ways_) way *= scale;
  return ways_;
}

std::vector<int> LeafLabels::draw(const std::vector<std::int32_t>& counts, int classes,
                                  std::int64_t most_extra, Stream& random) {
  const std::size_t leaves = counts.size() / static_cast<std::size_t>(classes);
  std::vector<std::vector<double>> ways{std::vector<double>(static_cast<std::size_t>(most_extra) + 1, 1)};
  for (std::size_t leaf = 0; leaf < leaves; ++leaf) {
    find_extra(counts.data() + leaf * static_cast<std::size_t>(classes), classes);
    std::vector<double> next = ways.back();
    if (!extra_.empty()) add_leaf(ways.back(), next);
    ways.push_back(std::move(next));
  }
  std::vector<int> labels(leaves, 0);
  std::int64_t left = most_extra;
  for (std::size_t leaf = leaves; leaf-- > 0;) {
    find_extra(counts.data() + leaf * static_cast<std::size_t>(classes), classes);
    if (extra_.empty()) continue;
    double point = uniform(random) * ways[leaf + 1][static_cast<std::size_t>(left)];
    int chosen = -1;
    for (int c = 0; c < classes; ++c) {
      const std::int64_t rest = left - extra_[static_cast<std::size_t>(c)];
      if (rest < 0) continue;
      chosen = c;
      point -= ways[leaf][static_cast<std::size_t>(rest)];
      if (point < 0) break;
    }
    labels[leaf] = chosen;
    left -= extra_[static_cast<std::size_t>(chosen)];
  }
  return labels;
}

}  // namespace lehr::stats
