// The parts of `lehr diffusion chains`: options, what a run measures, and its report.
#pragma once

#include <Eigen/Core>
#include <optional>
#include <string>
#include <vector>

#include "apps/lehr/diffusion/model_source.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/core/task.hpp"
#include "lehr/diffusion/particles/denoising_mcmc.hpp"
#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::command {

Task diffusion_chains_task();

struct ChainsOptions {
  std::string model, score, prediction, process, generate = "none", sigma_conditional = "exact",
                                                 start = "noise", save;
  std::int64_t generate_seed = 5, dimension = 16, modes = 32;
  double deviation = 0.05, spread = 0.57, bandwidth = 0;
  std::int64_t count = 5000, training_steps = 1500, hidden = 64;
  bool convert = false, compare = true, tempering = false;
  std::vector<std::int64_t> curve = {5, 7, 9, 11, 15};
  diffusion::DenoisingMcmcOptions chains;
  diffusion::ScoreWorkerOptions worker;

  void describe(OptionTable& table);
};

// How far a sample is from the mixture's law. Distances to `truth`, a sample of equal size.
struct SampleQuality {
  double sw2 = 0, mode_error = 0, deviation = 0;
  std::int64_t calls = 0;  // a point
};

struct ChainsResult {
  stats::GaussianMixture mixture;
  std::vector<double> sigmas;
  Run<diffusion::DenoisingMcmc::State> run;
  Eigen::MatrixXd samples;                    // d x count
  Eigen::MatrixXd truth;                      // as many
  SampleQuality chains, floor, output_floor;  // output_floor: of as many points as chains
  std::vector<SampleQuality> outputs;         // each alone
  std::optional<SampleQuality> noise, tempering;
  std::vector<SampleQuality> curve;  // the integrator from noise at other numbers of calls
  double true_deviation = 0, ks = 0, mean_level = 0, expected_level = 0;
  double ess = 0,
         autocorrelation = 0;  // nan with fewer than four outputs; of the worst coordinate and the mean
  std::vector<std::string> warnings;
};

SampleQuality quality_of(const stats::GaussianMixture& mixture, const Eigen::MatrixXd& points,
                         const Eigen::MatrixXd& truth);
// Parallel tempering of the mixture's density, MALA at every temperature, with as many evaluations.
Eigen::MatrixXd tempered_points(const stats::GaussianMixture& mixture, std::int64_t evaluations,
                                Eigen::Index count, Seed seed);
// Effective sample size of the outputs' worst coordinate, and the mean autocorrelation from one output to the next.
void measure_outputs(const Eigen::MatrixXd& samples, std::int64_t chains, ChainsResult& result);

Report chains_report(const ChainsOptions& options, const ChainsResult& result);

}  // namespace lehr::command
