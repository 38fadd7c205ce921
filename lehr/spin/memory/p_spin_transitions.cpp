#include "lehr/spin/memory/p_spin_transitions.hpp"

#include <boost/math/tools/minima.hpp>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/spin/memory/one_step_rsb.hpp"

namespace lehr::spin {
namespace {

void check_jump(const ReplicaModel& model) {
  if (!model.first_order_glass())
    throw InvalidInput(
        "glass transition: the glass of pair interactions or in a field is continuous, T_s = T_d");
  if (!(model.full_variance() > 0)) throw InvalidInput("glass transition: the model has no random couplings");
}

// The states at theta = 1 by their field variance lambda = beta^2 v(q).
struct ThresholdState {
  double temperature, q;
};

ThresholdState threshold_state(const ReplicaModel& model, double log_lambda) {
  const double lambda = std::exp(log_lambda);
  const SiteAverages site = site_averages({.variance2 = lambda, .temperature = 1, .mu = 1});
  const double q = 1 - site.response;
  const double variance = model.noise({.response = 1 - q}, 1, 1).variance2;
  return {std::sqrt(variance / lambda), q};
}

constexpr double smallest_log_lambda = -2, largest_log_lambda = 7;

double dynamical_log_lambda(const ReplicaModel& model) {
  check_jump(model);
  return boost::math::tools::brent_find_minima(
             [&](double x) { return -threshold_state(model, x).temperature; }, smallest_log_lambda,
             largest_log_lambda, 40)
      .first;
}

}  // namespace

GlassTransition dynamical_transition(const ReplicaModel& model) {
  const ThresholdState state = threshold_state(model, dynamical_log_lambda(model));
  return {state.temperature, state.q};
}

GlassTransition static_transition(const ReplicaModel& model) {
  const auto slope = [&](double log_lambda) {
    const auto [temperature, q] = threshold_state(model, log_lambda);
    return mu_slope(model, temperature, {.response = (1 - q) / temperature}, 1 / temperature);
  };
  std::uintmax_t evaluations = 100;
  const auto [low, high] =
      boost::math::tools::toms748_solve(slope, dynamical_log_lambda(model), largest_log_lambda,
                                        boost::math::tools::eps_tolerance<double>(36), evaluations);
  const ThresholdState state = threshold_state(model, 0.5 * (low + high));
  return {state.temperature, state.q};
}

GlassTransition gardner_transition(const ReplicaModel& model) {
  double high = static_transition(model).temperature * (1 - 1e-6), low = 0.02 * high;
  GlassTransition found;
  while (high - low > 1e-4 * high) {
    const double middle = 0.5 * (low + high);
    const ReplicaPoint point = one_step_rsb(model, middle, Branch::glass);
    found = {middle, point.q2};
    (point.stability < 1 ? high : low) = middle;
  }
  return found;
}

}  // namespace lehr::spin
