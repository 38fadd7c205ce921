#include "lehr/sample/draws.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "lehr/core/errors.hpp"
#include "lehr/stats/distributions.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::sample {
namespace {

using Values = std::span<const double>;
constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

std::size_t chain_length(Values values, std::int64_t chains) {
  if (chains < 1 || values.size() % static_cast<std::size_t>(chains) != 0 ||
      values.size() / static_cast<std::size_t>(chains) < 4)
    throw InvalidInput("draws: {} values are no {} chains of at least 4 draws each", values.size(), chains);
  return values.size() / static_cast<std::size_t>(chains);
}

// Each chain in two halves (the middle draw of an odd number is left out), one after another: twice as many chains.
std::vector<double> split_chains(Values values, std::int64_t chains) {
  const std::size_t length = chain_length(values, chains), half = length / 2;
  std::vector<double> split;
  split.reserve(2 * half * static_cast<std::size_t>(chains));
  for (std::int64_t c = 0; c < chains; ++c) {
    const Values chain = values.subspan(static_cast<std::size_t>(c) * length, length);
    split.insert(split.end(), chain.begin(), chain.begin() + static_cast<std::ptrdiff_t>(half));
    split.insert(split.end(), chain.end() - static_cast<std::ptrdiff_t>(half), chain.end());
  }
  return split;
}

// Normal scores Phi^-1((rank - 3/8) / (S + 1/4)) of the pooled values; equal values share their mean rank.
std::vector<double> normal_scores(Values values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return values[i]; });
  std::vector<double> scores(values.size());
  const auto count = static_cast<double>(values.size());
  for (std::size_t k = 0; k < order.size();) {
    std::size_t end = k;
    while (end < order.size() && values[order[end]] == values[order[k]]) ++end;
    const double rank = 0.5 * static_cast<double>(k + 1 + end);
    const double score = stats::normal_quantile((rank - 0.375) / (count + 0.25));
    for (; k < end; ++k) scores[order[k]] = score;
  }
  return scores;
}

// Within- and between-chain variances of chains of equal length.
struct ChainVariances {
  double within = 0, pooled = 0;  // W, var+
};
ChainVariances chain_variances(Values values, std::int64_t chains) {
  const std::size_t length = values.size() / static_cast<std::size_t>(chains);
  std::vector<double> means, variances;
  for (std::int64_t c = 0; c < chains; ++c) {
    const Values chain = values.subspan(static_cast<std::size_t>(c) * length, length);
    means.push_back(stats::mean(chain));
    variances.push_back(stats::variance(chain));
  }
  const auto n = static_cast<double>(length);
  ChainVariances result;
  result.within = stats::mean(variances);
  result.pooled = (n - 1) / n * result.within + (chains > 1 ? stats::variance(means) : 0);
  return result;
}

double split_r_hat(Values split, std::int64_t halves) {
  const ChainVariances variances = chain_variances(split, halves);
  return variances.within > 0 ? std::sqrt(variances.pooled / variances.within) : no_number;
}

// Autocovariances of the chains at one lag after another, averaged over the chains.
class MeanAutocovariance {
 public:
  MeanAutocovariance(Values values, std::int64_t chains)
      : centered_(values.begin(), values.end()), length_(values.size() / static_cast<std::size_t>(chains)) {
    for (std::size_t from = 0; from < centered_.size(); from += length_) {
      const double mean = stats::mean(values.subspan(from, length_));
      for (std::size_t i = from; i < from + length_; ++i) centered_[i] -= mean;
    }
  }
  double at(std::size_t lag) const {
    double sum = 0;
    for (std::size_t from = 0; from < centered_.size(); from += length_) {
      const double* x = &centered_[from];
      for (std::size_t i = 0; i + lag < length_; ++i) sum += x[i] * x[i + lag];
    }
    return sum / static_cast<double>(centered_.size());
  }
  std::size_t length() const { return length_; }

 private:
  std::vector<double> centered_;
  std::size_t length_;
};

// S / tau with Geyer's initial monotone positive sequence: sums of neighbouring pairs of autocorrelations count while they
// are positive, each at most as large as the one before.
double split_ess(Values split, std::int64_t halves) {
  const ChainVariances variances = chain_variances(split, halves);
  if (!(variances.pooled > 0)) return no_number;
  const MeanAutocovariance autocovariance(split, halves);
  const auto rho = [&](std::size_t lag) {
    return 1 - (variances.within - autocovariance.at(lag)) / variances.pooled;
  };
  double sum = 0, before = std::numeric_limits<double>::infinity();
  for (std::size_t lag = 0; lag + 1 < autocovariance.length(); lag += 2) {
    const double pair = std::min(before, lag == 0 ? 1 + rho(1) : rho(lag) + rho(lag + 1));
    if (pair <= 0) break;
    sum += pair;
    before = pair;
  }
  const auto count = static_cast<double>(split.size());
  const double tau = std::max(2 * sum - 1, 1 / std::log10(count));  // anticorrelated draws: at most S log10 S
  return count / tau;
}

double ess_of_indicator(Values values, std::int64_t chains, double level) {
  const double bound = stats::quantile(values, level);
  std::vector<double> below;
  below.reserve(values.size());
  for (const double value : values) below.push_back(value <= bound ? 1 : 0);
  return split_ess(split_chains(below, chains), 2 * chains);
}

}  // namespace

std::vector<double> Draws::coordinate(Eigen::Index i) const {
  const Eigen::VectorXd row = values.row(i);
  return {row.begin(), row.end()};
}

Draws collect_draws(std::span<const DrawRecord* const> records, Eigen::Index dimension) {
  Draws draws;
  draws.dimension = dimension;
  draws.chains = static_cast<Eigen::Index>(records.size());
  draws.iterations = static_cast<Eigen::Index>(records.front()->log_densities.size());
  draws.values.resize(dimension, draws.chains * draws.iterations);
  draws.log_densities.reserve(static_cast<std::size_t>(draws.values.cols()));
  for (Eigen::Index c = 0; c < draws.chains; ++c) {
    const DrawRecord& record = *records[static_cast<std::size_t>(c)];
    draws.values.middleCols(c * draws.iterations, draws.iterations) =
        Eigen::Map<const Eigen::MatrixXd>(record.values.data(), dimension, draws.iterations);
    draws.log_densities.insert(draws.log_densities.end(), record.log_densities.begin(),
                               record.log_densities.end());
  }
  return draws;
}

double r_hat(Values values, std::int64_t chains) {
  const std::vector<double> split = split_chains(values, chains);
  std::vector<double> folded = split;
  const double median = stats::median(split);
  for (double& value : folded) value = std::abs(value - median);
  const double bulk = split_r_hat(normal_scores(split), 2 * chains);
  const double tail = split_r_hat(normal_scores(folded), 2 * chains);
  return std::isnan(bulk) ? tail : std::isnan(tail) ? bulk : std::max(bulk, tail);
}

double effective_sample_size(Values values, std::int64_t chains) {
  return split_ess(split_chains(values, chains), 2 * chains);
}

double effective_sample_size_bulk(Values values, std::int64_t chains) {
  return split_ess(normal_scores(split_chains(values, chains)), 2 * chains);
}

double effective_sample_size_tail(Values values, std::int64_t chains) {
  return std::min(ess_of_indicator(values, chains, 0.05), ess_of_indicator(values, chains, 0.95));
}

double mean_error(Values values, std::int64_t chains) {
  return stats::standard_deviation(values) / std::sqrt(effective_sample_size(values, chains));
}

double quantile_error(Values values, std::int64_t chains, double p) {
  const double ess = ess_of_indicator(values, chains, p);
  if (std::isnan(ess)) return no_number;
  const double low = stats::beta_quantile(0.025, ess * p + 1, ess * (1 - p) + 1);
  const double high = stats::beta_quantile(0.975, ess * p + 1, ess * (1 - p) + 1);
  return (stats::quantile(values, high) - stats::quantile(values, low)) / (2 * stats::normal_quantile(0.975));
}

DrawsSummary summarize_draws(Values values, std::int64_t chains) {
  chain_length(values, chains);
  DrawsSummary summary{};
  summary.mean = stats::mean(values);
  summary.mean_error = mean_error(values, chains);
  summary.deviation = stats::standard_deviation(values);
  summary.q05 = stats::quantile(values, 0.05);
  summary.median = stats::quantile(values, 0.5);
  summary.q95 = stats::quantile(values, 0.95);
  summary.median_error = quantile_error(values, chains, 0.5);
  summary.r_hat = r_hat(values, chains);
  summary.ess_bulk = effective_sample_size_bulk(values, chains);
  summary.ess_tail = effective_sample_size_tail(values, chains);
  return summary;
}

}  // namespace lehr::sample
