// Discrete Fourier transforms of real series of one length, by FFTW; private to this folder.
//
//   forward   X_k = sum_j x_j exp(-2 pi i j k / n)      k = 0 .. n/2
//   inverse   x_j = sum_k X_k exp(+2 pi i j k / n)      over all k with X_(n-k) = conj X_k; not divided by n
//
// Plans are estimated, not measured, so that equal input gives equal bits in every run. Transforms may run in
// several threads at once, each on vectors of its own.
#pragma once

#include <complex>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lehr/core/aligned.hpp"

namespace lehr::stats {

using Spectrum = AlignedVector<std::complex<double>>;

class RealFourier {
 public:
  explicit RealFourier(std::int64_t length);  // >= 1

  std::int64_t length() const { return length_; }
  std::int64_t frequencies() const { return length_ / 2 + 1; }
  // `values` of `length()`, `spectrum` of `frequencies()` entries; `inverse` overwrites the spectrum.
  void forward(AlignedVector<double>& values, Spectrum& spectrum) const;
  void inverse(Spectrum& spectrum, AlignedVector<double>& values) const;

 private:
  struct Plans;
  std::int64_t length_;
  std::shared_ptr<const Plans> plans_;
};

// The least even number >= n without prime factors above 7.
std::int64_t fast_length(std::int64_t n);

// sum_j a_j b_(k-j) for k = 0 .. a.size() + b.size() - 2.
std::vector<double> convolution(std::span<const double> a, std::span<const double> b);

}  // namespace lehr::stats
