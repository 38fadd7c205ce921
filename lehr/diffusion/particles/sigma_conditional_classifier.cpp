// Training of the classifier of noise levels.
#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/quick_random.hpp"
#include "lehr/diffusion/particles/sigma_conditional.hpp"
#include "lehr/optimize/adam.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// (d + 1) x n.
MatrixXd features(const MatrixXd& x) {
  MatrixXd z(x.rows() + 1, x.cols());
  for (Index i = 0; i < x.cols(); ++i) {
    const double square = x.col(i).squaredNorm() / static_cast<double>(x.rows());
    z.col(i).head(x.rows()) = x.col(i) / std::sqrt(1 + square);
    z(x.rows(), i) = std::log(1 + square);
  }
  return z;
}

// One step of Adam on the network's four blocks of parameters, against their gradients.
class ClassifierSteps {
 public:
  explicit ClassifierSteps(const LevelClassifier& network)
      : first_(network.first.size()),
        second_(network.second.size()),
        first_bias_(network.first_bias.size()),
        second_bias_(network.second_bias.size()) {}
  void step(LevelClassifier& network, const MatrixXd& first, const MatrixXd& second,
            const VectorXd& first_bias, const VectorXd& second_bias, double rate) {
    adam_.step(first_, network.first.reshaped(), first.reshaped(), rate);
    adam_.step(second_, network.second.reshaped(), second.reshaped(), rate);
    adam_.step(first_bias_, network.first_bias, first_bias, rate);
    adam_.step(second_bias_, network.second_bias, second_bias, rate);
  }

 private:
  optimize::Adam adam_;
  optimize::Adam::Averages first_, second_, first_bias_, second_bias_;
};

LevelClassifier random_network(Index inputs, Index levels, const ClassifierTraining& options) {
  LevelClassifier network;
  network.first.resize(options.hidden, inputs);
  network.second.resize(levels, options.hidden);
  network.first_bias = VectorXd::Zero(options.hidden);
  network.second_bias = VectorXd::Zero(levels);
  Stream stream(options.seed, lane("diffusion.classifier.start"));
  QuickStream random(stream);
  for (double& w : network.first.reshaped()) w = normal(random) / std::sqrt(static_cast<double>(inputs));
  for (double& w : network.second.reshaped())
    w = 0.1 * normal(random) / std::sqrt(static_cast<double>(options.hidden));
  return network;
}

}  // namespace

void LevelClassifier::logits(const Lanes& x, Lanes& out) const {
  const MatrixXd z = features(x.matrix().transpose());
  const MatrixXd hidden = ((first * z).colwise() + first_bias).array().tanh().matrix();
  out = ((second * hidden).colwise() + second_bias).transpose().array();
}

LevelClassifier train_level_classifier(const Eigen::Ref<const MatrixXd>& clean,
                                       const std::vector<double>& sigmas, const ClassifierTraining& options) {
  check_sigma_grid(sigmas);
  if (clean.cols() < 1) throw InvalidInput("classifier: no clean points to train on");
  if (options.hidden < 1 || options.steps < 1 || options.batch < 1 || !(options.rate > 0))
    throw InvalidInput("classifier: hidden, steps, batch and rate are positive");
  const Index d = clean.rows(), levels = static_cast<Index>(sigmas.size()), batch = options.batch;
  LevelClassifier network = random_network(d + 1, levels, options);
  ClassifierSteps steps(network);
  double loss = 0;
  std::int64_t counted = 0;
  for (std::int64_t step = 1; step <= options.steps; ++step) {
    Stream stream(options.seed, lane("diffusion.classifier.batch"), static_cast<std::uint64_t>(step));
    MatrixXd x(d, batch), target = MatrixXd::Zero(levels, batch);
    for (Index i = 0; i < batch; ++i) {
      const Index level = uniform_index(stream, levels);
      x.col(i) = clean.col(uniform_index(stream, clean.cols()));
      for (double& value : x.col(i)) value += sigmas[static_cast<std::size_t>(level)] * normal(stream);
      target(level, i) = 1;
    }
    const MatrixXd z = features(x),
                   hidden = ((network.first * z).colwise() + network.first_bias).array().tanh().matrix();
    MatrixXd p = (network.second * hidden).colwise() + network.second_bias;
    for (Index i = 0; i < batch; ++i) {
      p.col(i) = (p.col(i).array() - p.col(i).maxCoeff()).exp().matrix();
      p.col(i) /= p.col(i).sum();
    }
    if (step > options.steps - std::max<std::int64_t>(1, options.steps / 10)) {
      loss -= (p.array().max(1e-300).log() * target.array()).sum();
      counted += batch;
    }
    const MatrixXd error = (p - target) / static_cast<double>(batch);
    const MatrixXd back =
        ((network.second.transpose() * error).array() * (1 - hidden.array().square())).matrix();
    // The rate falls to a tenth, so that the last steps average.
    const double rate =
        options.rate * std::pow(0.1, static_cast<double>(step) / static_cast<double>(options.steps));
    steps.step(network, back * z.transpose(), error * hidden.transpose(), back.rowwise().sum(),
               error.rowwise().sum(), rate);
  }
  network.loss = loss / static_cast<double>(counted);
  return network;
}

}  // namespace lehr::diffusion
