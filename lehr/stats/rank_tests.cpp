#include "lehr/stats/rank_tests.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "lehr/core/errors.hpp"
#include "lehr/stats/distributions.hpp"

namespace lehr::stats {
namespace {

constexpr std::size_t exact_differences = 25, exact_values = 50;

// Midranks are multiples of 1/2: doubled, they index tables of counts.
std::vector<std::size_t> doubled(const std::vector<double>& ranks) {
  std::vector<std::size_t> twice;
  for (const double rank : ranks) twice.push_back(static_cast<std::size_t>(std::lround(2 * rank)));
  return twice;
}

// sum over groups of equal values of t^3 - t, t the group's size.
double tie_excess(const std::vector<double>& ranks) {
  std::vector<double> ordered = ranks;
  std::sort(ordered.begin(), ordered.end());
  double excess = 0;
  for (std::size_t i = 0; i < ordered.size();) {
    std::size_t end = i;
    while (end < ordered.size() && ordered[end] == ordered[i]) ++end;
    const double t = static_cast<double>(end - i);
    excess += t * t * t - t;
    i = end;
  }
  return excess;
}

// Twice the smaller tail of a discrete law with weights counts[0..], at `value`.
double two_sided(const std::vector<double>& counts, std::size_t value) {
  const auto at = counts.begin() + static_cast<std::ptrdiff_t>(value);
  const double below = std::accumulate(counts.begin(), at, 0.0),
               above = std::accumulate(at + 1, counts.end(), 0.0);
  const double total = below + *at + above;
  return std::min(1.0, 2 * (std::min(below, above) + *at) / total);
}

double two_sided_normal(double deviation, double variance) {
  const double distance = std::max(0.0, std::abs(deviation) - 0.5);
  return variance > 0 ? std::min(1.0, 2 * normal_cdf(-distance / std::sqrt(variance))) : 1;
}

// counts[s] = number of subsets of `ranks` whose sum is s.
std::vector<double> count_subsets(const std::vector<std::size_t>& ranks) {
  std::vector<double> counts(std::accumulate(ranks.begin(), ranks.end(), std::size_t{0}) + 1);
  counts[0] = 1;
  for (const std::size_t rank : ranks)
    for (std::size_t s = counts.size(); s-- > rank;) counts[s] += counts[s - rank];
  return counts;
}

// counts[s] = number of subsets of `size` members of `ranks` whose sum is s.
std::vector<double> count_subsets(const std::vector<std::size_t>& ranks, std::size_t size) {
  const std::size_t sums = std::accumulate(ranks.begin(), ranks.end(), std::size_t{0}) + 1;
  std::vector<std::vector<double>> counts(size + 1, std::vector<double>(sums));
  counts[0][0] = 1;
  for (const std::size_t rank : ranks)
    for (std::size_t members = size; members > 0; --members)
      for (std::size_t s = rank; s < sums; ++s) counts[members][s] += counts[members - 1][s - rank];
  return counts[size];
}

}  // namespace

std::vector<double> midranks(std::span<const double> values) {
  for (std::size_t i = 0; i < values.size(); ++i)
    if (std::isnan(values[i])) throw InvalidInput("ranks: value {} of {} is nan", i + 1, values.size());
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i;
    while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
    const double shared = 0.5 * static_cast<double>(i + 1 + end);
    for (; i < end; ++i) ranks[order[i]] = shared;
  }
  return ranks;
}

RankTest wilcoxon_signed_rank(std::span<const double> differences) {
  if (differences.empty()) throw InvalidInput("signed-rank test: no differences");
  std::vector<double> sizes;
  std::vector<bool> positive;
  for (const double d : differences) {
    if (d == 0) continue;
    sizes.push_back(std::abs(d));
    positive.push_back(d > 0);
  }
  const std::vector<double> ranks = midranks(sizes);
  double statistic = 0;
  for (std::size_t i = 0; i < ranks.size(); ++i)
    if (positive[i]) statistic += ranks[i];
  if (ranks.size() <= exact_differences) {
    const auto value = static_cast<std::size_t>(std::lround(2 * statistic));
    return {statistic, two_sided(count_subsets(doubled(ranks)), value), true};
  }
  const double n = static_cast<double>(ranks.size());
  const double variance = n * (n + 1) * (2 * n + 1) / 24 - tie_excess(ranks) / 48;
  return {statistic, two_sided_normal(statistic - n * (n + 1) / 4, variance), false};
}

RankTest mann_whitney(std::span<const double> a, std::span<const double> b) {
  if (a.empty() || b.empty())
    throw InvalidInput("Mann-Whitney test: the {} sample is empty", a.empty() ? "first" : "second");
  std::vector<double> joint(a.begin(), a.end());
  joint.insert(joint.end(), b.begin(), b.end());
  const std::vector<double> ranks = midranks(joint);
  const double rank_sum =
      std::accumulate(ranks.begin(), ranks.begin() + static_cast<std::ptrdiff_t>(a.size()), 0.0);
  const double n = static_cast<double>(joint.size()), n_a = static_cast<double>(a.size()), n_b = n - n_a;
  const double statistic = rank_sum - n_a * (n_a + 1) / 2;
  if (joint.size() <= exact_values) {
    const auto value = static_cast<std::size_t>(std::lround(2 * rank_sum));
    return {statistic, two_sided(count_subsets(doubled(ranks), a.size()), value), true};
  }
  const double variance = n_a * n_b / 12 * (n + 1 - tie_excess(ranks) / (n * (n - 1)));
  return {statistic, two_sided_normal(statistic - n_a * n_b / 2, variance), false};
}

}  // namespace lehr::stats
