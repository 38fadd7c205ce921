// A network that draws sequences of tokens by denoising each given the earlier ones: a backbone says what is known, a head denoises. Both
// are pure functions of one flat vector of parameters.
//
// Backbone: y_k = what tokens of ranks 0 .. k-1 and the label say, of k = 0 .. K. Either a causal transformer over (start, token 0, ...,
// token K-1), whose input at a token is W x + P[position], or a residual network over the sequence with zeros at the positions that are not
// known, and which ones are.
//
// Head (Li et al., "Autoregressive image generation without vector quantization", 2024): residual blocks modulated by c = silu(time
// embedding + W y_k + Q[position of the token to be drawn]),
//
//   h <- h + gate(c) W2 silu(W1 ((1 + scale(c)) norm(h) + shift(c)))
//
// Levels are angles: x = cos(phi) x0 + sin(phi) xi, phi in [0, pi / 2]. The head returns v = cos(phi) xi - sin(phi) x0, so that
//
//   x0hat = cos(phi) x - sin(phi) v,  xihat = sin(phi) x + cos(phi) v
//
// are both bounded at every level; a noise would have to be divided by cos(phi) ~ 0 where sampling begins.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/core/json.hpp"
#include "lehr/core/random.hpp"
#include "lehr/core/tensor.hpp"

namespace lehr::neural {

struct TokenNetSize {
  std::int64_t tokens = 16, token_dim = 4;
  std::int64_t classes = 0;              // labels; there is also "no label"
  std::string backbone = "transformer";  // or mlp
  std::int64_t width = 64, layers = 2, heads = 4;
  std::int64_t head_width = 64, head_blocks = 2, frequencies = 16;
  double largest_frequency = 64;  // largest f of sin(f phi), cos(f phi)

  // {"tokens": 16, ...}, for a file. `where` starts the messages of InvalidInput.
  Json json() const;
  static TokenNetSize from_json(const Json& json, const std::string& where);
};

class TokenNet {
 public:
  // Throws InvalidInput that names the size that does not fit.
  explicit TokenNet(const TokenNetSize& size);

  const TokenNetSize& size() const { return size_; }
  std::int64_t parameter_count() const { return count_; }
  // Normal numbers of deviation 1 / inputs^1/2, small ones for embeddings; what ends a block of the head begins at 0.
  std::vector<float> initial_parameters(Seed seed) const;

  // tokens: B x K x dim in the order of ranks, positions: B x K (int64), labels: B (int64, `classes` for none); K <= tokens.
  // Returns B x (K + 1) x width: y_0 .. y_K.
  torch::Tensor summaries(const torch::Tensor& parameters, const torch::Tensor& tokens,
                          const torch::Tensor& positions, const torch::Tensor& labels) const;
  // What the head needs to know besides the level: W y + Q[position], M x head_width, of summaries M x width, positions M.
  torch::Tensor condition(const torch::Tensor& parameters, const torch::Tensor& summaries,
                          const torch::Tensor& positions) const;
  // v: M x dim, of x: M x dim, levels phi: M or 1, conditions: M x head_width.
  torch::Tensor velocity(const torch::Tensor& parameters, const torch::Tensor& x, const torch::Tensor& phi,
                         const torch::Tensor& condition) const;

  // The tensors by name, for a file, and back. Throws InvalidInput for missing tensors and other shapes.
  std::map<std::string, lehr::Tensor, std::less<>> tensors(const std::vector<float>& parameters) const;
  std::vector<float> parameters(const std::map<std::string, TensorView, std::less<>>& tensors,
                                std::string_view where) const;

 private:
  struct Part {
    std::string name;
    std::vector<std::int64_t> shape;
    std::int64_t offset = 0, count = 0;
    double deviation = 0;  // of the initial numbers
  };
  void add(const std::string& name, std::vector<std::int64_t> shape, double deviation);
  void add_layer(const std::string& name, std::int64_t inputs, std::int64_t outputs, double factor = 1);
  torch::Tensor part(const torch::Tensor& parameters, std::string_view name) const;
  torch::Tensor linear(const torch::Tensor& parameters, const std::string& layer,
                       const torch::Tensor& x) const;
  torch::Tensor transformer(const torch::Tensor& parameters, const torch::Tensor& tokens,
                            const torch::Tensor& positions, const torch::Tensor& labels) const;
  torch::Tensor attention(const torch::Tensor& parameters, const std::string& layer,
                          const torch::Tensor& h) const;
  torch::Tensor padded(const torch::Tensor& parameters, const torch::Tensor& tokens,
                       const torch::Tensor& positions, const torch::Tensor& labels) const;

  TokenNetSize size_;
  std::vector<Part> parts_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::int64_t count_ = 0;
  std::vector<float> frequencies_;
};

}  // namespace lehr::neural
