#include "lehr/diffusion/tokens/sequence_mixture.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/stats/gaussian_mixture_em.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

// Of y_t = 0.9 y_{t-1} - 0.5 y_{t-2} + e_t, by Yule and Walker.
VectorXd autocorrelation(Index lags) {
  VectorXd r(std::max<Index>(lags, 2));
  r[0] = 1, r[1] = 0.9 / 1.5;
  for (Index h = 2; h < lags; ++h) r[h] = 0.9 * r[h - 1] - 0.5 * r[h - 2];
  return r;
}

void check_shape(Index tokens, Index channels) {
  constexpr Index most = 4096;  // a covariance of 128 MiB
  if (tokens < 1 || channels < 1 || tokens > most / channels)
    throw InvalidInput("series: {} tokens of {} numbers; a sequence has 1 to {} numbers", tokens, channels,
                       most);
}

// Label of the nearest centre of each sequence.
std::vector<int> nearest(const MatrixXd& sequences, const MatrixXd& centres) {
  std::vector<int> labels;
  const VectorXd norms = centres.colwise().squaredNorm();
  const MatrixXd products = centres.transpose() * sequences;
  for (Index i = 0; i < sequences.cols(); ++i) {
    Index k = 0;
    (norms - 2 * products.col(i)).minCoeff(&k);
    labels.push_back(static_cast<int>(k));
  }
  return labels;
}

// Centres far from each other, by chance in proportion to the squared distance (Arthur and Vassilvitskii, 2007).
MatrixXd spread_centres(const MatrixXd& sequences, Index count, Seed seed) {
  Stream random(seed, lane("diffusion.tokens.fit"));
  MatrixXd centres(sequences.rows(), count);
  VectorXd distances = VectorXd::Ones(sequences.cols());
  for (Index k = 0; k < count; ++k) {
    double left = uniform(random) * distances.sum();
    Index chosen = 0;
    while (chosen + 1 < sequences.cols() && (left -= distances[chosen]) >= 0) ++chosen;
    centres.col(k) = sequences.col(chosen);
    const VectorXd fresh = (sequences.colwise() - centres.col(k)).colwise().squaredNorm();
    distances = k == 0 ? fresh : VectorXd(distances.cwiseMin(fresh));
  }
  return centres;
}

}  // namespace

stats::GaussianMixture sine_series(Index tokens, Index channels, double noise) {
  check_shape(tokens, channels);
  if (!(noise > 0 && noise <= 1e6)) throw InvalidInput("noise: must be above 0, found {:g}", noise);
  const Index dimension = tokens * channels;
  constexpr double frequencies[] = {0.9, 0.55}, levels[] = {0.3, -0.2};
  const VectorXd correlation = autocorrelation(tokens);
  stats::GaussianMixture mixture;
  mixture.weights = Eigen::Vector2d(0.6, 0.4);
  mixture.means.resize(dimension, 2), mixture.covariances.resize(dimension * dimension, 2);
  for (Index k = 0; k < 2; ++k) {
    mixture.means.col(k).setConstant(levels[k]);
    for (Index i = 0; i < dimension; ++i)
      for (Index j = 0; j < dimension; ++j) {
        const auto c = static_cast<double>(i % channels), e = static_cast<double>(j % channels);
        const Index lag = i / channels - j / channels;
        mixture.covariances(i * dimension + j, k) =
            std::cos(c) * std::cos(e) * std::cos(frequencies[k] * static_cast<double>(lag) + 0.55 * (c - e)) +
            (i % channels == j % channels ? noise * noise * correlation[std::abs(lag)] : 0.0);
      }
  }
  return mixture;
}

stats::GaussianMixture ar2_series(Index tokens, Index channels) {
  check_shape(tokens, channels);
  const Index dimension = tokens * channels;
  const VectorXd correlation = autocorrelation(tokens);
  stats::GaussianMixture mixture;
  mixture.weights = VectorXd::Ones(1), mixture.means = MatrixXd::Zero(dimension, 1),
  mixture.covariances = MatrixXd::Zero(dimension * dimension, 1);
  for (Index i = 0; i < dimension; ++i)
    for (Index j = i % channels; j < dimension; j += channels)
      mixture.covariances(i * dimension + j, 0) = correlation[std::abs(i / channels - j / channels)];
  return mixture;
}

stats::GaussianMixture fit_sequence_mixture(const MatrixXd& sequences, Seed seed,
                                            const SequenceFitOptions& options) {
  if (options.components < 1 || sequences.cols() < 2 * options.components)
    throw InvalidInput("components: {} for {} sequences; each needs two sequences at least",
                       options.components, sequences.cols());
  MatrixXd centres = spread_centres(sequences, options.components, seed);
  std::vector<int> labels;
  for (int round = 0; round < 10; ++round) {
    labels = nearest(sequences, centres);
    MatrixXd sums = MatrixXd::Zero(centres.rows(), centres.cols());
    VectorXd counts = VectorXd::Zero(centres.cols());
    for (Index i = 0; i < sequences.cols(); ++i) {
      const int k = labels[static_cast<std::size_t>(i)];
      sums.col(k) += sequences.col(i), counts[k] += 1;
    }
    for (Index k = 0; k < centres.cols(); ++k)
      if (counts[k] > 0) centres.col(k) = sums.col(k) / counts[k];
  }
  const double variance = (sequences.colwise() - sequences.rowwise().mean()).squaredNorm() /
                          static_cast<double>(sequences.size());
  stats::WeightedPoints points;
  points.points = sequences;
  const stats::MixtureFit fit =
      stats::fit_gaussian_mixture(points, labels, options.components, stats::CovarianceShape::full,
                                  {.tolerance = 1e-5,
                                   .steps = options.steps,
                                   .floor = VectorXd::Constant(sequences.rows(), options.floor * variance),
                                   .least_mass = 1});
  if (!fit.sound())
    throw InvalidInput("components: with {} of them the fit to {} sequences {}; take fewer",
                       options.components, sequences.cols(), name(fit.end));
  return fit.mixture;
}

}  // namespace lehr::diffusion
