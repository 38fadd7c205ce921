#include "lehr/diffusion/guidance/choice.hpp"
#include "lehr/diffusion/guidance/minus_infinity.hpp"

#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"

namespace lehr::diffusion {
namespace {

double gumbel(Stream& random) {
  return -std::log(-std::log((static_cast<double>(random() >> 11) + 0.5) * 0x1.0p-53));
}

}  // namespace

StreamingChoice::StreamingChoice(Index rows, Index designs, double alpha)
    : alpha_(alpha),
      chosen_(rows, designs),
      value_(VectorXd::Constant(designs, std::nan(""))),
      key_(VectorXd::Constant(designs, minus_infinity)),
      feasible_(VectorXd::Zero(designs)),
      mean_(feasible_),
      deviation_(feasible_),
      best_(key_),
      top_(key_),
      weights_(feasible_),
      squares_(feasible_) {
  if (!(alpha >= 0) || !std::isfinite(alpha))
    throw InvalidInput("temperature: {} is below 0 or not finite", alpha);
}

void StreamingChoice::offer(const MatrixXd& candidates, const VectorXd& values, const VectorXd& log_ratios,
                            const BatchAddress& address) {
  const Index designs = chosen_.cols();
  for (Index c = 0; c < candidates.cols(); ++c) {
    const Index design = c % designs;
    const bool first = address.first == 0 && c < designs;
    if (first) chosen_.col(design) = candidates.col(c);
    const double value = values[c];
    const double log_ratio = log_ratios.size() == 0 ? 0 : log_ratios[c];
    if (!(value > minus_infinity) || !(log_ratio > minus_infinity)) continue;  // NaN too
    if (alpha_ == 0) {
      take(design, candidates.col(c), value, value);
      continue;
    }
    Stream random = address.stream(lane("guidance.choice"), static_cast<std::uint64_t>(c));
    const double log_weight = value / alpha_ + log_ratio;
    const double top = std::max(top_[design], log_weight);
    const double old = top_[design] == minus_infinity ? 0 : std::exp(top_[design] - top);
    const double fresh = std::exp(log_weight - top);
    weights_[design] = weights_[design] * old + fresh;
    squares_[design] = squares_[design] * old * old + fresh * fresh;
    top_[design] = top;
    take(design, candidates.col(c), value, log_weight + gumbel(random));
  }
}

void StreamingChoice::take(Index design, const Eigen::Ref<const VectorXd>& candidate, double value,
                           double key) {
  const double count = feasible_[design] += 1;
  const double change = value - mean_[design];
  mean_[design] += change / count;
  deviation_[design] += change * (value - mean_[design]);
  if (alpha_ == 0) {  // candidates that share the maximum
    if (value > best_[design])
      weights_[design] = 1;
    else if (value == best_[design])
      weights_[design] += 1;
  }
  best_[design] = std::max(best_[design], value);
  if (!(key > key_[design])) return;
  key_[design] = key;
  value_[design] = value;
  chosen_.col(design) = candidate;
}

std::int64_t StreamingChoice::infeasible_designs() const { return (feasible_.array() == 0).count(); }

double StreamingChoice::average(const std::function<double(Index)>& of) const {
  double sum = 0, count = 0;
  for (Index i = 0; i < value_.size(); ++i)
    if (feasible_[i] > 0) sum += of(i), count += 1;
  return count > 0 ? sum / count : 0;
}

double StreamingChoice::mean_value() const {
  return average([&](Index i) { return mean_[i]; });
}
double StreamingChoice::best_value() const {
  return average([&](Index i) { return best_[i]; });
}
double StreamingChoice::mean_spread() const {
  return average(
      [&](Index i) { return feasible_[i] < 2 ? 0.0 : std::sqrt(deviation_[i] / (feasible_[i] - 1)); });
}
double StreamingChoice::mean_ess() const {
  return average(
      [&](Index i) { return alpha_ == 0 ? weights_[i] : weights_[i] * weights_[i] / squares_[i]; });
}

}  // namespace lehr::diffusion
