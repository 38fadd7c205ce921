#include "lehr/sample/nuts.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "lehr/core/quick_random.hpp"
#include "lehr/stats/stable_functions.hpp"

namespace lehr::sample {
namespace {

constexpr double nuts_divergence = 1000;

// A point of phase space; velocity = Sigma momentum.
struct PhasePoint {
  ChainPoint point;
  Eigen::VectorXd momentum, velocity;
};

// A stretch of a trajectory: its ends, the sum of its momenta, and the point drawn from it.
struct Subtree {
  Eigen::VectorXd first_momentum, first_velocity, last_momentum, last_velocity, momentum_sum;
  ChainPoint sample;
  double log_weight = -std::numeric_limits<double>::infinity();
  bool valid = true;  // it neither turned back nor diverged
};

// Goes on as long as the trajectory moves away from both of its ends.
bool moves_away(const Eigen::VectorXd& momentum_sum, const Eigen::VectorXd& first_velocity,
                const Eigen::VectorXd& last_velocity) {
  return momentum_sum.dot(first_velocity) > 0 && momentum_sum.dot(last_velocity) > 0;
}

// No U-turn over both halves together, nor between one half and the nearest point of the other.
bool keeps_going(const Subtree& a, const Subtree& b, const Eigen::VectorXd& momentum_sum) {
  return moves_away(momentum_sum, a.first_velocity, b.last_velocity) &&
         moves_away(a.momentum_sum + b.first_momentum, a.first_velocity, b.first_velocity) &&
         moves_away(b.momentum_sum + a.last_momentum, a.last_velocity, b.last_velocity);
}

class TrajectoryBuilder {
 public:
  TrajectoryBuilder(const LogDensity& target, const Metric& metric, double step, double energy,
                    Stream& random)
      : target_(target), metric_(metric), step_(step), energy_(energy), random_(random) {}

  // 2^depth points that follow `end`, which moves to the last of them. The subtree's first point is next to where it
  // started, whatever the direction.
  Subtree build(int depth, PhasePoint& end) {
    if (depth == 0) return leaf(end);
    Subtree near = build(depth - 1, end);
    if (!near.valid) return near;
    Subtree far = build(depth - 1, end);
    const double log_weight = stats::log_add_exp(near.log_weight, far.log_weight);
    if (std::log(uniform(random_)) < far.log_weight - log_weight) near.sample = std::move(far.sample);
    const Eigen::VectorXd momentum_sum = near.momentum_sum + far.momentum_sum;
    near.valid = far.valid && keeps_going(near, far, momentum_sum);
    near.last_momentum = std::move(far.last_momentum);
    near.last_velocity = std::move(far.last_velocity);
    near.momentum_sum = momentum_sum;
    near.log_weight = log_weight;
    return near;
  }

  // Negative: the trajectory runs back in time.
  void turn(double direction) { direction_ = direction; }
  bool diverged() const { return diverged_; }
  std::int64_t points() const { return points_; }
  double mean_acceptance() const { return points_ > 0 ? acceptance_sum_ / static_cast<double>(points_) : 0; }

 private:
  Subtree leaf(PhasePoint& end) {
    leapfrog(end);
    const double energy = 0.5 * end.momentum.dot(end.velocity) - end.point.log_density;
    const double error = std::isnan(energy) ? std::numeric_limits<double>::infinity() : energy - energy_;
    ++points_;
    acceptance_sum_ += std::min(1.0, std::exp(-error));
    Subtree tree;
    tree.valid = error < nuts_divergence;
    diverged_ = diverged_ || !tree.valid;
    tree.log_weight = -error;
    tree.sample = end.point;
    tree.momentum_sum = tree.first_momentum = tree.last_momentum = direction_ * end.momentum;
    tree.first_velocity = tree.last_velocity = direction_ * end.velocity;
    return tree;
  }

  void leapfrog(PhasePoint& end) const {
    const double e = direction_ * step_;
    end.momentum += 0.5 * e * end.point.gradient;
    metric_.multiply(end.momentum, end.velocity);
    end.point.x += e * end.velocity;
    end.point.log_density = target_.with_gradient(end.point.x, end.point.gradient);
    end.momentum += 0.5 * e * end.point.gradient;
    metric_.multiply(end.momentum, end.velocity);
  }

  const LogDensity& target_;
  const Metric& metric_;
  double step_, energy_;
  Stream& random_;
  double direction_ = 1;
  bool diverged_ = false;
  std::int64_t points_ = 0;
  double acceptance_sum_ = 0;
};

// The same stretch seen from its other end.
Subtree reversed(Subtree tree) {
  tree.first_momentum.swap(tree.last_momentum);
  tree.first_velocity.swap(tree.last_velocity);
  for (Eigen::VectorXd* const vector : {&tree.first_momentum, &tree.first_velocity, &tree.last_momentum,
                                        &tree.last_velocity, &tree.momentum_sum})
    *vector = -*vector;
  return tree;
}

}  // namespace

Transition Nuts::transition(const LogDensity& target, ChainPoint& point, const Metric& metric, double step,
                            Stream& random) const {
  Eigen::VectorXd noise(target.dimension);
  QuickStream quick(random);
  for (Eigen::Index i = 0; i < target.dimension; ++i) noise(i) = normal(quick);
  PhasePoint start{point, {}, Eigen::VectorXd(target.dimension)};
  metric.unscale(noise, start.momentum);
  metric.multiply(start.momentum, start.velocity);
  const double energy = 0.5 * noise.squaredNorm() - point.log_density;

  // The whole trajectory, in the direction of time.
  Subtree tree{
      start.momentum, start.velocity, start.momentum, start.velocity, start.momentum, point, 0, true};
  PhasePoint forward = start, backward = std::move(start);
  TrajectoryBuilder builder(target, metric, step, energy, random);
  for (int depth = 0; depth < deepest_; ++depth) {
    const bool ahead = uniform(random) < 0.5;
    builder.turn(ahead ? 1 : -1);
    // Grown from the newer end: seen from there, the old stretch comes first.
    Subtree old = ahead ? std::move(tree) : reversed(std::move(tree));
    Subtree grown = builder.build(depth, ahead ? forward : backward);
    if (!grown.valid) {
      tree = std::move(old);
      break;
    }
    if (std::log(uniform(random)) < grown.log_weight - old.log_weight) old.sample = std::move(grown.sample);
    const Eigen::VectorXd momentum_sum = old.momentum_sum + grown.momentum_sum;
    const bool goes_on = keeps_going(old, grown, momentum_sum);
    old.last_momentum = std::move(grown.last_momentum);
    old.last_velocity = std::move(grown.last_velocity);
    old.momentum_sum = momentum_sum;
    old.log_weight = stats::log_add_exp(old.log_weight, grown.log_weight);
    tree = ahead ? std::move(old) : reversed(std::move(old));
    if (!goes_on) break;
  }
  point = std::move(tree.sample);
  return {.acceptance = builder.mean_acceptance(),
          .diverged = builder.diverged(),
          .evaluations = builder.points()};
}

}  // namespace lehr::sample
