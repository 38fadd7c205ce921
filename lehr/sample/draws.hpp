// What chains drew, and what it says: means with their Monte Carlo errors, quantiles, and whether the chains agree.
//
//   R-hat     sqrt(var+ / W) of split chains, of normal scores of the ranks, the larger of that of x and of |x - median|
//   ESS       S / (1 + 2 sum rho_t): bulk of the normal scores, tail of the indicators of the 5 % and 95 % quantiles
//   MCSE      sd / sqrt(ESS of x itself); for a quantile the width of the interval between the order statistics whose
//             levels are the 2.5 % and 97.5 % quantiles of Beta(S p + 1, S (1 - p) + 1), over 2 x 1.96; S the ESS of 1(x <= q)
//
// rho_t is the combined autocorrelation of all chains, summed by Geyer's initial monotone sequence. Source: Vehtari, Gelman,
// Simpson, Carpenter and Buerkner, "Rank-normalization, folding, and localization: an improved R-hat", 2021. Cost: O(S log S)
// plus S times the lags that count.
#pragma once

#include <Eigen/Core>
#include <span>
#include <string>
#include <vector>

namespace lehr::sample {

// What one chain keeps as it goes.
struct DrawRecord {
  std::vector<double> values;         // d for each draw
  std::vector<double> log_densities;  // one for each draw

  void add(const Eigen::VectorXd& x, double log_density) {
    values.insert(values.end(), x.begin(), x.end());
    log_densities.push_back(log_density);
  }
  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    visit(name + ".draws", values);
    visit(name + ".log_densities", log_densities);
  }
};

struct Draws {
  Eigen::Index dimension = 0, chains = 0, iterations = 0;
  Eigen::MatrixXd values;             // d x (chains iterations), chain after chain
  std::vector<double> log_densities;  // of the columns

  // The values of one coordinate, chain after chain.
  std::vector<double> coordinate(Eigen::Index i) const;
};

// The draws of chains that have equally many.
Draws collect_draws(std::span<const DrawRecord* const> records, Eigen::Index dimension);

struct DrawsSummary {
  double mean, mean_error;  // with its standard error (MCSE)
  double deviation;         // standard deviation of the target
  double q05, median, q95;
  double median_error;
  double r_hat;               // nan with fewer than 4 draws in a chain
  double ess_bulk, ess_tail;  // effective numbers of draws
};

// `values`: chains of equal length one after another, at least 4 draws each, otherwise InvalidInput. Draws that are all
// equal have R-hat and ESS nan.
DrawsSummary summarize_draws(std::span<const double> values, std::int64_t chains);

double r_hat(std::span<const double> values, std::int64_t chains);
double effective_sample_size(std::span<const double> values, std::int64_t chains);
double effective_sample_size_bulk(std::span<const double> values, std::int64_t chains);
double effective_sample_size_tail(std::span<const double> values, std::int64_t chains);
// Standard error of the mean, and of the p-quantile.
double mean_error(std::span<const double> values, std::int64_t chains);
double quantile_error(std::span<const double> values, std::int64_t chains, double p);

}  // namespace lehr::sample
