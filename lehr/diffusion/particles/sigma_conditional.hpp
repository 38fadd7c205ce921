// Which noise level a point comes from: the conditional p(sigma_j | x) ~ p_sigma_j(x) pi_j of the joint law of points and noise
// levels, p_sigma = data * N(0, sigma^2 I), on a grid sigma_0 < sigma_1 < ... .
//
//   exact        log p_sigma of a mixture on the whole grid, O(K (d + levels)) a point where it is spherical, else the model's own density
//   residual     N(x; x0, sigma^2 I) about the clean point x0 that the model predicts: |x - x0|^2 / d estimates sigma^2. For data near a
//                manifold of small dimension; where the data itself is wider than sigma, the estimate is too small
//   classifier   any function that gives the levels' log-likelihoods: a network trained by cross-entropy on x0 + sigma_j xi
//
// All give log p_sigma_j(x) up to a constant of the point, so that any prior pi can be added. Source: Kim and Ye, "Denoising MCMC for
// accelerating diffusion-based generative models", 2023 (the classifier); the others are ours.
#pragma once

#include <Eigen/Core>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lehr/diffusion/score_model.hpp"
#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::diffusion {

// sigma_min (sigma_max / sigma_min)^u, u from `lowest` to 1 in equal steps; rising. One level: sigma_max. Throws InvalidInput.
std::vector<double> geometric_sigma_grid(double sigma_min, double sigma_max, Eigen::Index levels,
                                         double lowest = 1e-3);
// Throws InvalidInput where a grid is empty, not positive or does not rise.
void check_sigma_grid(const std::vector<double>& sigmas);
// The number of the level nearest to sigma, in log sigma.
Eigen::Index nearest_level(const std::vector<double>& sigmas, double sigma);

struct SigmaConditional {
  std::string name;
  Eigen::Index levels = 0;
  // x: n x d; clean: n x d, the clean points that the model predicted last for these chains; out: n x levels, the log-likelihoods
  // up to a constant of each row. Called from several threads at once.
  std::function<void(const Lanes& x, const Lanes& clean, Lanes& out)> evaluate;
};

// Spherical mixtures fast, others through their noised densities.
SigmaConditional exact_conditional(const stats::GaussianMixture& mixture, const std::vector<double>& sigmas);
// Any model with density_at; process is variance-exploding. Costs `levels` evaluations a point. Throws InvalidInput.
SigmaConditional density_conditional(const ScoreModel& model, const Process& process,
                                     const std::vector<double>& sigmas);
SigmaConditional residual_conditional(const std::vector<double>& sigmas);
// `logits` fills n x levels.
SigmaConditional classifier_conditional(const std::vector<double>& sigmas,
                                        std::function<void(const Lanes& x, Lanes& logits)> logits);

// A network with one hidden layer of tanh units as classifier of levels, logits = W2 tanh(W1 z + b1) + b2 with the features
// z = (x / (1 + |x|^2 / d)^1/2, log(1 + |x|^2 / d)) so that all levels are of one size. Trained by Adam on clean points plus noise of random levels.
struct ClassifierTraining {
  std::int64_t hidden = 64, steps = 2000, batch = 100;
  double rate = 3e-3;
  Seed seed = {1};
};
struct LevelClassifier {
  Eigen::MatrixXd first, second;  // hidden x features, levels x hidden
  Eigen::VectorXd first_bias, second_bias;
  double loss = 0;  // mean cross-entropy of the last tenth of the steps

  void logits(const Lanes& x, Lanes& out) const;
};
// `clean`: d x n points of the data. Throws InvalidInput.
LevelClassifier train_level_classifier(const Eigen::Ref<const Eigen::MatrixXd>& clean,
                                       const std::vector<double>& sigmas,
                                       const ClassifierTraining& options = {});

}  // namespace lehr::diffusion
