#include "lehr/diffusion/langevin_pc.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/quick_random.hpp"

namespace lehr::diffusion {
namespace {

// Adds factor times standard normal numbers: those of point `first_column + i` under `lane`.
void add_normals(Lanes& to, double factor, std::uint64_t lane, const BatchRandom& random) {
  for (Eigen::Index i = 0; i < to.rows(); ++i) {
    Stream stream(random.seed, lane, static_cast<std::uint64_t>(random.first_column + i));
    QuickStream quick(stream);
    for (Eigen::Index j = 0; j < to.cols(); ++j) to(i, j) += factor * normal(quick);
  }
}

double mean_norm(const Lanes& rows) { return rows.square().rowwise().sum().sqrt().mean(); }

}  // namespace

void langevin_move(Lanes& y, const Lanes& noise, double sigma, double signal_to_noise, std::uint64_t step,
                   const BatchRandom& random) {
  Lanes xi = Lanes::Zero(y.rows(), y.cols());
  add_normals(xi, 1, lane("diffusion.corrector") + step, random);
  const double ratio =
      signal_to_noise * mean_norm(xi) * sigma / mean_norm(noise);  // |score| = |noise| / sigma
  const double size = std::min(2 * ratio * ratio, sigma * sigma);
  y += std::sqrt(2 * size) * xi - (size / sigma) * noise;
}

std::int64_t langevin_pc(const NoiseAtLevel& noise_at_level, const std::vector<double>& sigmas,
                         const LangevinPcOptions& options, const BatchRandom& random, Lanes& y) {
  Lanes noise(y.rows(), y.cols());
  const auto moves = static_cast<std::size_t>(options.corrector_moves);
  for (std::size_t i = 0; i + 1 < sigmas.size(); ++i) {
    const double sigma = sigmas[i], drop = sigma * sigma - sigmas[i + 1] * sigmas[i + 1];
    for (std::size_t m = 0; m < moves; ++m) {
      noise_at_level(static_cast<std::int64_t>(i), sigma, y, noise);
      langevin_move(y, noise, sigma, options.signal_to_noise, i * moves + m, random);
    }
    noise_at_level(static_cast<std::int64_t>(i), sigma, y, noise);
    y -= noise * (drop / sigma);
    add_normals(y, std::sqrt(drop), lane("diffusion.predictor") + i, random);
  }
  return static_cast<std::int64_t>((moves + 1) * (sigmas.empty() ? 0 : sigmas.size() - 1));
}

}  // namespace lehr::diffusion
