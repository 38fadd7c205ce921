#include "lehr/tour/heatmap/prior.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "lehr/core/csv.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/tour/neighbours.hpp"

namespace lehr::tour {

namespace {

constexpr std::size_t longest_row = 50;

constexpr std::array<double, 18> shares_500 = {.44008, .25627, .13275, .07327, .04081, .02359,
                                               .01341, .00775, .00448, .00273, .00178, .00119,
                                               .00069, .00038, .00038, .00019, .00008, .00002};
constexpr std::array<double, 17> shares_1000 = {.43755, .25472, .13767, .07411, .03979, .02352,
                                                .01323, .00745, .00473, .00301, .00159, .00109,
                                                .00056, .00030, .00027, .00017, .00010};
constexpr std::array<double, 17> shares_10000 = {.44176, .25409, .13293, .07195, .03952, .02375,
                                                 .01414, .00809, .00491, .00333, .00184, .00111,
                                                 .00084, .00056, .00038, .00026, .00018};

}  // namespace

std::span<const double> published_prior(City count) {
  if (count == 500) return shares_500;
  if (count == 10000) return shares_10000;
  return shares_1000;
}

Heatmap gt_prior(const Instance& instance, std::span<const double> prior) {
  const std::size_t length = std::min(prior.size(), longest_row);
  std::vector<std::vector<HeatmapEntry>> rows(static_cast<std::size_t>(instance.count));
  if (length > 0) {
    const Neighbours neighbours = nearest_neighbours(instance, static_cast<int>(length));
    for (City i = 0; i < instance.count; ++i) {
      const auto near = neighbours.of(i);
      for (std::size_t k = 0; k < near.size(); ++k)
        rows[static_cast<std::size_t>(i)].push_back({near[k], prior[k]});
    }
  }
  return heatmap_of_rows(std::move(rows), "gt", "prior");
}

Heatmap gt_prior(const Instance& instance) { return gt_prior(instance, published_prior(instance.count)); }

void PriorCounts::add(const Instance& instance, const Order& tour) {
  check_order(tour, instance.count, "prior");
  const Neighbours neighbours = nearest_neighbours(instance, static_cast<int>(hits.size()));
  const auto count_end = [&](City from, City to) {
    const auto near = neighbours.of(from);
    const auto found = std::ranges::find(near, to);
    if (found != near.end()) ++hits[static_cast<std::size_t>(found - near.begin())];
    ++edges;
  };
  for (std::size_t i = 0; i < tour.size(); ++i) {
    const City a = tour[i], b = tour[(i + 1) % tour.size()];
    count_end(a, b);
    count_end(b, a);
  }
}

std::vector<double> PriorCounts::shares() const {
  std::vector<double> shares;
  for (const std::int64_t count : hits)
    shares.push_back(edges == 0 ? 0 : static_cast<double>(count) / static_cast<double>(edges));
  while (!shares.empty() && shares.back() == 0) shares.pop_back();
  return shares;
}

std::string prior_text(std::span<const double> prior) {
  std::vector<double> ranks(prior.size());
  std::iota(ranks.begin(), ranks.end(), 1.0);
  const std::vector<CsvColumn> columns = {{"neighbour", ranks},
                                          {"share", std::vector(prior.begin(), prior.end())}};
  return csv_text(columns);
}

std::vector<double> parse_prior(std::string_view text, std::string_view name) {
  const CsvTable table = parse_csv(text, name);
  const std::vector<double> ranks = table.number_column("neighbour", MissingCells::refuse);
  std::vector<double> shares = table.number_column("share", MissingCells::refuse);
  if (shares.empty() || shares.size() > longest_row)
    throw InvalidInput("{}: {} shares; a prior has 1 to {}", name, shares.size(), longest_row);
  double sum = 0;
  for (std::size_t k = 0; k < shares.size(); ++k) {
    if (ranks[k] != static_cast<double>(k + 1))
      throw InvalidInput("{}: row {} is of neighbour {}; neighbours are 1, 2, 3, ...", name, k + 1, ranks[k]);
    if (!(shares[k] >= 0 && shares[k] <= 1))
      throw InvalidInput("{}: the share of neighbour {} is {}; shares are in [0, 1]", name, k + 1, shares[k]);
    sum += shares[k];
  }
  if (sum > 1 + 1e-9) throw InvalidInput("{}: the shares sum to {}, above 1", name, sum);
  return shares;
}

std::vector<double> read_prior(const std::filesystem::path& path) {
  return parse_prior(read_file(path, 1 << 20), path.string());
}

}  // namespace lehr::tour
