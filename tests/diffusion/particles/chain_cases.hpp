// Mixtures on which chains over points and noise levels are tested, and how they run there.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "lehr/core/drive.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/mixture_score.hpp"
#include "lehr/diffusion/particles/denoising_mcmc.hpp"
#include "lehr/diffusion/quality.hpp"
#include "lehr/diffusion/time_grid.hpp"

namespace lehr::diffusion::test {

using Eigen::Index;
using Eigen::MatrixXd;

// 32 narrow modes of unequal weights in 16 dimensions.
inline stats::GaussianMixture many_modes(std::uint64_t seed = 5) {
  stats::GaussianMixture mixture;
  mixture.shape = stats::CovarianceShape::spherical;
  Stream random(Seed{seed}, lane("test.modes"));
  mixture.weights.resize(32), mixture.means.resize(16, 32);
  for (double& w : mixture.weights) w = 0.5 + uniform(random);
  mixture.weights /= mixture.weights.sum();
  for (double& m : mixture.means.reshaped()) m = 0.57 * normal(random);
  mixture.covariances = MatrixXd::Constant(1, 32, 0.0025);
  return mixture;
}

struct ChainCase {
  stats::GaussianMixture mixture;
  Process process = Process::edm(0.01, 20);
  ScoreModel model = mixture_score(mixture, process);

  explicit ChainCase(stats::GaussianMixture m = many_modes()) : mixture(std::move(m)) {}

  DenoisingMcmc method(const DenoisingMcmcOptions& options, const ChainStarts& starts = {}) const {
    return DenoisingMcmc(model, process, exact_conditional(mixture, options.sigma_grid()), options, starts);
  }
  MatrixXd from_noise(const std::string& integrator, std::int64_t calls, Index n, Seed seed = {11}) const {
    return Denoiser(model, process, {.integrator = integrator, .calls = calls})
        .run(prior_points(process, mixture.dimension(), n, seed),
             std::vector<double>(static_cast<std::size_t>(n), 20.0), seed)
        .points;
  }
  MatrixXd truth(Index n, std::uint64_t seed) const {
    return draw_mixture(mixture, n, Seed{seed}, lane("test.truth"));
  }
  double distance(const MatrixXd& x) const { return sliced_wasserstein(x, truth(x.cols(), 71)); }
  double mode_error(const MatrixXd& x) const {
    return total_variation(nearest_mean_shares(x, mixture.means), mixture.weights);
  }
  double width(const MatrixXd& x) const {
    double sum = 0;
    for (Index i = 0; i < x.cols(); ++i)
      sum += (mixture.means.colwise() - x.col(i)).colwise().squaredNorm().minCoeff();
    return std::sqrt(sum / static_cast<double>(x.size()));
  }
  // Draws of the joint law of points and levels.
  ChainStarts joint(const DenoisingMcmcOptions& options, std::uint64_t seed) const {
    const std::vector<double> sigmas = options.sigma_grid();
    ChainStarts starts{truth(options.chains, seed), {}};
    for (Index c = 0; c < options.chains; ++c) {
      Stream random(Seed{seed}, lane("test.joint"), static_cast<std::uint64_t>(c));
      starts.levels.push_back(static_cast<int>(uniform_index(random, options.levels)));
      for (double& value : starts.points.col(c))
        value += sigmas[static_cast<std::size_t>(starts.levels.back())] * normal(random);
    }
    return starts;
  }
};

inline Run<DenoisingMcmc::State> run(const DenoisingMcmc& method, std::int64_t outputs, Seed seed = {1}) {
  return drive(method, Budget::steps(outputs), seed);
}

// Kolmogorov-Smirnov distance of levels from the uniform law on the grid.
inline double uniform_distance(const std::vector<int>& levels, Index count) {
  std::vector<double> share(static_cast<std::size_t>(count));
  for (const int level : levels)
    share[static_cast<std::size_t>(level)] += 1.0 / static_cast<double>(levels.size());
  double sum = 0, largest = 0;
  for (std::size_t j = 0; j < share.size(); ++j)
    largest = std::max(largest,
                       std::abs((sum += share[j]) - static_cast<double>(j + 1) / static_cast<double>(count)));
  return largest;
}
inline DenoisingMcmcOptions grid_from_zero() {
  DenoisingMcmcOptions options;
  options.lowest_level = 0;
  return options;
}

}  // namespace lehr::diffusion::test
