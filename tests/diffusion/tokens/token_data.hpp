// Sequence models for the tests: the mixture of digits where it is there, and one made of formulas.
#pragma once

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <numbers>

#include "lehr/core/npy.hpp"
#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::diffusion::test {

inline std::filesystem::path digits_folder() {
  const char* const shared = std::getenv("LEHR_SHARED_DATA");
  return std::filesystem::path(shared != nullptr ? shared : "../shared/data") / "disa";
}

// Windows of a series of three channels: a sine of two possible frequencies and of random phase and amplitude (a Gaussian process),
// mixed into the channels, and stationary noise of an AR(2) process. `tokens` tokens of three numbers; the spectrum of the sine is
// one line, so that a window's beginning says almost all of its end.
inline stats::GaussianMixture sine_series(Eigen::Index tokens, double noise = 0.1) {
  constexpr Eigen::Index channels = 3;
  const Eigen::Index dimension = tokens * channels;
  const double frequencies[] = {0.9, 0.55}, mixing[] = {1, 0.8, -0.6}, lags[] = {0, 0.5, 1.1};
  // Autocorrelation of y_t = 0.9 y_{t-1} - 0.5 y_{t-2} + e_t (Yule and Walker).
  Eigen::VectorXd correlation(tokens);
  correlation[0] = 1;
  if (tokens > 1) correlation[1] = 0.9 / 1.5;
  for (Eigen::Index h = 2; h < tokens; ++h)
    correlation[h] = 0.9 * correlation[h - 1] - 0.5 * correlation[h - 2];
  stats::GaussianMixture mixture;
  mixture.weights = Eigen::Vector2d(0.6, 0.4);
  mixture.means.resize(dimension, 2), mixture.covariances.resize(dimension * dimension, 2);
  for (Eigen::Index k = 0; k < 2; ++k) {
    Eigen::Map<Eigen::MatrixXd> covariance(mixture.covariances.col(k).data(), dimension, dimension);
    for (Eigen::Index i = 0; i < dimension; ++i) {
      mixture.means(i, k) = k == 0 ? 0.3 : -0.2;
      for (Eigen::Index j = 0; j < dimension; ++j) {
        const Eigen::Index c = i % channels, e = j % channels, t = i / channels, u = j / channels;
        const double phase = frequencies[k] * static_cast<double>(t - u) + lags[c] - lags[e];
        covariance(i, j) = mixing[c] * mixing[e] * std::cos(phase) +
                           (c == e ? noise * noise * correlation[std::abs(t - u)] : 0.0);
      }
    }
  }
  return mixture;
}

}  // namespace lehr::diffusion::test
