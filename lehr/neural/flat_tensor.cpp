#include "lehr/neural/flat_tensor.hpp"

#include <algorithm>

namespace lehr::neural {

std::vector<float> flat_vector(const torch::Tensor& tensor) {
  if (!tensor.defined()) return {};
  const torch::Tensor local = tensor.contiguous();
  return {local.data_ptr<float>(), local.data_ptr<float>() + local.numel()};
}

torch::Tensor flat_tensor(const std::vector<float>& values) {
  torch::Tensor tensor = at::empty({static_cast<std::int64_t>(values.size())}, torch::kFloat32);
  std::ranges::copy(values, tensor.data_ptr<float>());
  return tensor;
}

}  // namespace lehr::neural
