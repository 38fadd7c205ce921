#include "lehr/neural/byte_transformer.hpp"

#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"

namespace lehr::neural {
namespace {

using torch::Tensor;

// The order of the parameters in the flat vector: E, P, four matrices per layer, then gain and shift per
// norm.
constexpr std::int64_t matrices_per_layer = 4, norms_per_layer = 2;
enum Matrix { query_key_value, attention_out, up, down };

// The flat vector cut into its blocks, with names for them.
class Weights {
 public:
  Weights(std::vector<Tensor> blocks, std::int64_t layers) : blocks_(std::move(blocks)), layers_(layers) {}
  const Tensor& embedding() const { return blocks_[0]; }
  const Tensor& positions() const { return blocks_[1]; }
  const Tensor& matrix(std::int64_t layer, Matrix which) const {
    return at(2 + matrices_per_layer * layer + which);
  }
  Tensor normalize(const Tensor& h, std::int64_t norm) const {
    const std::int64_t gain = 2 + matrices_per_layer * layers_ + 2 * norm;
    return at::layer_norm(h, {h.size(-1)}, at(gain), at(gain + 1));
  }

 private:
  const Tensor& at(std::int64_t index) const { return blocks_[static_cast<std::size_t>(index)]; }
  std::vector<Tensor> blocks_;
  std::int64_t layers_;
};

// length x length: 0 where a position may look, -inf at later positions.
Tensor causal_mask(std::int64_t length, const torch::TensorOptions& options) {
  return at::full({length, length}, -std::numeric_limits<double>::infinity(), options).triu(1);
}

Tensor attention(const Tensor& h, const Tensor& query_key_value_weight, const Tensor& out_weight,
                 std::int64_t heads, const Tensor& mask) {
  const std::int64_t batch = h.size(0), length = h.size(1), width = h.size(2), head_width = width / heads;
  const std::vector<Tensor> qkv = at::linear(h, query_key_value_weight)
                                      .view({batch, length, 3, heads, head_width})
                                      .permute({2, 0, 3, 1, 4})
                                      .unbind(0);
  const double scale = 1 / std::sqrt(static_cast<double>(head_width));
  const Tensor scores = at::matmul(qkv[0], qkv[1].transpose(-1, -2)) * scale + mask;
  const Tensor mixed = at::matmul(at::softmax(scores, -1), qkv[2]);
  return at::linear(mixed.transpose(1, 2).reshape({batch, length, width}), out_weight);
}

}  // namespace

ByteTransformer::ByteTransformer(TransformerSize size) : size_(size) {
  if (size.heads < 1 || size.width % size.heads != 0)
    throw InvalidInput("heads: {} heads do not divide a width of {}", size.heads, size.width);
  const double fan_in = 1 / std::sqrt(static_cast<double>(size.width));
  const double branch_end = 1 / std::sqrt(2 * static_cast<double>(size.layers));
  add({vocabulary, size.width}, 0.02);
  add({size.context, size.width}, 0.02);
  for (std::int64_t layer = 0; layer < size.layers; ++layer) {
    add({3 * size.width, size.width}, fan_in);
    add({size.width, size.width}, fan_in * branch_end);
    add({4 * size.width, size.width}, fan_in);
    add({size.width, 4 * size.width}, fan_in / 2 * branch_end);
  }
  matrix_count_ = count_;
  for (std::int64_t norm = 0; norm < norms_per_layer * size.layers + 1; ++norm) {
    add({size.width}, 0, 1);
    add({size.width}, 0, 0);
  }
}

void ByteTransformer::add(std::vector<std::int64_t> shape, double deviation, double mean) {
  std::int64_t elements = 1;
  for (const std::int64_t extent : shape) elements *= extent;
  blocks_.push_back({std::move(shape), deviation, mean});
  block_sizes_.push_back(elements);
  count_ += elements;
}

std::vector<float> ByteTransformer::initial_parameters(Seed seed) const {
  Stream random(seed, lane("parameters"));
  std::vector<float> parameters;
  parameters.reserve(static_cast<std::size_t>(count_));
  for (std::size_t block = 0; block < blocks_.size(); ++block) {
    const auto& [shape, deviation, mean] = blocks_[block];
    for (std::int64_t i = 0; i < block_sizes_[block]; ++i)
      parameters.push_back(static_cast<float>(deviation > 0 ? mean + deviation * normal(random) : mean));
  }
  return parameters;
}

Tensor ByteTransformer::logits(const Tensor& parameters, const Tensor& inputs) const {
  std::vector<Tensor> blocks = parameters.split_with_sizes(block_sizes_);
  for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i] = blocks[i].view(blocks_[i].shape);
  const Weights weights(std::move(blocks), size_.layers);
  const std::int64_t length = inputs.size(1);
  const Tensor mask = causal_mask(length, parameters.options().requires_grad(false));

  Tensor h = at::embedding(weights.embedding(), inputs) + weights.positions().narrow(0, 0, length);
  for (std::int64_t layer = 0; layer < size_.layers; ++layer) {
    h = h + attention(weights.normalize(h, norms_per_layer * layer), weights.matrix(layer, query_key_value),
                      weights.matrix(layer, attention_out), size_.heads, mask);
    const Tensor inner =
        at::linear(weights.normalize(h, norms_per_layer * layer + 1), weights.matrix(layer, up));
    h = h + at::linear(at::gelu(inner), weights.matrix(layer, down));
  }
  return at::linear(weights.normalize(h, norms_per_layer * size_.layers), weights.embedding());
}

Tensor ByteTransformer::loss(const Tensor& parameters, const Tensor& inputs, const Tensor& targets) const {
  return at::cross_entropy_loss(logits(parameters, inputs).view({-1, vocabulary}), targets.view({-1}));
}

}  // namespace lehr::neural
