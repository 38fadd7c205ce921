#include "lehr/spin/memory/plefka.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/stats/distributions.hpp"
#include "lehr/stats/goodness_of_fit.hpp"

namespace lehr::spin {

Plefka::Plefka(const DenseHebbianSupervised& network, PlefkaOptions options, Eigen::MatrixXd cues)
    : network_(&network), options_(std::move(options)), cues_(std::move(cues)), load_(network.load()) {
  if (cues_.rows() != network.size() || cues_.cols() < 1)
    throw InvalidInput("plefka: expected cues of {} sites, found {} x {}", network.size(), cues_.rows(),
                       cues_.cols());
  if (!(cues_.cwiseAbs().maxCoeff() <= 1)) throw InvalidInput("plefka: the cues' entries must be in [-1, 1]");
}

Plefka::State Plefka::start(const Moment&) const {
  const auto reads = static_cast<std::size_t>(cues_.cols());
  return {cues_, std::vector<double>(reads, 1.0), std::vector<std::int64_t>(reads, 0)};
}

double Plefka::step(Eigen::Ref<Eigen::VectorXd> m, double temperature, double damping) const {
  const Eigen::VectorXd fields = network_->fields(m);
  const double q = m.squaredNorm() / static_cast<double>(m.size());
  const int order = network_->order();
  double reaction = 0;
  if (options_.onsager && temperature > 0)
    reaction = load_ / std::tgamma(order - 1.0) * std::pow(q, order - 2) * (1 - q) / temperature;
  double largest = 0;
  for (Eigen::Index i = 0; i < m.size(); ++i) {
    const double field = fields(i) - reaction * m(i);
    const double aim = temperature > 0 ? std::tanh(field / temperature)
                       : field > 0     ? 1
                       : field < 0     ? -1
                                       : m(i);
    const double change = damping * (aim - m(i));
    m(i) += change;
    largest = std::max(largest, std::abs(change));
  }
  return largest;
}

void Plefka::advance(State& state, const Moment& now) const {
  const double temperature = options_.temperature(now), damping = options_.damping(now);
  if (!(temperature >= 0)) throw InvalidInput("temperature: expected at least 0, found {}", temperature);
  if (!(damping > 0 && damping <= 1))
    throw InvalidInput("damping: expected a number in (0, 1], found {}", damping);
  parallel_for(cues_.cols(), [&](std::int64_t r) {
    const auto read = static_cast<std::size_t>(r);
    if (state.residuals[read] <= options_.tolerance) return;
    state.residuals[read] = step(state.magnetisations.col(r), temperature, damping);
    ++state.steps[read];
  });
}

bool Plefka::finished(const State& state) const {
  return std::ranges::all_of(state.residuals,
                             [&](double residual) { return residual <= options_.tolerance; });
}

void Plefka::measure(const State& state, Row& row) const {
  double steps = 0;
  for (const std::int64_t count : state.steps) steps += static_cast<double>(count);
  row.add("residual", *std::ranges::max_element(state.residuals));
  row.add("q", state.magnetisations.array().square().mean());
  row.add("steps", steps / static_cast<double>(state.steps.size()));
}

Eigen::MatrixXd Plefka::signs(const State& state) const {
  return state.magnetisations.unaryExpr([](double m) { return m >= 0 ? 1.0 : -1.0; });
}

PostSynapticTest post_synaptic_test(const DenseHebbianSupervised& network, const SignPatterns& archetypes,
                                    std::int64_t targets) {
  targets = std::min({targets, archetypes.patterns(), network.patterns()});
  if (targets < 1 || network.patterns() < 2)
    throw InvalidInput("post-synaptic test: expected at least two patterns and one target");
  std::vector<double> noise;
  for (std::int64_t mu = 0; mu < targets; ++mu) {
    const Spins spins = archetypes.pattern(mu);
    const Eigen::VectorXd m = Eigen::Map<const Eigen::Matrix<std::int8_t, Eigen::Dynamic, 1>>(
                                  spins.data(), static_cast<Eigen::Index>(spins.size()))
                                  .cast<double>();
    const Eigen::VectorXd along = network.fields(m, mu).cwiseProduct(m);
    noise.insert(noise.end(), along.begin(), along.end());
  }
  const Eigen::Map<const Eigen::ArrayXd> sample(noise.data(), static_cast<Eigen::Index>(noise.size()));
  PostSynapticTest test;
  test.mean = sample.mean();
  test.deviation = std::sqrt((sample - test.mean).square().mean());
  if (!(test.deviation > 0)) throw InvalidInput("post-synaptic test: the other patterns exert no field");
  test.excess_kurtosis = ((sample - test.mean) / test.deviation).pow(4).mean() - 3;
  for (double& value : noise) value = (value - test.mean) / test.deviation;
  const stats::FitTest fit = stats::kolmogorov_smirnov(noise, stats::normal_cdf);
  test.distance = fit.statistic;
  test.p = fit.p;
  return test;
}

}  // namespace lehr::spin
