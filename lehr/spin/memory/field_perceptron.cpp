#include "lehr/spin/memory/field_perceptron.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lehr/core/errors.hpp"
#include "lehr/spin/memory/binary_posterior.hpp"
#include "lehr/stats/stable_functions.hpp"

namespace lehr::spin {
namespace {

// A saturated network has no variance left; the floor keeps u finite.
constexpr double least_variance_per_weight = 1e-12;

void check_signs(const Eigen::Ref<const Eigen::MatrixXf>& values, const char* what) {
  for (Eigen::Index k = 0; k < values.cols(); ++k)
    for (Eigen::Index i = 0; i < values.rows(); ++i)
      if (values(i, k) != 1 && values(i, k) != -1)
        throw InvalidInput("{}: entries must be 1 or -1, found {} in entry {} of example {}", what,
                           values(i, k), i, k);
}

void shuffle(std::vector<std::int32_t>& order, Stream random) {
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1],
              order[static_cast<std::size_t>(uniform_index(random, static_cast<std::int64_t>(i)))]);
}

double fair_sign(Stream& random) { return (random() >> 63) != 0 ? 1.0 : -1.0; }

}  // namespace

Eigen::VectorXd random_signs(Eigen::Index size, Stream random) {
  Eigen::VectorXd signs(size);
  for (double& sign : signs) sign = fair_sign(random);
  return signs;
}

Eigen::VectorXd correlated_signs(const Eigen::VectorXd& signs, double overlap, Stream random) {
  if (!(overlap >= -1 && overlap <= 1))
    throw InvalidInput("teacher_overlap: must be in [-1, 1], found {}", overlap);
  std::vector<std::int32_t> places(static_cast<std::size_t>(signs.size()));
  std::iota(places.begin(), places.end(), 0);
  shuffle(places, random);
  const auto flips =
      static_cast<std::size_t>(std::llround(static_cast<double>(signs.size()) * (1 - overlap) / 2));
  Eigen::VectorXd result = signs;
  for (std::size_t k = 0; k < flips; ++k) result(places[k]) = -result(places[k]);
  return result;
}

SignData teacher_data(const Eigen::VectorXd& teacher, Eigen::Index count, Stream random) {
  SignData data{Eigen::MatrixXf(teacher.size(), count), Eigen::VectorXf(count)};
  for (float& entry : data.patterns.reshaped()) entry = static_cast<float>(fair_sign(random));
  const Eigen::VectorXf outputs = data.patterns.transpose() * teacher.cast<float>();
  data.labels = (outputs.array() < 0).select(-1.0F, Eigen::VectorXf::Ones(count));
  return data;
}

void FieldPerceptronOptions::describe(OptionTable& table) {
  table.add("epochs", epochs, "passes over the patterns").range(1, 1e7);
  table.add("batch", batch, "patterns per mini-batch; 0: all").range(0, 1e7);
  table.add("learning_rate", learning_rate, "of Adam");
  table.add("kl", kl, "weight of the divergence from the prior; 1 is Bayes, 0 forgets the past");
  table.add("beta", beta, "inverse temperature of the weights' fields").above(0);
  table.add("weight_decay", weight_decay, "added to the gradient per unit of field").at_least(0);
}

FieldPerceptron::FieldPerceptron(SignData data, Eigen::VectorXd prior, FieldPerceptronOptions options)
    : data_(std::move(data)), prior_(std::move(prior)), options_(std::move(options)) {
  const Eigen::Index count = data_.patterns.cols();
  if (data_.patterns.rows() == 0 || count == 0) throw InvalidInput("perceptron: there are no patterns");
  if (data_.labels.size() != count)
    throw InvalidInput("perceptron: {} patterns have {} labels", count, data_.labels.size());
  if (prior_.size() != data_.patterns.rows())
    throw InvalidInput("perceptron: the prior has {} fields, the patterns have {} inputs", prior_.size(),
                       data_.patterns.rows());
  if (!prior_.allFinite()) throw InvalidInput("perceptron: a field of the prior is not finite");
  check_signs(data_.patterns, "patterns");
  check_signs(data_.labels.transpose(), "labels");
  if (!(options_.beta > 0)) throw InvalidInput("beta: must be above 0, found {}", options_.beta);
  if (options_.epochs < 1) throw InvalidInput("epochs: must be at least 1, found {}", options_.epochs);
  if (options_.batch < 0 || options_.batch > count)
    throw InvalidInput("batch: must be in [0, {}], found {}", count, options_.batch);
  batch_ = options_.batch == 0 ? count : options_.batch;
  batches_ = count / batch_;
}

FieldPerceptron::State FieldPerceptron::start(const Moment&) const {
  State state;
  state.theta = prior_;
  state.first = state.second = Eigen::VectorXd::Zero(prior_.size());
  state.order.resize(static_cast<std::size_t>(data_.patterns.cols()));
  std::iota(state.order.begin(), state.order.end(), 0);
  return state;
}

FieldPerceptron::Objective FieldPerceptron::objective(const Eigen::VectorXd& theta,
                                                      const std::vector<std::int32_t>& chosen,
                                                      double kl_weight) const {
  const double n = static_cast<double>(theta.size()), beta = options_.beta;
  const double share = static_cast<double>(data_.patterns.cols()) / static_cast<double>(chosen.size());
  const bool all = chosen.size() == static_cast<std::size_t>(data_.patterns.cols());
  const Eigen::VectorXd m = magnetisations(theta, beta);
  const Eigen::VectorXd spread = (1 - m.array().square()).max(0);
  const double V = std::max(spread.sum(), n * least_variance_per_weight), root = std::sqrt(V);

  Eigen::MatrixXf picked;
  if (!all) picked = data_.patterns(Eigen::all, chosen);
  const Eigen::MatrixXf& x = all ? data_.patterns : picked;
  const Eigen::VectorXf outputs = x.transpose() * m.cast<float>();
  Eigen::VectorXf pull(x.cols());  // y times the hazard of each pattern
  Objective result;
  double along = 0;  // sum over the patterns of hazard times u
  for (Eigen::Index k = 0; k < x.cols(); ++k) {
    const double y = data_.labels(all ? k : chosen[static_cast<std::size_t>(k)]);
    const double u = y * static_cast<double>(outputs(k)) / root;
    const double log_tail = stats::log_normal_cdf(u);  // ln H(-u)
    const double hazard = std::exp(-0.5 * u * u - 0.918938533204672742 - log_tail);
    result.loss -= log_tail;
    pull(k) = static_cast<float>(y * hazard);
    along += hazard * u;
  }
  result.loss *= share;
  const Eigen::VectorXd back = (x * pull).cast<double>();
  result.gradient = -share * beta * spread.array() * (back.array() / root + along * m.array() / V);
  for (Eigen::Index i = 0; i < theta.size(); ++i) result.kl += divergence(theta(i), prior_(i), beta);
  result.gradient.array() += kl_weight * beta * beta * spread.array() * (theta - prior_).array();
  return result;
}

void FieldPerceptron::advance(State& state, const Moment& now) const {
  const std::int64_t place = state.step % batches_;
  if (place == 0 && batches_ > 1) shuffle(state.order, now.random(lane("perceptron order")));
  const auto from = state.order.begin() + place * batch_;
  const std::vector<std::int32_t> chosen(from, from + batch_);
  Objective descent = objective(state.theta, chosen, options_.kl.at(state.step, steps()));
  if (!std::isfinite(descent.loss))
    throw NumericalFailure("step {}: the loss is {}", state.step, descent.loss);
  state.loss = descent.loss;
  state.kl = descent.kl;
  descent.gradient += options_.weight_decay * state.theta;
  const double rate = options_.learning_rate.at(state.step, steps());
  ++state.step;
  adam_step(state.theta, descent.gradient, state.first, state.second, state.step, rate, options_.adam);
  now.spend(batch_);
}

Eigen::VectorXd FieldPerceptron::magnetisation(const State& state) const {
  return magnetisations(state.theta, options_.beta);
}

void FieldPerceptron::measure(const State& state, Row& row) const {
  const Eigen::VectorXd m = magnetisation(state);
  const Eigen::VectorXf outputs = data_.patterns.transpose() * m.cast<float>();
  const auto wrong = (outputs.array() * data_.labels.array() < 0).count();
  row.add("loss", state.loss);
  row.add("kl", state.kl);
  row.add("square", m.squaredNorm() / static_cast<double>(m.size()));
  row.add("variance", 1 - m.squaredNorm() / static_cast<double>(m.size()));
  row.add("training_error", static_cast<double>(wrong) / static_cast<double>(data_.labels.size()));
}

}  // namespace lehr::spin
