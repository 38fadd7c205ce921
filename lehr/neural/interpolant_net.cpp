#include "lehr/neural/interpolant_net.hpp"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/linalg/linear_assignment.hpp"

namespace lehr::neural {

using diffusion::LearnedParts;
using Eigen::Index;
using Eigen::MatrixXd;

namespace {

Index any_column(const MatrixXd& points, QuickStream& random) {
  return std::min(points.cols() - 1,
                  static_cast<Index>(uniform(random) * static_cast<double>(points.cols())));
}

void copy_column(const MatrixXd& points, Index column, std::span<double> to) {
  for (Index j = 0; j < points.rows(); ++j) to[static_cast<std::size_t>(j)] = points(j, column);
}

// Permutes the columns of x1 so that sum |x0_i - x1_i|^2 is smallest.
void assign_columns(const MatrixXd& x0, MatrixXd& x1) {
  MatrixXd cost = -2 * (x0.transpose() * x1);
  cost.colwise() += x0.colwise().squaredNorm().transpose();
  cost.rowwise() += x1.colwise().squaredNorm();
  const std::vector<Index> columns = linalg::linear_assignment(cost);
  const MatrixXd before = x1;
  for (Index i = 0; i < x1.cols(); ++i) x1.col(i) = before.col(columns[static_cast<std::size_t>(i)]);
}

// |f|^2 / 2 - target.f, summed over coordinates, averaged over points.
torch::Tensor quadratic(const torch::Tensor& f, const torch::Tensor& target) {
  return (f * (0.5 * f - target)).sum() / f.size(0);
}

// What one draw of (t, x0, x1, z) gives: I, I', the noise and its factors.
struct Factors {
  double start = 0, target = 0, start_rate = 0, target_rate = 0, noise = 0, noise_rate = 0;
};

Factors factors_at(const diffusion::Interpolant& interpolant, bool noise_is_start, double t) {
  const diffusion::PathPoint path = interpolant.at(t);
  Factors f{
      .start = path.alpha, .target = path.beta, .start_rate = path.alpha_rate, .target_rate = path.beta_rate};
  if (noise_is_start)
    f.noise = f.start, f.noise_rate = f.start_rate, f.start = f.start_rate = 0;
  else
    f.noise = path.gamma, f.noise_rate = path.gamma > 0 ? path.gamma_product / path.gamma : 0;
  return f;
}

}  // namespace

DrawPair draws_of(const MatrixXd& from, const MatrixXd& to, bool paired) {
  if (to.cols() < 1) throw InvalidInput("interpolant: there are no points of the target");
  if (from.size() > 0 && from.rows() != to.rows())
    throw InvalidInput("interpolant: the start has {} coordinates, the target {}", from.rows(), to.rows());
  if (paired && from.cols() != to.cols())
    throw InvalidInput("interpolant: paired points must be as many on both sides, not {} and {}", from.cols(),
                       to.cols());
  return [&from, &to, paired](QuickStream& random, std::span<double> x0, std::span<double> x1) {
    const Index target = any_column(to, random);
    copy_column(to, target, x1);
    if (from.size() == 0)
      for (double& x : x0) x = normal(random);
    else
      copy_column(from, paired ? target : any_column(from, random), x0);
  };
}

void draw_checkerboard(QuickStream& random, std::span<double> x) {
  const int column = static_cast<int>(4 * uniform(random)),
            row = 2 * static_cast<int>(2 * uniform(random)) + column % 2;
  x[0] = -4 + 2 * (column + uniform(random));
  x[1] = -4 + 2 * (row + uniform(random));
}

DrawPair checkerboard_draws() {
  return [](QuickStream& random, std::span<double> x0, std::span<double> x1) {
    draw_checkerboard(random, x1);
    for (double& x : x0) x = normal(random);
  };
}

TrainInterpolant::TrainInterpolant(diffusion::Interpolant interpolant, DrawPair draw,
                                   TrainInterpolantSettings settings)
    : interpolant_(std::move(interpolant)),
      draw_(std::move(draw)),
      settings_(std::move(settings)),
      net_(settings_.size) {
  const LearnedParts& parts = settings_.parts;
  parts.check(interpolant_);
  if (!(settings_.first >= 0 && settings_.first <= settings_.last && settings_.last <= 1))
    throw InvalidInput("interpolant: times between {:g} and {:g}, expected 0 <= first <= last <= 1",
                       settings_.first, settings_.last);
  if (interpolant_.one_sided() && settings_.minibatch_ot && parts.text() != "b")
    throw InvalidInput(
        "learn {}: on a one-sided path a coupling of noise and target leaves no score; learn b",
        parts.text());
  const bool divides = parts.score == LearnedParts::Score::score;
  for (const double t : {settings_.first, settings_.last}) {
    const Factors f = factors_at(interpolant_, settings_.noise_is_start, t);
    if (divides && !(f.noise > 0))
      throw InvalidInput("learn {}: there is no noise at t = {:g}; a margin above 0 is needed", parts.text(),
                         t);
    if (!std::isfinite(f.start_rate) || !std::isfinite(f.noise_rate))
      throw InvalidInput(
          "interpolant: the path's speed is not finite at t = {:g}; a margin above 0 is needed", t);
  }
}

TrainInterpolant::State TrainInterpolant::start(const Moment& now) const {
  std::vector<float> values;
  for (const bool second : {false, true}) {
    if (second ? !settings_.parts.has_score() : !settings_.parts.has_velocity()) continue;
    const std::vector<float> own =
        net_.initial_parameters({now.seed.value + (second ? 0x9e3779b97f4a7c15ULL : 0)});
    values.insert(values.end(), own.begin(), own.end());
  }
  return {AveragedParameters(values), {}, {}};
}

TrainInterpolant::Draws TrainInterpolant::draw_ends(QuickStream& random) const {
  const auto d = static_cast<std::size_t>(settings_.size.dimension);
  Draws draws{MatrixXd(settings_.size.dimension, settings_.batch),
              MatrixXd(settings_.size.dimension, settings_.batch)};
  for (Index i = 0; i < settings_.batch; ++i)
    draw_(random, {draws.start.col(i).data(), d}, {draws.target.col(i).data(), d});
  if (settings_.minibatch_ot) assign_columns(draws.start, draws.target);
  return draws;
}

TrainInterpolant::Batch TrainInterpolant::batch(const Moment& now) const {
  const std::int64_t n = settings_.batch, d = settings_.size.dimension, m = settings_.antithetic ? 2 * n : n;
  Stream stream = now.random(lane("interpolant_net.batch"));
  QuickStream random(stream);
  const Draws draws = draw_ends(random);
  Batch batch{at::empty({m, d}, torch::kFloat32), at::empty({m}, torch::kFloat32),
              at::empty({m, d}, torch::kFloat32), at::empty({m, d}, torch::kFloat32)};
  float *x = batch.x.data_ptr<float>(), *to_velocity = batch.velocity_target.data_ptr<float>(),
        *to_score = batch.score_target.data_ptr<float>();
  const bool full = settings_.parts.velocity == LearnedParts::Velocity::full,
             score = settings_.parts.score == LearnedParts::Score::score;
  for (std::int64_t i = 0; i < n; ++i) {
    const double t = settings_.first + (settings_.last - settings_.first) * uniform(random);
    const Factors f = factors_at(interpolant_, settings_.noise_is_start, t);
    for (std::int64_t row = i; row < m; row += n) batch.t.data_ptr<float>()[row] = static_cast<float>(t);
    for (std::int64_t j = 0; j < d; ++j) {
      const double x0 = draws.start(j, i), x1 = draws.target(j, i),
                   z = settings_.noise_is_start ? x0 : normal(random);
      const double middle = f.start * x0 + f.target * x1, rate = f.start_rate * x0 + f.target_rate * x1;
      for (std::int64_t row = i; row < m; row += n) {
        const double own = row == i ? z : -z;
        x[row * d + j] = static_cast<float>(middle + f.noise * own);
        to_velocity[row * d + j] = static_cast<float>(full ? rate + f.noise_rate * own : rate);
        to_score[row * d + j] = static_cast<float>(score ? -own / f.noise : own);
      }
    }
  }
  return batch;
}

torch::Tensor TrainInterpolant::part(const torch::Tensor& parameters, bool second) const {
  return parameters.narrow(0, second && settings_.parts.has_velocity() ? net_.parameter_count() : 0,
                           net_.parameter_count());
}

TrainInterpolant::Losses TrainInterpolant::losses(const torch::Tensor& parameters, const Batch& batch) const {
  Losses losses;
  if (settings_.parts.has_velocity())
    losses.velocity = quadratic(net_(part(parameters, false), batch.x, batch.t), batch.velocity_target);
  if (settings_.parts.has_score())
    losses.score = quadratic(net_(part(parameters, true), batch.x, batch.t), batch.score_target);
  return losses;
}

void TrainInterpolant::advance(State& state, const Moment& now) const {
  const torch::Tensor parameters = state.training.leaf();
  const Losses parts = losses(parameters, batch(now));
  torch::Tensor loss;
  if (parts.velocity.defined()) loss = parts.velocity;
  if (parts.score.defined())
    loss =
        loss.defined() ? loss + settings_.score_weight * parts.score : settings_.score_weight * parts.score;
  state.training.step(parameters, loss, settings_.optimizer, settings_.learning_rate, settings_.average, now);
  if (parts.velocity.defined()) state.velocity.add(parts.velocity.item<double>(), now.step);
  if (parts.score.defined()) state.score.add(parts.score.item<double>(), now.step);
}

void TrainInterpolant::measure(const State& state, Row& row) const {
  row.add("lr", state.training.lr);
  row.add("loss", state.velocity.mean + settings_.score_weight * state.score.mean);
  row.add("velocity_loss", state.velocity.mean);
  row.add("score_loss", state.score.mean);
  row.add("grad_norm", state.training.grad_norm);
}

std::vector<float> TrainInterpolant::velocity_parameters(const State& state) const {
  return settings_.parts.has_velocity() ? flat_vector(part(state.training.average, false))
                                        : std::vector<float>();
}

std::vector<float> TrainInterpolant::score_parameters(const State& state) const {
  return settings_.parts.has_score() ? flat_vector(part(state.training.average, true)) : std::vector<float>();
}

}  // namespace lehr::neural
