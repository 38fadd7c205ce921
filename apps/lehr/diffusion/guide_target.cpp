// What a Gaussian mixture's designs are compared with: draws of p(x) exp(r(x) / alpha).
#include <cmath>
#include <limits>

#include "apps/lehr/diffusion/guide.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/sample/resampling.hpp"

namespace lehr::command {

using namespace diffusion;

namespace {

constexpr Index target_draws = 100000;

// exp((r - max r) / alpha) of each draw, 0 where it is infeasible; alpha = 0: 1 for the best ones.
std::vector<double> target_weights(const Eigen::VectorXd& rewards, double alpha) {
  double top = -std::numeric_limits<double>::infinity();
  for (const double r : rewards)
    if (!std::isnan(r)) top = std::max(top, r);
  std::vector<double> weights;
  for (const double r : rewards) {
    const double over = r - top;
    weights.push_back(std::isnan(r) ? 0 : alpha > 0 ? std::exp(over / alpha) : over == 0 ? 1.0 : 0.0);
  }
  return weights;
}

// Means over the draws: of the target with its error and effective draws, and of the prior.
void add_means(const Eigen::VectorXd& rewards, const std::vector<double>& weights, GuideTarget& target) {
  double total = 0, squares = 0, prior = 0, feasible = 0;
  for (Index i = 0; i < rewards.size(); ++i) {
    if (std::isnan(rewards[i])) continue;
    const double w = weights[static_cast<std::size_t>(i)];
    total += w, squares += w * w, target.mean += w * rewards[i];
    prior += rewards[i], feasible += 1;
  }
  if (!(total > 0)) throw InvalidInput("reward: none of {} draws of the mixture is feasible", rewards.size());
  target.mean /= total, target.prior_mean = prior / feasible, target.ess = total * total / squares;
  double error = 0;
  for (Index i = 0; i < rewards.size(); ++i)
    if (const double w = weights[static_cast<std::size_t>(i)]; w > 0)
      error += w * w * (rewards[i] - target.mean) * (rewards[i] - target.mean);
  target.mean_error = std::sqrt(error) / total;
}

}  // namespace

GuideTarget mixture_target(const GuideProblem& problem, double temperature, Index count, Seed seed) {
  const Eigen::MatrixXd points = draw_mixture(*problem.mixture, target_draws, seed, lane("guide.target"));
  const Eigen::VectorXd rewards = evaluate(problem.reward, points);
  const std::vector<double> weights = target_weights(rewards, temperature);
  GuideTarget target;
  target.temperature = temperature;
  add_means(rewards, weights, target);
  Stream random(seed, lane("guide.target.resampling"));
  const auto chosen = sample::ancestors_in_order(sample::systematic_copies(weights, count, uniform(random)));
  target.points.resize(points.rows(), count);
  target.point_rewards.resize(count);
  for (Index i = 0; i < count; ++i) {
    target.points.col(i) = points.col(chosen[static_cast<std::size_t>(i)]);
    target.point_rewards[i] = rewards[chosen[static_cast<std::size_t>(i)]];
  }
  return target;
}

}  // namespace lehr::command
