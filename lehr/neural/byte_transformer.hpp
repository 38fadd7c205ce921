// A small decoder-only transformer over bytes, as a pure function of one flat vector of parameters.
//
//   h = E[byte] + P[position];  per layer: h += A(norm(h)), h += M(norm(h));  logits = norm(h) E^T
//   A: causal softmax(Q K^T / sqrt(width / heads)) V, projected
//   M: W_down gelu(W_up h), of inner width 4 * width
//
// Layer norms stand before each part (Xiong et al. 2020), the embedding E is shared by input and output
// (Press and Wolf 2017), positions are learned, linear maps have no bias. The flat vector makes optimisers,
// norms and checkpoints one pass over memory; automatic differentiation returns the gradient in the same
// layout. Cost per step: about 6 * parameters * batch * length multiply-adds, plus 12 * layers * width *
// batch * length^2.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "lehr/core/random.hpp"

namespace lehr::neural {

struct TransformerSize {
  std::int64_t layers = 2;
  std::int64_t width = 64;
  std::int64_t heads = 4;     // divides width
  std::int64_t context = 64;  // the largest length of a window
};

class ByteTransformer {
 public:
  static constexpr std::int64_t vocabulary = 256;

  // Throws InvalidInput when heads do not divide width.
  explicit ByteTransformer(TransformerSize size);

  const TransformerSize& size() const { return size_; }
  std::int64_t parameter_count() const { return count_; }
  // The leading parameters that are matrices, to which weight decay applies; gains and shifts of the norms
  // follow.
  std::int64_t matrix_count() const { return matrix_count_; }

  // Normal numbers from the lane "parameters": deviation 0.02 for E and P, 1 / sqrt(fan-in) for matrices, the
  // maps that end a residual branch divided by sqrt(2 layers) (Radford et al. 2019); norms start at gain 1
  // and shift 0.
  std::vector<float> initial_parameters(Seed seed) const;

  // batch x length x 256 logits from the flat parameters (float or double) and the byte ids (int64, batch x
  // length, length <= context) on the same device. Logits at a position depend on no later byte.
  torch::Tensor logits(const torch::Tensor& parameters, const torch::Tensor& inputs) const;
  // The mean cross-entropy of `targets` (int64, batch x length) in nats per byte, a scalar.
  torch::Tensor loss(const torch::Tensor& parameters, const torch::Tensor& inputs,
                     const torch::Tensor& targets) const;

 private:
  struct Block {
    std::vector<std::int64_t> shape;
    double deviation;  // of the initial normal numbers
    double mean;
  };
  void add(std::vector<std::int64_t> shape, double deviation, double mean = 0);

  TransformerSize size_;
  std::vector<Block> blocks_;
  std::vector<std::int64_t> block_sizes_;
  std::int64_t count_ = 0, matrix_count_ = 0;
};

}  // namespace lehr::neural
