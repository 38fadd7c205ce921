// AdamW on one flat vector of parameters: Adam with decoupled weight decay.
//
//   g <- g * min(1, clip / |g|)
//   m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2
//   x <- (1 - lr * weight_decay) x - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
//
// Every operation is elementwise, in place and in a fixed order. Cost: about ten passes over the parameters.
// Source: I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2 (with
// lr for the product of its alpha and eta).
#pragma once

#include <torch/types.h>

#include <cstdint>

namespace lehr::neural {

struct AdamW {
  double beta1 = 0.9, beta2 = 0.95;
  double epsilon = 1e-8;
  double weight_decay = 0.1;
  double clip = 1;  // the largest L2 norm of a gradient that passes unchanged; 0: no clipping

  // What the optimiser reads and writes: flat tensors of one size, type and device.
  struct Variables {
    torch::Tensor parameters, first_moment, second_moment;
  };

  // Step number `t` (1 for the first). The first `decayed` parameters get weight decay. `gradient_norm` is
  // |gradient|.
  void step(Variables& variables, const torch::Tensor& gradient, double gradient_norm, double lr,
            std::int64_t t, std::int64_t decayed) const;
};

// The L2 and L1 norms of a flat gradient, accumulated in double precision.
struct GradientNorms {
  double l2 = 0, l1 = 0;
};
GradientNorms gradient_norms(const torch::Tensor& gradient);

}  // namespace lehr::neural
