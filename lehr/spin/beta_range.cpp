#include "lehr/spin/beta_range.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lehr::spin {
namespace {

constexpr double excitation_rate = 0.01;

// What the range depends on, gathered spin by spin.
class Extremes {
 public:
  void begin_spin() { reach_ = 0, least_ = std::numeric_limits<double>::infinity(); }
  void add(double bias) {
    if (bias == 0) return;
    reach_ += std::abs(bias);
    least_ = std::min(least_, std::abs(bias));
  }
  void end_spin() {
    largest_reach_ = std::max(largest_reach_, reach_);
    if (std::isinf(least_)) return;
    if (least_ < least_bias_) least_bias_ = least_, spins_at_least_ = 0;
    if (least_ == least_bias_) ++spins_at_least_;
  }
  BetaRange range() const {
    if (largest_reach_ == 0) return {0.1, 1};
    const double hot = std::log(2.0) / (2 * largest_reach_);
    const double cold = std::log(static_cast<double>(spins_at_least_) / excitation_rate) / (2 * least_bias_);
    // Weights near the ends of the floating-point range.
    const double largest = std::numeric_limits<double>::max(), smallest = std::numeric_limits<double>::min();
    return {std::clamp(hot, smallest, largest), std::clamp(cold, smallest, largest)};
  }

 private:
  double reach_ = 0, least_ = 0;
  double largest_reach_ = 0, least_bias_ = std::numeric_limits<double>::infinity();
  std::int64_t spins_at_least_ = 0;
};

}  // namespace

BetaRange default_beta_range(const IsingModel& model) {
  Extremes extremes;
  for (Index i = 0; i < model.size(); ++i) {
    extremes.begin_spin();
    extremes.add(model.field(i));
    for (const double weight : model.weights(i)) extremes.add(weight);
    extremes.end_spin();
  }
  return extremes.range();
}

BetaRange default_beta_range(const PolynomialModel& model) {
  const double share = model.vartype() == Vartype::spin ? 1 : 0.5;
  Extremes extremes;
  for (Index i = 0; i < model.size(); ++i) {
    extremes.begin_spin();
    for (const std::int64_t term : model.terms_of(i)) extremes.add(share * model.weight(term));
    extremes.end_spin();
  }
  return extremes.range();
}

}  // namespace lehr::spin
