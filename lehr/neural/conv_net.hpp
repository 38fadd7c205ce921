// The convolutional network of lehr/diffusion/conv_network.hpp in libtorch, for training: same tensors, same function, on a flat vector of
// parameters.
#pragma once

#include <torch/types.h>

#include <map>
#include <string>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/core/tensor.hpp"
#include "lehr/diffusion/conv_network.hpp"

namespace lehr::neural {

class ConvNet {
 public:
  // Throws InvalidInput for a shape that does not fit together.
  explicit ConvNet(const diffusion::ConvShape& shape);
  const diffusion::ConvShape& shape() const { return shape_; }
  std::int64_t parameter_count() const { return count_; }
  std::vector<float> initial_parameters(Seed seed) const;
  // x: n x d, t: n; n x d.
  torch::Tensor operator()(const torch::Tensor& parameters, const torch::Tensor& x,
                           const torch::Tensor& t) const;
  // The tensors by name, for a file; and the parameters of such a file. Throws InvalidInput for a tensor that is missing or has another
  // shape.
  std::map<std::string, lehr::Tensor, std::less<>> tensors(const std::vector<float>& parameters) const;
  std::vector<float> parameters_of(const diffusion::NetworkFile& file) const;

 private:
  class Pieces;
  diffusion::ConvShape shape_;
  std::vector<diffusion::ConvPart> parts_;
  std::vector<std::int64_t> sizes_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::int64_t count_ = 0;
  std::vector<float> frequencies_;
};

}  // namespace lehr::neural
