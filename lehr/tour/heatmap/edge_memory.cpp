#include "lehr/tour/heatmap/edge_memory.hpp"

#include <algorithm>
#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/tour/neighbours.hpp"

namespace lehr::tour {

namespace {

constexpr double least_candidate = 1e-4;
constexpr std::int64_t most_slots = 25'000'000;
constexpr std::int32_t short_row = 24;  // up to here a row is searched from its start

std::span<const City> heat_candidates(const Heatmap& heatmap, City i, City most) {
  const std::span<const double> entries = heatmap.entries_of(i);  // by falling entry
  std::size_t length = 0;
  while (length < entries.size() && length < static_cast<std::size_t>(most) &&
         entries[length] >= least_candidate)
    ++length;
  return heatmap.cities_of(i).first(length);
}

void append_row(CandidateRows& rows, const Instance& instance, City i, std::span<const City> cities) {
  constexpr double never = std::numeric_limits<double>::infinity();
  for (const City j : cities) {
    rows.cities.push_back(j);
    rows.distances.push_back(instance.distance(i, j));
  }
  rows.sizes.push_back(static_cast<std::int32_t>(cities.size()));
  rows.cities.resize((rows.cities.size() + 3) / 4 * 4, -1);
  rows.distances.resize(rows.cities.size(), never);
  rows.starts.push_back(static_cast<std::int32_t>(rows.cities.size()));
}

void link_rows(CandidateRows& rows) {
  for (const double d : rows.distances) rows.near_distances.push_back(static_cast<float>(d));
  if (std::ranges::any_of(rows.sizes, [](std::int32_t size) { return size > short_row; })) {
    for (std::int32_t k = 0; k < static_cast<std::int32_t>(rows.cities.size()); ++k)
      rows.sorted.emplace_back(rows.cities[static_cast<std::size_t>(k)], k);
    for (City i = 0; i < rows.count; ++i)
      std::sort(rows.sorted.begin() + rows.begin(i), rows.sorted.begin() + rows.end(i));
  }
  rows.mirrors.assign(rows.cities.size(), -1);
  for (City i = 0; i < rows.count; ++i)
    for (std::int32_t k = rows.begin(i); k < rows.end(i); ++k)
      rows.mirrors[static_cast<std::size_t>(k)] = rows.find(rows.cities[static_cast<std::size_t>(k)], i);
}

}  // namespace

std::int32_t CandidateRows::find(City i, City j) const {
  const std::int32_t from = begin(i), to = end(i);
  if (to - from <= short_row) {
    for (std::int32_t k = from; k < to; ++k)
      if (cities[static_cast<std::size_t>(k)] == j) return k;
    return -1;
  }
  const auto first = sorted.begin() + from, last = sorted.begin() + to;
  const auto found = std::lower_bound(first, last, std::pair<City, std::int32_t>{j, 0});
  return found != last && found->first == j ? found->second : -1;
}

CandidateRows candidate_rows(const Instance& instance, const Heatmap& heatmap, bool use_heatmap, City most) {
  const City n = instance.count;
  if (most <= 0 || most > n - 1) most = n - 1;
  CandidateRows rows;
  rows.count = n;
  rows.starts.push_back(0);
  if (use_heatmap) {
    check_heatmap(heatmap, n);
    for (City i = 0; i < n; ++i) append_row(rows, instance, i, heat_candidates(heatmap, i, most));
    if (rows.cities.empty())
      throw InvalidInput(
          "heatmap '{}': no entry is {} or more, so no city has candidates; set use_heatmap = false to take "
          "the "
          "nearest cities",
          heatmap.name, least_candidate);
  } else {
    if (static_cast<std::int64_t>(most) * n > most_slots)
      throw InvalidInput("candidates: {} for each of {} cities are more than {} edges; give at most {}", most,
                         n, most_slots, most_slots / n);
    const Neighbours neighbours = nearest_neighbours(instance, most);
    for (City i = 0; i < n; ++i) append_row(rows, instance, i, neighbours.of(i));
  }
  link_rows(rows);
  return rows;
}

EdgeMemory::EdgeMemory(std::shared_ptr<const CandidateRows> rows, const Heatmap& heatmap)
    : rows_(std::move(rows)) {
  const auto n = static_cast<std::size_t>(rows_->count);
  check_heatmap(heatmap, rows_->count);
  others_.resize(n);
  sums_.assign(n, 0);
  row_heads_.resize(n);
  for (City i = 0; i < rows_->count; ++i)
    row_heads_[static_cast<std::size_t>(i)] = {rows_->begin(i), (rows_->size(i) + 3) / 4, 0};
  groups_.resize(rows_->cities.size() / 4);
  visits_.resize(groups_.size());
  for (std::size_t k = 0; k < rows_->cities.size(); ++k) {
    const City j = rows_->cities[k];
    groups_[k / 4].cities[k % 4] = j;
    visits_[k / 4].rarities[k % 4] = j >= 0 ? 1.0F : 0.0F;
  }
  for (City i = 0; i < rows_->count; ++i)
    for (std::size_t k = 0; k < heatmap.cities_of(i).size(); ++k)
      learn_from(i, heatmap.cities_of(i)[k], 100 * heatmap.entries_of(i)[k]);
}

void EdgeMemory::set_sum(City i, double sum) {
  sums_[static_cast<std::size_t>(i)] = sum;
  row_heads_[static_cast<std::size_t>(i)].inverse_mean =
      sum > 0 ? static_cast<float>(static_cast<double>(rows_->count - 1) / sum) : 0.0F;
}

void EdgeMemory::learn_from(City i, City j, double amount) {
  float* weight = nullptr;
  if (const std::int32_t k = rows_->find(i, j); k >= 0) {
    weight = &groups_[at(k) / 4].weights[at(k) % 4];
  } else {
    std::vector<Other>& others = others_[static_cast<std::size_t>(i)];
    const auto found = std::ranges::find(others, j, &Other::city);
    weight = found != others.end() ? &found->weight : &others.emplace_back(Other{j, 0}).weight;
  }
  const float before = *weight;
  *weight = static_cast<float>(static_cast<double>(before) + amount);
  set_sum(i,
          sums_[static_cast<std::size_t>(i)] + (static_cast<double>(*weight) - static_cast<double>(before)));
}

void EdgeMemory::pack(std::vector<float>& weights, std::vector<std::uint32_t>& visits,
                      std::vector<std::int64_t>& other_ends, std::vector<City>& other_cities,
                      std::vector<float>& other_weights) const {
  for (const Group& group : groups_)
    weights.insert(weights.end(), group.weights.begin(), group.weights.end());
  for (const Visits& group : visits_) visits.insert(visits.end(), group.counts.begin(), group.counts.end());
  for (const std::vector<Other>& others : others_) {
    for (const auto& [city, weight] : others) {
      other_cities.push_back(city);
      other_weights.push_back(weight);
    }
    other_ends.push_back(static_cast<std::int64_t>(other_cities.size()));
  }
}

void EdgeMemory::unpack(const std::vector<float>& weights, const std::vector<std::uint32_t>& visits,
                        const std::vector<std::int64_t>& other_ends, const std::vector<City>& other_cities,
                        const std::vector<float>& other_weights) {
  if (weights.size() != rows_->cities.size() || visits.size() != weights.size() ||
      other_ends.size() != others_.size() || sums_.size() != others_.size() ||
      other_cities.size() != other_weights.size())
    throw InvalidInput("checkpoint: its edges are not those of this problem's candidates");
  for (std::size_t k = 0; k < weights.size(); ++k) {
    groups_[k / 4].weights[k % 4] = weights[k];
    visits_[k / 4].counts[k % 4] = visits[k];
    if (groups_[k / 4].cities[k % 4] >= 0) visits_[k / 4].rarities[k % 4] = rarity_of(visits[k]);
  }
  std::int64_t from = 0;
  for (std::size_t i = 0; i < others_.size(); ++i) {
    const std::int64_t to = other_ends[i];
    if (to < from || to > static_cast<std::int64_t>(other_cities.size()))
      throw InvalidInput("checkpoint: its edges are not those of this problem's candidates");
    others_[i].clear();
    for (; from < to; ++from) {
      const auto k = static_cast<std::size_t>(from);
      if (other_cities[k] < 0 || other_cities[k] >= rows_->count)
        throw InvalidInput("checkpoint: an edge leads to a city that is not there");
      others_[i].push_back({other_cities[k], other_weights[k]});
    }
    set_sum(static_cast<City>(i), sums_[i]);
  }
}

}  // namespace lehr::tour
