#include "lehr/spin/memory/variational_continual.hpp"

#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/spin/memory/binary_posterior.hpp"
#include "lehr/spin/memory/softmax_loss.hpp"

namespace lehr::spin {
namespace {

// One layer's forward pass.
struct LayerPass {
  Eigen::MatrixXf mean_weights, variances;  // m, s
  Eigen::MatrixXf input, input_squared;     // a, a^2
  Eigen::MatrixXf noise_over_spread;        // epsilon / v, 0 where v is 0
  float scale = 0;                          // 1 / sqrt(n)
};

// Sets what the backward pass needs and returns z.
Eigen::MatrixXf forward(LayerPass& pass, const Eigen::MatrixXf& theta, double beta,
                        const Eigen::MatrixXf& noise) {
  pass.mean_weights = magnetisations(theta, beta);
  pass.variances = 1 - pass.mean_weights.array().square();
  pass.input_squared = pass.input.array().square();
  pass.scale = 1 / std::sqrt(static_cast<float>(theta.cols()));
  Eigen::MatrixXf spread = pass.scale * (pass.variances * pass.input_squared).cwiseMax(0.0F).cwiseSqrt();
  Eigen::MatrixXf z = pass.scale * (pass.mean_weights * pass.input);
  z.array() += noise.array() * spread.array();
  pass.noise_over_spread = (spread.array() > 0).select(noise.array() / spread.array(), 0.0F);
  return z;
}

// Turns `delta` of the layer's z into that of its input a.
Eigen::MatrixXf backward(const LayerPass& pass, double beta, const Eigen::MatrixXf& delta,
                         Eigen::MatrixXf& gradient, bool first_layer) {
  const Eigen::MatrixXf noisy = delta.cwiseProduct(pass.noise_over_spread);
  const float inverse_width = pass.scale * pass.scale;
  Eigen::MatrixXf by_spread = noisy * pass.input_squared.transpose();
  gradient.noalias() = delta * pass.input.transpose();
  gradient.array() =
      static_cast<float>(beta) * pass.variances.array() *
      (pass.scale * gradient.array() - inverse_width * by_spread.array() * pass.mean_weights.array());
  if (first_layer) return {};
  Eigen::MatrixXf below = pass.scale * (pass.mean_weights.transpose() * delta);
  const Eigen::MatrixXf spread_below = pass.variances.transpose() * noisy;
  below.array() += inverse_width * spread_below.array() * pass.input.array();
  return below;
}

Layers draw_noise(std::span<const Eigen::Index> widths, std::int64_t examples, Stream random) {
  Layers noise;
  for (std::size_t l = 1; l < widths.size(); ++l) {
    noise.emplace_back(widths[l], examples);
    for (float& entry : noise.back().reshaped()) entry = static_cast<float>(normal(random));
  }
  return noise;
}

}  // namespace

Schedule annealed_polarisation() { return Schedule::parse("tanh(from=0.1, to=2.1, scale=10)"); }

void VariationalContinualOptions::describe(OptionTable& table) {
  table.add("hidden", hidden, "widths of the hidden layers").range(1, 65536);
  table.add("epochs", epochs, "passes over each task").range(1, 1e6);
  table.add("batch", batch, "examples per mini-batch").range(1, 1e6);
  table.add("beta", beta, "inverse temperature of the weights' fields, above 0, over the whole sequence");
  table.add("learning_rate", learning_rate, "of Adam, over the whole sequence");
  table.add("kl", kl, "weight of the pull to the posterior of the mini-batch before; 1 is Bayes");
  table.add("initial_scale", initial_scale, "standard deviation of the first fields").at_least(0);
}

FieldGradient field_gradient(const Layers& theta, double beta, const Batch& batch, const Layers& noise) {
  std::vector<LayerPass> passes(theta.size());
  Eigen::MatrixXf z;
  for (std::size_t l = 0; l < theta.size(); ++l) {
    passes[l].input = l == 0 ? batch.inputs : Eigen::MatrixXf(z.cwiseMax(0.0F));
    z = forward(passes[l], theta[l], beta, noise[l]);
  }
  FieldGradient result;
  result.loss = softmax_loss(z, batch.labels);
  result.gradient.resize(theta.size());
  result.variances.resize(theta.size());
  Eigen::MatrixXf delta = std::move(z);
  for (std::size_t l = theta.size(); l-- > 0;) {
    Eigen::MatrixXf below = backward(passes[l], beta, delta, result.gradient[l], l == 0);
    result.variances[l] = std::move(passes[l].variances);
    if (l > 0) delta = below.cwiseProduct((passes[l].input.array() > 0).cast<float>().matrix());
  }
  return result;
}

VariationalContinual::VariationalContinual(std::shared_ptr<const TaskSequence> sequence,
                                           VariationalContinualOptions options)
    : sequence_(std::move(sequence)),
      options_(std::move(options)),
      widths_((sequence_->check(), network_widths(*sequence_, options_.hidden))),
      order_(*sequence_, options_.epochs, options_.batch) {}

VariationalContinual::State VariationalContinual::start(const Moment& now) const {
  State state;
  state.theta = random_layers(widths_, options_.initial_scale, Stream(now.seed, lane("continual weights")));
  state.previous = state.theta;
  state.first = state.second = random_layers(widths_, 0, Stream(now.seed, 0));
  state.accuracy = AccuracyMatrix(sequence_->tasks.size());
  state.beta = options_.beta.at(0, steps());
  return state;
}

void VariationalContinual::advance(State& state, const Moment& now) const {
  const TrainingOrder::Place place = order_.at(state.step);
  const LabelledData& data = sequence_->tasks[place.task].train;
  if (place.batch == 0) state.order = order_.shuffle(state.step, now.seed);
  state.beta = options_.beta.at(state.step, steps());
  if (!(state.beta > 0))
    throw InvalidInput("beta: must stay above 0, found {} at step {}", state.beta, state.step);

  const Batch batch = gather(data, state.order, place.batch, order_.batch());
  FieldGradient descent =
      field_gradient(state.theta, state.beta, batch,
                     draw_noise(widths_, order_.batch(), now.random(lane("continual noise"))));
  state.loss = descent.loss / static_cast<double>(order_.batch());
  if (!std::isfinite(state.loss)) throw NumericalFailure("step {}: the loss is {}", state.step, state.loss);
  state.kl = pull_to_prior(state, descent, options_.kl.at(state.step, steps()));

  const double rate = options_.learning_rate.at(state.step, steps());
  ++state.step;
  for (std::size_t l = 0; l < state.theta.size(); ++l) {
    state.previous[l] = state.theta[l];
    adam_step(state.theta[l], descent.gradient[l], state.first[l], state.second[l], state.step, rate,
              options_.adam);
  }
  now.spend(order_.batch());
  if (place.ends_epoch) state.accuracy.update(mean_weights(state), *sequence_, place);
}

// Adds kl beta^2 s (theta - theta'); returns the divergence to second order, beta^2 s (theta - theta')^2 / 2
// summed over the weights.
double VariationalContinual::pull_to_prior(const State& state, FieldGradient& descent, double weight) const {
  const auto beta = static_cast<float>(state.beta);
  double divergence = 0;
  for (std::size_t l = 0; l < state.theta.size(); ++l) {
    const Eigen::ArrayXXf moved = state.theta[l].array() - state.previous[l].array();
    const Eigen::ArrayXXf stiffness = beta * beta * descent.variances[l].array();
    divergence += 0.5 * static_cast<double>((stiffness * moved.square()).sum());
    if (weight != 0) descent.gradient[l].array() += static_cast<float>(weight) * stiffness * moved;
  }
  return divergence;
}

void VariationalContinual::measure(const State& state, Row& row) const {
  const TrainingOrder::Place place = order_.at(std::max<std::int64_t>(state.step - 1, 0));
  row.add("task", static_cast<double>(place.task + 1));
  row.add("epoch", static_cast<double>(place.epoch + 1));
  row.add("beta", state.beta);
  row.add("loss", state.loss);
  row.add("kl", state.kl);
  const Layers spread = variances(state);
  for (std::size_t l = 0; l < spread.size(); ++l)
    row.add("variance_" + std::to_string(l + 1), static_cast<double>(spread[l].mean()));
  state.accuracy.measure(row);
}

Layers VariationalContinual::mean_weights(const State& state) const {
  Layers layers;
  for (const auto& theta : state.theta) layers.push_back(magnetisations(theta, state.beta));
  return layers;
}

Layers VariationalContinual::variances(const State& state) const {
  Layers layers;
  for (const auto& theta : state.theta) layers.push_back(variances_of(theta, state.beta));
  return layers;
}

Layers VariationalContinual::binary_weights(const State& state) const { return signs(state.theta); }

}  // namespace lehr::spin
