#include "lehr/schedule/bandit.hpp"

#include <cmath>
#include <limits>
#include <numeric>

#include "lehr/core/errors.hpp"

namespace lehr::schedule {
namespace {

std::size_t index(std::int64_t arm) { return static_cast<std::size_t>(arm); }

void check_cost(double cost) {
  if (!std::isfinite(cost)) throw NumericalFailure("bandit: the cost is {}", cost);
}

void normalise(std::vector<double>& values) {
  const double total = std::accumulate(values.begin(), values.end(), 0.0);
  for (double& value : values) value /= total;
}

}  // namespace

std::vector<double> arm_grid(double low, double high, std::int64_t count, bool logarithmic) {
  if (count < 2 || !(low < high))
    throw InvalidInput("bandit: needs low < high and at least 2 arms, found {}", count);
  if (logarithmic && !(low > 0))
    throw InvalidInput("bandit: arms in equal ratios need low above 0, found {}", low);
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i) {
    const double x = static_cast<double>(i) / static_cast<double>(count - 1);
    values.push_back(logarithmic ? low * std::pow(high / low, x) : std::lerp(low, high, x));
  }
  return values;
}

Arms::Arms(std::vector<double> values) : values_(std::move(values)) {
  if (values_.size() < 2 || values_.size() > 10'000)
    throw InvalidInput("bandit: needs 2 to 10000 arms, found {}", values_.size());
  for (const double value : values_)
    if (!std::isfinite(value))
      throw InvalidInput("bandit: the values of arms must be finite, found {}", value);
}

double DrawnArms::draw(const std::vector<double>& probabilities, Stream& random) {
  double left = uniform(random);
  chosen_ = count() - 1;
  for (std::size_t i = 0; i + 1 < probabilities.size(); ++i) {
    left -= probabilities[i];
    if (left >= 0) continue;
    chosen_ = static_cast<std::int64_t>(i);
    break;
  }
  probability_ = probabilities[index(chosen_)];
  return value();
}

void DrawnArms::add_loss(double cost) {
  ++rounds_;
  losses_[index(chosen_)] += cost / probability_;
}

// ---- UCB1 -------------------------------------------------------------------------------------------------

Ucb::Ucb(std::vector<double> values, double range)
    : Arms(std::move(values)), range_(range), pulls_(values_.size()), mean_costs_(values_.size()) {
  if (!(range > 0)) throw InvalidInput("ucb: range must be above 0, found {}", range);
}

double Ucb::predict() {
  const double rounds = std::accumulate(pulls_.begin(), pulls_.end(), 0.0);
  double best = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < pulls_.size(); ++i) {
    if (pulls_[i] == 0) return chosen_ = static_cast<std::int64_t>(i), value();
    const double bound = mean_costs_[i] - range_ * std::sqrt(2 * std::log(rounds) / pulls_[i]);
    if (bound < best) best = bound, chosen_ = static_cast<std::int64_t>(i);
  }
  return value();
}

void Ucb::update(double cost) {
  check_cost(cost);
  const std::size_t arm = index(chosen_);
  pulls_[arm] += 1;
  mean_costs_[arm] += (cost - mean_costs_[arm]) / pulls_[arm];
}

// ---- EXP3 -------------------------------------------------------------------------------------------------

Exp3::Exp3(std::vector<double> values, double low, double high, double rate, double mix)
    : DrawnArms(std::move(values)), low_(low), high_(high), rate_(rate), mix_(mix) {
  if (!(low < high))
    throw InvalidInput("exp3: the costs' low must be below high, found {} and {}", low, high);
  if (!(rate >= 0)) throw InvalidInput("exp3: rate must be at least 0, found {}", rate);
  if (!(mix >= 0 && mix < 1)) throw InvalidInput("exp3: mix must be in [0, 1), found {}", mix);
}

std::vector<double> Exp3::probabilities() const {
  const auto arms = static_cast<double>(count());
  const double rate =
      rate_ > 0 ? rate_ : std::sqrt(std::log(arms) / (arms * static_cast<double>(rounds_ + 1)));
  const double least = *std::min_element(losses_.begin(), losses_.end());
  std::vector<double> p;
  for (const double loss : losses_) p.push_back(std::exp(-rate * (loss - least)));
  normalise(p);
  for (double& probability : p) probability = (1 - mix_) * probability + mix_ / arms;
  return p;
}

void Exp3::update(double cost) {
  check_cost(cost);
  add_loss(std::clamp((cost - low_) / (high_ - low_), 0.0, 1.0));
}

// ---- Tsallis-INF ------------------------------------------------------------------------------------------

TsallisInf::TsallisInf(std::vector<double> values, double least)
    : DrawnArms(std::move(values)), least_(least) {
  if (!std::isfinite(least)) throw InvalidInput("tsallis_inf: least must be finite, found {}", least);
}

// x is counted from the least loss. Newton's iteration starts where the sum is at least 1; the sum is convex
// and rising in x, so x falls to the root.
std::vector<double> TsallisInf::probabilities() const {
  const double eta = 2 / std::sqrt(static_cast<double>(rounds_ + 1));
  const double unit = mean_cost_ > 0 ? mean_cost_ : 1;
  const double least = *std::min_element(losses_.begin(), losses_.end());
  std::vector<double> p(losses_.size());
  double x = -2 / eta;
  for (int iteration = 0; iteration < 100; ++iteration) {
    double sum = 0, slope = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
      const double root = 2 / (eta * ((losses_[i] - least) / unit - x));
      p[i] = root * root;
      sum += p[i];
      slope += eta * p[i] * root;
    }
    const double step = (sum - 1) / slope;
    if (!(step > -1e-15 * x)) break;
    x -= step;
  }
  normalise(p);
  return p;
}

void TsallisInf::update(double cost) {
  check_cost(cost);
  const double excess = std::max(cost - least_, 0.0);
  add_loss(excess);
  mean_cost_ += (excess - mean_cost_) / static_cast<double>(rounds_);
}

}  // namespace lehr::schedule
