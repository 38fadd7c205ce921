#include "lehr/sample/genealogy.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "lehr/core/errors.hpp"

namespace lehr::sample {
namespace {

// Distinct values, each in [0, bound).
std::int64_t count_distinct(std::span<const std::int64_t> values, std::int64_t bound) {
  std::vector<char> seen(static_cast<std::size_t>(bound));
  std::int64_t count = 0;
  for (const std::int64_t value : values) {
    char& mark = seen[static_cast<std::size_t>(value)];
    count += mark == 0;
    mark = 1;
  }
  return count;
}

// The sum of `share(j)` over each family.
template <class Share>
std::vector<double> family_sums(std::span<const std::int64_t> family, Share share) {
  const std::int64_t last = family.empty() ? -1 : *std::ranges::max_element(family);
  std::vector<double> sums(static_cast<std::size_t>(last + 1));
  for (std::size_t j = 0; j < family.size(); ++j) sums[static_cast<std::size_t>(family[j])] += share(j);
  return sums;
}

}  // namespace

Genealogy::Genealogy(std::int64_t founders, bool keep_lines)
    : keep_lines_(keep_lines),
      generations_(1),
      founders_(founders),
      distinct_parents_(founders),
      family_(static_cast<std::size_t>(founders)) {
  std::iota(family_.begin(), family_.end(), std::int64_t{0});
  if (keep_lines_) sizes_.push_back(founders);
}

void Genealogy::descend(std::span<const std::int64_t> parents) {
  std::vector<std::int64_t> family(parents.size());
  for (std::size_t j = 0; j < parents.size(); ++j) family[j] = family_[static_cast<std::size_t>(parents[j])];
  distinct_parents_ = count_distinct(parents, size());
  family_ = std::move(family);
  ++generations_;
  if (!keep_lines_) return;
  parents_.insert(parents_.end(), parents.begin(), parents.end());
  sizes_.push_back(static_cast<std::int64_t>(parents.size()));
}

std::int64_t Genealogy::distinct_founders() const { return count_distinct(family_, founders_); }

std::vector<std::int64_t> Genealogy::line(std::int64_t member) const {
  if (!keep_lines_) throw InvalidInput("genealogy: lines of descent were not kept");
  if (member < 0 || member >= size())
    throw InvalidInput("genealogy: no member {} in a generation of {}", member, size());
  std::vector<std::int64_t> line(sizes_.size());
  auto end = static_cast<std::int64_t>(parents_.size());
  for (std::size_t g = sizes_.size(); g-- > 0;) {
    line[g] = member;
    if (g == 0) break;
    end -= sizes_[g];
    member = parents_[static_cast<std::size_t>(end + member)];
  }
  return line;
}

std::vector<std::int64_t> Genealogy::ancestors_in(std::int64_t generation) const {
  std::vector<std::int64_t> ancestors(family_.size());
  std::iota(ancestors.begin(), ancestors.end(), std::int64_t{0});
  auto end = static_cast<std::int64_t>(parents_.size());
  for (std::int64_t g = generations_ - 1; g > generation; --g) {
    end -= sizes_[static_cast<std::size_t>(g)];
    for (std::int64_t& a : ancestors) a = parents_[static_cast<std::size_t>(end + a)];
  }
  return ancestors;
}

std::int64_t Genealogy::distinct_ancestors(std::int64_t generation) const {
  if (!keep_lines_) throw InvalidInput("genealogy: lines of descent were not kept");
  if (generation < 0 || generation >= generations_)
    throw InvalidInput("genealogy: no generation {} among {}", generation, generations_);
  return count_distinct(ancestors_in(generation), sizes_[static_cast<std::size_t>(generation)]);
}

RecentAncestors::RecentAncestors(std::int64_t members, std::int64_t lags) : most_lags_(lags) {
  generations_.emplace_back(static_cast<std::size_t>(members));
  std::iota(generations_[0].begin(), generations_[0].end(), std::int64_t{0});
}

void RecentAncestors::descend(std::span<const std::int64_t> parents) {
  std::vector<std::int64_t> self(parents.size());
  std::iota(self.begin(), self.end(), std::int64_t{0});
  std::vector<std::vector<std::int64_t>> generations{std::move(self)};
  for (std::size_t l = 0; l < generations_.size() && std::ssize(generations) <= most_lags_; ++l) {
    std::vector<std::int64_t>& next = generations.emplace_back(parents.size());
    for (std::size_t j = 0; j < parents.size(); ++j)
      next[j] = generations_[l][static_cast<std::size_t>(parents[j])];
  }
  generations_ = std::move(generations);
}

std::vector<std::int64_t> RecentAncestors::packed() const {
  std::vector<std::int64_t> packed{std::ssize(generations_)};
  for (const auto& generation : generations_)
    packed.insert(packed.end(), generation.begin(), generation.end());
  return packed;
}

void RecentAncestors::unpack(std::span<const std::int64_t> packed) {
  const std::size_t count = static_cast<std::size_t>(packed.front());
  const std::size_t members = count > 0 ? (packed.size() - 1) / count : 0;
  generations_.clear();
  for (std::size_t l = 0; l < count; ++l) {
    const auto generation = packed.subspan(1 + l * members, members);
    generations_.emplace_back(generation.begin(), generation.end());
  }
}

double filtered_mean_error(std::span<const double> values, std::span<const double> probabilities,
                           const RecentAncestors& ancestors) {
  if (values.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  const double inflation = static_cast<double>(values.size()) / static_cast<double>(values.size() - 1);
  double mean = 0, largest = 0;
  for (std::size_t i = 0; i < values.size(); ++i) mean += probabilities[i] * values[i];
  for (std::int64_t lag = 0; lag <= ancestors.lags(); lag += std::max<std::int64_t>(1, lag / 2)) {
    double squares = 0;
    for (const double sum : family_sums(ancestors.ago(lag),
                                        [&](std::size_t j) { return probabilities[j] * (values[j] - mean); }))
      squares += sum * sum;
    largest = std::max(largest, std::pow(inflation, static_cast<double>(lag + 1)) * squares);
  }
  return std::sqrt(largest);
}

FamilyStatistics family_statistics(std::span<const std::int64_t> family) {
  const auto count = static_cast<double>(family.size());
  FamilyStatistics result;
  for (const double members : family_sums(family, [](std::size_t) { return 1.0; })) {
    if (members == 0) continue;
    const double share = members / count;
    ++result.families;
    result.entropy -= share * std::log(share);
    result.rho += count * share * share;
  }
  return result;
}

double family_error(std::span<const double> values, std::span<const std::int64_t> family) {
  const auto count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double squares = 0;
  for (const double sum : family_sums(family, [&](std::size_t j) { return values[j] - mean; }))
    squares += sum * sum;
  return std::sqrt(squares) / count;
}

double relative_variance(std::span<const double> probabilities, std::span<const std::int64_t> family,
                         std::int64_t resamplings) {
  const auto n = static_cast<double>(family.size());
  if (family.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  double squares = 0;
  for (const double sum : family_sums(family, [&](std::size_t j) { return probabilities[j]; }))
    squares += sum * sum;
  return 1 - std::pow(n / (n - 1), static_cast<double>(resamplings + 1)) * (1 - squares);
}

}  // namespace lehr::sample
