// Flat float tensors as vectors of numbers, for states and files.
#pragma once

#include <torch/types.h>

#include <vector>

namespace lehr::neural {

std::vector<float> flat_vector(const torch::Tensor& tensor);  // empty for a tensor that is not defined
torch::Tensor flat_tensor(const std::vector<float>& values);

// A tensor among the fields of a state: written or read as its numbers.
template <class Visitor>
void visit_flat(Visitor& visit, const char* name, torch::Tensor& tensor) {
  std::vector<float> values = flat_vector(tensor);
  visit(name, values);
  tensor = flat_tensor(values);
}

}  // namespace lehr::neural
