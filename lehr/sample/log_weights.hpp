// Weights of a population in log space: l_i = ln w_i, where -infinity is the weight 0.
//
//   p_i = e^(l_i / tau) / sum_k e^(l_k / tau)       tempered softmax
//   ESS = 1 / sum p_i^2,   rho = ESS / N            effective sample size and its share of the population
//   H   = -sum p_i ln p_i / ln N                    normalised entropy
//
// rho grows with tau, from that of the weights to the share of those above 0. Source: Kong, Liu and Wong, "Sequential imputations
// and Bayesian missing data problems", 1994 (ESS). Cost: one pass, one exponential a weight.
#pragma once

#include <span>
#include <vector>

namespace lehr::sample {

// Writes p, as long as `log_weights`, and returns ln sum_k e^(l_k / tau). tau in (0, inf]. Throws NumericalFailure for a
// weight that is nan or +inf and where all are -inf, naming `what`.
double softmax(std::span<const double> log_weights, double temperature, std::span<double> probabilities,
               const char* what = "weights");
std::vector<double> softmax(std::span<const double> log_weights, double temperature = 1);

// Of probabilities that sum to 1.
double effective_sample_size(std::span<const double> probabilities);
// 1 for a population of one.
double normalised_entropy(std::span<const double> probabilities);
// The same of p_i = e^(l_i - log_sum), without a logarithm for each: H = log_sum - sum p_i l_i.
double normalised_entropy(std::span<const double> probabilities, std::span<const double> log_weights,
                          double log_sum);

// The smallest temperature >= 1 at which rho is `share` (in [0, 1]) of the population, to the last bit. Where not even equal
// weights reach it, because too many are 0: `flattest_temperature`.
inline constexpr double flattest_temperature = 1e12;
double temperature_for_ess(std::span<const double> log_weights, double share);

// logit of a probability that is first clipped to [clip, 1 - clip].
double clipped_logit(double probability, double clip = 1e-7);

// ln of the mean of several estimates given by their logarithms, with its jackknife standard error (nan for one).
struct LogMean {
  double value, standard_error;
};
LogMean log_mean_exp(std::span<const double> logs);

}  // namespace lehr::sample
