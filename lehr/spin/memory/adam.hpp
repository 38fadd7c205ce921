// Adam (Kingma and Ba 2015) for Eigen arrays: theta <- theta - rate * m^ / (sqrt(v^) + 1e-8), with the moving
// averages m of the gradient and v of its square, corrected for their start at 0.
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstdint>
#include <type_traits>

namespace lehr::spin {

struct AdamDecay {
  double first = 0.9, second = 0.999;  // of the moving averages, in [0, 1)
};

// Moves `theta` down `gradient`; `count` is the number of steps so far, this one included (>= 1). `first` and
// `second` are the averages, of theta's shape, zero before the first step.
template <class Matrix>
void adam_step(Matrix& theta, const Matrix& gradient, Matrix& first, Matrix& second, std::int64_t count,
               double rate, AdamDecay decay = {}) {
  using Scalar = typename Matrix::Scalar;
  constexpr double flush = std::is_same_v<Scalar, float> ? 1e-10 : 1e-1;
  const auto b1 = static_cast<Scalar>(decay.first), b2 = static_cast<Scalar>(decay.second);
  const double k = static_cast<double>(count);
  const auto step = static_cast<Scalar>(rate / (1 - std::pow(decay.first, k)));
  const auto scale = static_cast<Scalar>(1 / std::sqrt(1 - std::pow(decay.second, k)));
  // Entries that stopped moving would fade into denormal numbers, which are slow: below 1e-17 they are 0.
  const auto flushed = [](const auto& x) {
    return (x + static_cast<Scalar>(flush)) - static_cast<Scalar>(flush);
  };
  first.array() = flushed(b1 * first.array() + (1 - b1) * gradient.array());
  second.array() =
      b2 * second.array() + (1 - b2) * flushed(gradient.array()).square() + static_cast<Scalar>(1e-36);
  theta.array() -= step * first.array() / (scale * second.array().sqrt() + static_cast<Scalar>(1e-8));
}

}  // namespace lehr::spin
