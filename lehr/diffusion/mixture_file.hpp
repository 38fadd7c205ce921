// Gaussian mixtures as JSON, the exact models of the room:
//   {"weights": [w_1, ...], "means": [[...], ...], "variances": [v_1, ...] | [[...], ...] or "covariances": [[[...]], ...]}
// One variance a component makes it spherical, a list of d diagonal, a d x d matrix full. Weights are scaled to sum 1.
#pragma once

#include <filesystem>
#include <string_view>

#include "lehr/core/json.hpp"
#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::diffusion {

// Throws InvalidInput, starting with `where` and the key, for anything that is no mixture.
stats::GaussianMixture mixture_from_json(const Json& value, std::string_view where);
stats::GaussianMixture read_mixture(const std::filesystem::path& path);
Json mixture_json(const stats::GaussianMixture& mixture);

// n draws (d x n); point i depends on (seed, lane name, i) alone.
Eigen::MatrixXd draw_mixture(const stats::GaussianMixture& mixture, Eigen::Index n, Seed seed,
                             std::uint64_t lane);

}  // namespace lehr::diffusion
