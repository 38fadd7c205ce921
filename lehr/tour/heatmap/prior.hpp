// The prior over nearest neighbours ("gt" heatmap): P(i, k-th nearest neighbour of i) = p_k, where p_k is
// the share of the edges of optimal tours that lead to the k-th nearest neighbour (Pan et al., "Beyond the
// Heatmap", 2024).
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "lehr/tour/heatmap/heatmap.hpp"
#include "lehr/tour/order.hpp"

namespace lehr::tour {

// The shares that the authors print: of 500, of 10,000, and for every other number of cities those of 1000.
std::span<const double> published_prior(City count);

// P from any prior, at most 50 entries a row.
Heatmap gt_prior(const Instance& instance, std::span<const double> prior);
Heatmap gt_prior(const Instance& instance);

// How often an edge of a tour leads to its city's k-th nearest neighbour, k = 1 .. reach: both ends of
// every edge count. What lies beyond `reach` counts in `edges` alone, so the shares may sum to less than 1.
struct PriorCounts {
  std::vector<std::int64_t> hits;
  std::int64_t edges = 0;  // ends of edges seen

  explicit PriorCounts(int reach = 50) : hits(static_cast<std::size_t>(reach), 0) {}
  void add(const Instance& instance, const Order& tour);
  std::vector<double> shares() const;  // without the zeros at the end
};

// A prior as a csv file with the columns `neighbour` (1, 2, ...) and `share`. Reading throws InvalidInput
// for ranks out of order, shares that are negative or not finite, a sum above 1, and more than 50 rows.
std::string prior_text(std::span<const double> prior);
std::vector<double> parse_prior(std::string_view text, std::string_view name);
std::vector<double> read_prior(const std::filesystem::path& path);

}  // namespace lehr::tour
