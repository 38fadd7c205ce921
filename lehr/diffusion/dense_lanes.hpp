// Layers of small networks on 64 points side by side, in single precision and SIMD chosen at run time.
#pragma once

#include <cstdint>
#include <vector>

namespace lehr::diffusion {

inline constexpr std::int64_t dense_lanes = 64;

// y = W x + b of one layer. Weights are packed for the kernel: four outputs side by side for each input.
class DenseLayer {
 public:
  DenseLayer() = default;
  // weights: outputs x inputs, row by row.
  DenseLayer(const std::vector<float>& weights, const std::vector<float>& bias, std::int64_t inputs);
  std::int64_t inputs() const { return inputs_; }
  std::int64_t outputs() const { return outputs_; }
  // x: inputs x 64, y: outputs x 64 (rounded up to a multiple of four), a row of 64 points per coordinate. With `add`, y += W x + b.
  void apply(const float* x, float* y, bool add = false) const;
  static std::int64_t padded(std::int64_t outputs) { return (outputs + 3) / 4 * 4; }

 private:
  std::int64_t inputs_ = 0, outputs_ = 0;
  std::vector<float> packed_, bias_;
};

// to[c][i] = silu(x[c][i] + shift[c]), silu(z) = z / (1 + e^-z); shift may be null. n coordinates of 64 points.
void silu_lanes(const float* x, const float* shift, float* to, std::int64_t n);

// Group normalisation of images, then silu: x and to are pixels x channels x 64; `channels` divide into `groups`, of which each has mean 0
// and variance 1 over its channels and all pixels of one point, and then factors and shifts by channel.
void norm_silu_lanes(const float* x, std::int64_t pixels, std::int64_t channels, std::int64_t groups,
                     const float* factor, const float* shift, float* to);

}  // namespace lehr::diffusion
