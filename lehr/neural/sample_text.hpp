// Text that a trained byte transformer writes: bytes drawn one after another from the model's distribution.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>

#include "lehr/core/random.hpp"
#include "lehr/neural/byte_transformer.hpp"

namespace lehr::neural {

// `count` bytes that follow `prompt` (at least one byte), each drawn from softmax(logits / temperature) given
// the last `context` bytes. Cost: one forward pass per byte.
std::string sample_text(const ByteTransformer& model, const torch::Tensor& parameters,
                        const std::string& prompt, std::int64_t count, double temperature, Stream random);

}  // namespace lehr::neural
