// Exact samples of a stationary Gaussian series from its covariances, by circulant embedding.
//
// The (n + 1) x (n + 1) Toeplitz matrix of the covariances r_0 .. r_n is a corner of the circulant matrix
// with the first row r_0 .. r_n r_(n-1) .. r_1, of size N = 2n, whose eigenvalues are the discrete Fourier
// transform of that row:
//   lambda_k = r_0 + (-1)^k r_n + 2 sum_{0<j<n} r_j cos(2 pi j k / N) >= 0
//   x = F diag(sqrt(lambda / N)) z,   z complex Gaussian with z_(N-k) = conj z_k
// has exactly these covariances in its first n + 1 entries. Where the row is too short to be positive
// definite, the negative eigenvalues are set to 0: `clipped` is their share, and the samples' covariances are
// then off by at most the sum of their magnitudes / N.
//
// Cost: one transform of length N a sample, O(N log N). Sources: C. Dietrich and G. Newsam, "Fast and exact
// simulation of stationary Gaussian processes through circulant embedding of the covariance matrix", 1997; A.
// Wood and G. Chan, "Simulation of stationary Gaussian processes in [0, 1]^d", 1994.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/stats/persistence/real_fourier.hpp"

namespace lehr::stats {

class CirculantEmbedding {
 public:
  // At least two covariances, r_0 > 0, all finite; otherwise InvalidInput. A length n = covariances.size() -
  // 1 without prime factors above 7 is quickest.
  explicit CirculantEmbedding(std::span<const double> covariances);

  std::int64_t length() const { return length_; }  // of a sample: n + 1
  double clipped() const { return clipped_; }  // sum of |negative eigenvalues| over the sum of the magnitudes
  double lowest_eigenvalue() const { return lowest_; }
  double largest_eigenvalue() const { return largest_; }

  // A sample of `length()` values with mean 0; equal streams give equal samples.
  std::vector<double> sample(Stream random) const;

 private:
  RealFourier fourier_;
  std::int64_t length_;
  std::vector<double> deviation_;  // of the real and of the imaginary part of each frequency
  double clipped_ = 0, lowest_ = 0, largest_ = 0;
};

// covariance(0), covariance(dt), ... covariance(count * dt), computed in parallel.
std::vector<double> sampled_covariance(const std::function<double(double)>& covariance, double dt,
                                       std::int64_t count);

}  // namespace lehr::stats
