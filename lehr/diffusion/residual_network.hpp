// Small networks as score models, without libtorch.
//
// A residual network on vectors, its time embedded by sines and cosines:
//   e = te.2 silu(te.0 [sin(t f), cos(t f)]),  h = inp x,  for each block b: h += bl.b.3 silu(bl.b.1 silu(h + e)),  out = out silu(h)
// A block that is skipped leaves h as it is. Tensors by these names, `f` and NAME.weight ([out, in]), NAME.bias, stand in a safetensors file
// (metadata "kind": what is predicted; "process": the process's text) or in raw float32 beside a JSON manifest
// {"meta": {"kind": "noise prediction", "process": "..."}, "tensors": [{"name", "shape", "offset"}]}.
//
// A feature network is layers 0, 2, 4 with ReLU between; its features are the activations after the second ReLU, of inputs clamped to
// [-1, 1].
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lehr/core/tensor.hpp"
#include "lehr/diffusion/score_model.hpp"

namespace lehr::diffusion {

struct NetworkFile {
  std::map<std::string, Tensor, std::less<>> tensors;  // float32
  std::string kind, process, architecture = {};        // what the file says of itself; may be empty
};
// `path`: .safetensors, or the .json manifest (its data in the .f32 file of the same name). Throws InvalidInput that names file and tensor.
NetworkFile read_network(const std::filesystem::path& path);

// What a file's kind says that it predicts: noise where it says nothing. Throws InvalidInput.
Prediction prediction_of_kind(const std::string& kind);

// Throws InvalidInput for missing tensors or shapes that do not fit together.
ScoreModel residual_network(const NetworkFile& file, std::string_view where);

// d x n points to features x n.
using Features = std::function<Eigen::MatrixXd(const Eigen::Ref<const Eigen::MatrixXd>& points)>;
Features feature_network(const NetworkFile& file, std::string_view where);

}  // namespace lehr::diffusion
