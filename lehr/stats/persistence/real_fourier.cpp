#include "lehr/stats/persistence/real_fourier.hpp"

#include <fftw3.h>

#include <algorithm>
#include <mutex>

namespace lehr::stats {
namespace {

// FFTW's planner is the one part of it that is not safe to call from several threads.
std::mutex& planner() {
  static std::mutex mutex;
  return mutex;
}

fftw_complex* as_fftw(Spectrum& spectrum) { return reinterpret_cast<fftw_complex*>(spectrum.data()); }

}  // namespace

struct RealFourier::Plans {
  fftw_plan forward = nullptr, inverse = nullptr;

  explicit Plans(std::int64_t length) {
    AlignedVector<double> values(static_cast<std::size_t>(length));
    Spectrum spectrum(static_cast<std::size_t>(length / 2 + 1));
    const auto n = static_cast<int>(length);
    const std::lock_guard lock(planner());
    forward = fftw_plan_dft_r2c_1d(n, values.data(), as_fftw(spectrum), FFTW_ESTIMATE);
    inverse = fftw_plan_dft_c2r_1d(n, as_fftw(spectrum), values.data(), FFTW_ESTIMATE);
  }
  Plans(const Plans&) = delete;
  Plans& operator=(const Plans&) = delete;
  ~Plans() {
    const std::lock_guard lock(planner());
    fftw_destroy_plan(forward), fftw_destroy_plan(inverse);
  }
};

RealFourier::RealFourier(std::int64_t length)
    : length_(length), plans_(std::make_shared<const Plans>(length)) {}

void RealFourier::forward(AlignedVector<double>& values, Spectrum& spectrum) const {
  fftw_execute_dft_r2c(plans_->forward, values.data(), as_fftw(spectrum));
}

void RealFourier::inverse(Spectrum& spectrum, AlignedVector<double>& values) const {
  fftw_execute_dft_c2r(plans_->inverse, as_fftw(spectrum), values.data());
}

std::int64_t fast_length(std::int64_t n) {
  for (std::int64_t length = n + n % 2;; length += 2) {
    std::int64_t rest = length;
    for (const std::int64_t prime : {2, 3, 5, 7})
      while (rest % prime == 0) rest /= prime;
    if (rest == 1) return length;
  }
}

std::vector<double> convolution(std::span<const double> a, std::span<const double> b) {
  const std::size_t size = a.size() + b.size() - 1;
  const RealFourier fourier(fast_length(static_cast<std::int64_t>(size)));
  const auto transform = [&](std::span<const double> values) {
    AlignedVector<double> padded(static_cast<std::size_t>(fourier.length()), 0.0);
    std::ranges::copy(values, padded.begin());
    Spectrum spectrum(static_cast<std::size_t>(fourier.frequencies()));
    fourier.forward(padded, spectrum);
    return spectrum;
  };
  Spectrum product = transform(a);
  const Spectrum other = transform(b);
  for (std::size_t k = 0; k < product.size(); ++k)
    product[k] *= other[k] / static_cast<double>(fourier.length());
  AlignedVector<double> values(static_cast<std::size_t>(fourier.length()));
  fourier.inverse(product, values);
  return {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(size)};
}

}  // namespace lehr::stats
