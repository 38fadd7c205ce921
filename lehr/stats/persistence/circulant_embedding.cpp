#include "lehr/stats/persistence/circulant_embedding.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::stats {
namespace {

void check_covariances(std::span<const double> covariances) {
  if (covariances.size() < 2)
    throw InvalidInput("circulant embedding: expected at least 2 covariances, found {}", covariances.size());
  if (covariances.size() > (std::size_t{1} << 29))
    throw InvalidInput("circulant embedding: expected at most 2^29 covariances, found {}",
                       covariances.size());
  if (!(covariances[0] > 0))
    throw InvalidInput("circulant embedding: the variance must be above 0, found {}", covariances[0]);
  for (std::size_t j = 0; j < covariances.size(); ++j)
    if (!std::isfinite(covariances[j]))
      throw InvalidInput("circulant embedding: covariance {} is {}", j, covariances[j]);
}

std::int64_t circle(std::span<const double> covariances) {
  check_covariances(covariances);
  return 2 * static_cast<std::int64_t>(covariances.size() - 1);
}

}  // namespace

CirculantEmbedding::CirculantEmbedding(std::span<const double> covariances)
    : fourier_(circle(covariances)), length_(static_cast<std::int64_t>(covariances.size())) {
  AlignedVector<double> row(static_cast<std::size_t>(fourier_.length()));
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = covariances[std::min(j, row.size() - j)];
  Spectrum eigenvalues(static_cast<std::size_t>(fourier_.frequencies()));
  fourier_.forward(row, eigenvalues);

  // The first and the last frequency stand for one eigenvalue each, the others for two.
  const std::size_t last = eigenvalues.size() - 1;
  const double size = static_cast<double>(fourier_.length());
  double negative = 0, magnitude = 0;
  lowest_ = largest_ = eigenvalues[0].real();
  deviation_.resize(eigenvalues.size());
  for (std::size_t k = 0; k <= last; ++k) {
    const double lambda = eigenvalues[k].real(), copies = k == 0 || k == last ? 1 : 2;
    lowest_ = std::min(lowest_, lambda), largest_ = std::max(largest_, lambda);
    negative += copies * std::max(-lambda, 0.0), magnitude += copies * std::abs(lambda);
    deviation_[k] = std::sqrt(std::max(lambda, 0.0) / (size * copies));
  }
  clipped_ = negative / magnitude;
}

std::vector<double> CirculantEmbedding::sample(Stream random) const {
  Spectrum spectrum(deviation_.size());
  const std::size_t last = deviation_.size() - 1;
  spectrum[0] = deviation_[0] * normal(random);
  for (std::size_t k = 1; k < last; ++k) {
    const double real = normal(random), imaginary = normal(random);
    spectrum[k] = {deviation_[k] * real, deviation_[k] * imaginary};
  }
  spectrum[last] = deviation_[last] * normal(random);
  AlignedVector<double> values(static_cast<std::size_t>(fourier_.length()));
  fourier_.inverse(spectrum, values);
  return {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(length_)};
}

std::vector<double> sampled_covariance(const std::function<double(double)>& covariance, double dt,
                                       std::int64_t count) {
  std::vector<double> values(static_cast<std::size_t>(count) + 1);
  parallel_for(
      count + 1,
      [&](std::int64_t j) { values[static_cast<std::size_t>(j)] = covariance(static_cast<double>(j) * dt); },
      1024);
  return values;
}

}  // namespace lehr::stats
