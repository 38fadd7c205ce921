// Sequence mixtures and sequences in files.
#pragma once

#include <Eigen/Core>
#include <filesystem>

#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::diffusion {

// A mixture from mixture.json (mixture_file.hpp), from an npz file with the arrays weights [K], means [K, D] and covariances [K, D, D] or
// variances [K] or [K, D], or from a folder with these as npy files. Throws InvalidInput that names file and array.
stats::GaussianMixture read_sequence_mixture(const std::filesystem::path& path);

// Sequences as columns (tokens * token_dim rows) from a file of points (point_file.hpp), or from an npy or npz array of shape [count,
// tokens, token_dim]. Throws InvalidInput where the numbers of a sequence are not tokens * token_dim.
Eigen::MatrixXd read_sequences(const std::filesystem::path& path, Eigen::Index tokens,
                               Eigen::Index token_dim);

}  // namespace lehr::diffusion
