// Models of light Schroedinger bridges in files.
//
//   json          {"dim": d, "epsilon": eps, "log_alpha": [K], "r": [K][d], "S_diag": [K][d] or "S_full": [K][d][d], "scale": s,
//                  "weights": ..., "means": ..., "variances" or "covariances": ...}
//                 The last three are v as a plain mixture in the user's units (mixture_file.hpp), so that whoever reads mixtures
//                 reads this file; reading ignores them. "scale" is 1 where it is absent.
//   safetensors   tensors log_alpha, r, S (K, K x d, K x d or K x d x d), and epsilon and scale as metadata
#pragma once

#include <filesystem>

#include "lehr/core/json.hpp"
#include "lehr/diffusion/bridge/light_bridge.hpp"

namespace lehr::diffusion {

Json bridge_json(const LightBridge& model);
// Throws InvalidInput, starting with `where` and the key.
LightBridge bridge_from_json(const Json& value, std::string_view where);

// By the extension: json or safetensors. Atomic.
void write_bridge(const std::filesystem::path& path, const LightBridge& model);
LightBridge read_bridge(const std::filesystem::path& path);

}  // namespace lehr::diffusion
