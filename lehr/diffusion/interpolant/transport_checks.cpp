#include "lehr/diffusion/interpolant/transport_checks.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/stats/distributions.hpp"

namespace lehr::diffusion {

using Eigen::Index;

double mixture_cdf(const stats::GaussianMixture& mixture, double x) {
  if (mixture.dimension() != 1)
    throw InvalidInput("distribution function: the mixture has {} coordinates, not 1", mixture.dimension());
  double p = 0;
  for (Index k = 0; k < mixture.components(); ++k)
    p += mixture.weights[k] *
         stats::normal_cdf((x - mixture.means(0, k)) / std::sqrt(mixture.covariances(0, k)));
  return std::min(p, 1.0);
}

double mixture_quantile(const stats::GaussianMixture& mixture, double p) {
  if (!(p > 0 && p < 1)) throw InvalidInput("quantile: p is {:g}, expected a number in (0, 1)", p);
  const double reach = 40 * std::sqrt(mixture.covariances.maxCoeff());
  double low = mixture.means.minCoeff() - reach, high = mixture.means.maxCoeff() + reach;
  for (int i = 0; i < 200 && high - low > 1e-14 * (std::abs(low) + std::abs(high)); ++i) {
    const double middle = 0.5 * (low + high);
    (mixture_cdf(mixture, middle) < p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

double histogram_kl(const stats::GaussianMixture& mixture, std::span<const double> sample, double low,
                    double high, int bins) {
  if (sample.empty() || !(low < high) || bins < 1)
    throw InvalidInput("histogram: needs points, low < high and at least one cell");
  const auto cells = static_cast<std::size_t>(bins) + 2;
  std::vector<double> counts(cells, 0.5);
  const double width = (high - low) / bins;
  for (const double x : sample) {
    const double place = std::clamp(std::floor((x - low) / width), -1.0, static_cast<double>(bins));
    counts[static_cast<std::size_t>(place + 1)] += 1;
  }
  const double total = static_cast<double>(sample.size()) + 0.5 * static_cast<double>(cells);
  double kl = 0, before = 0;
  for (std::size_t c = 0; c < cells; ++c) {
    const double until = c + 1 == cells ? 1 : mixture_cdf(mixture, low + width * static_cast<double>(c));
    const double p = until - before;
    if (p > 0) kl += p * std::log(p * total / counts[c]);
    before = until;
  }
  return kl;
}

Estimate mean_with_error(const Eigen::VectorXd& values) {
  const auto n = static_cast<double>(values.size());
  const double mean = values.mean();
  return {mean, n > 1 ? std::sqrt((values.array() - mean).square().sum() / (n * (n - 1)))
                      : std::numeric_limits<double>::infinity()};
}

Estimate perturbation_bound(const MixtureTransport& transport, double amplitude, double frequency,
                            const Schedule& epsilon, std::int64_t n, Seed seed) {
  Eigen::VectorXd t(n);
  for (Index i = 0; i < n; ++i) t[i] = (static_cast<double>(i) + 0.5) / static_cast<double>(n);
  const Eigen::MatrixXd x = transport.draw(t, n, seed, lane("diffusion.interpolant.bound"));
  Eigen::VectorXd terms =
      (amplitude * (frequency * x.array()).sin()).square().colwise().sum().matrix().transpose();
  for (Index i = 0; i < n; ++i) terms[i] /= 4 * epsilon.at(i, n);
  return mean_with_error(terms);
}

}  // namespace lehr::diffusion
