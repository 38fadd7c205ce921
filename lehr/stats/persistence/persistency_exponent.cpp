#include "lehr/stats/persistence/persistency_exponent.hpp"

#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>

namespace lehr::stats {
namespace {

// The equation's left side minus its right, with the bracket that its values so far leave for theta.
class PoleEquation {
 public:
  PoleEquation(const SwitchKernel& other, PersistencyExponent& result)
      : other_(other), target_(2 - other.mass()), result_(result) {}

  double operator()(double theta) {
    const double value = theta * other_.exponential_moment(theta, 0) - target_;
    (value > 0 ? high_ : low_) = theta;
    result_.brackets.push_back({low_, high_});
    return std::min(value, 1e300);
  }

 private:
  const SwitchKernel& other_;
  double target_, low_ = 0, high_ = std::numeric_limits<double>::infinity();
  PersistencyExponent& result_;
};

}  // namespace

PersistencyExponent persistency_exponent(const SwitchKernel& own, const SwitchKernel& other) {
  PersistencyExponent result;
  if (other.decay_rate() == 0) {
    result.reason = "subexponential: the covariance falls slower than any exponential, and so does P(T > t)";
    return result;
  }
  PoleEquation equation(other, result);
  double high = other.decay_rate() * (1 - 1e-9);
  if (std::isinf(high)) {
    high = 1 / other.integral();
    for (int doublings = 0; doublings < 60 && !(equation(high) > 0); ++doublings) high *= 2;
  }
  const double at_high = equation(high);
  if (!(high > 0 && at_high > 0)) {
    result.reason = "no pole: the equation for theta has no root below the decay rate of the covariance";
    return result;
  }
  std::uintmax_t evaluations = 200;
  const auto [left, right] = boost::math::tools::toms748_solve(
      [&](double theta) { return equation(theta); }, 0.0, high, -(2 - other.mass()), at_high,
      boost::math::tools::eps_tolerance<double>(48), evaluations);
  const double theta = (left + right) / 2;
  result.theta = theta;
  const double own_transform = own.mass() + theta * own.exponential_moment(theta, 0);
  const double first = other.exponential_moment(theta, 0) + theta * other.exponential_moment(theta, 1);
  result.prefactor = own_transform / (theta * first);
  return result;
}

}  // namespace lehr::stats
