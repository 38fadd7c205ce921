#include "lehr/spin/memory/site_averages.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/stats/quadrature.hpp"
#include "lehr/stats/stable_functions.hpp"

namespace lehr::spin {
namespace {

constexpr double normal_reach = 8.5;  // beyond it a standard normal has 2e-17 of its mass
constexpr double inverse_sqrt_two_pi = 0.398942280401432677940;

double normal_density(double z) { return inverse_sqrt_two_pi * std::exp(-0.5 * z * z); }

// Averages over z2 at a given a = mean + sqrt(v1) z1.
struct StateAverages {
  double pressure = 0, tanh = 0, response = 0, phi = 0, fourth = 0;
};

struct SpinAt {
  double phi, tanh, sech2;  // of one field
};

SpinAt spin_at(double h, double temperature) {
  const double magnitude = std::abs(h);
  if (temperature == 0) return {magnitude, h > 0 ? 1.0 : h < 0 ? -1.0 : 0.0, 0};
  const double t = std::exp(-2 * magnitude / temperature), inverse = 1 / (1 + t);
  const double tanh = (1 - t) * inverse;
  return {magnitude + temperature * std::log1p(t), h < 0 ? -tanh : tanh, 4 * t * inverse * inverse};
}

StateAverages fixed_field(double a, double temperature) {
  const SpinAt spin = spin_at(a, temperature);
  const double response = temperature > 0 ? spin.sech2 / temperature : 0;
  return {spin.phi, spin.tanh, response, spin.phi, spin.sech2 * spin.sech2};
}

StateAverages at_zero_temperature(double a, double variance, double mu) {
  const double spread = std::sqrt(variance);
  const double up = mu * a + stats::log_normal_cdf((mu * variance + a) / spread);
  const double down = -mu * a + stats::log_normal_cdf((mu * variance - a) / spread);
  const double log_sum = stats::log_add_exp(up, down);
  const double log_mean = 0.5 * mu * mu * variance + log_sum;
  const double x = a / spread;
  // Density of the weighted field at 0.
  const double at_zero = inverse_sqrt_two_pi * std::exp(-0.5 * x * x - log_mean) / spread;
  StateAverages state;
  state.tanh = std::tanh(0.5 * (up - down));
  state.response = 2 * at_zero;
  state.phi = mu * variance + a * state.tanh + 2 * variance * at_zero;
  state.pressure = mu > 0 ? log_mean / mu : state.phi;
  return state;
}

StateAverages at_temperature(double a, double variance, double temperature, double mu) {
  const double spread = std::sqrt(variance), reach = normal_reach + mu * spread;
  thread_local stats::Quadrature rule;
  stats::graded_legendre(-reach, reach, -a / spread, temperature / spread, rule);
  const double largest = mu * std::abs(a) + 0.5 * mu * mu * variance;  // of mu |h| - z^2 / 2
  double total = 0, tanh = 0, sech2 = 0, fourth = 0, phi = 0;
  for (std::size_t k = 0; k < rule.nodes.size(); ++k) {
    const double z = rule.nodes[k];
    const SpinAt spin = spin_at(a + spread * z, temperature);
    const double weight = rule.weights[k] * std::exp(mu * spin.phi - 0.5 * z * z - largest);
    total += weight;
    tanh += weight * spin.tanh;
    sech2 += weight * spin.sech2;
    fourth += weight * spin.sech2 * spin.sech2;
    phi += weight * spin.phi;
  }
  StateAverages state;
  state.tanh = tanh / total;
  state.response = sech2 / total / temperature;
  state.fourth = fourth / total;
  state.phi = phi / total;
  state.pressure = mu > 0 ? (largest + std::log(total * inverse_sqrt_two_pi)) / mu : state.phi;
  return state;
}

StateAverages state_averages(double a, double variance, double temperature, double mu) {
  if (variance == 0) return fixed_field(a, temperature);
  return temperature == 0 ? at_zero_temperature(a, variance, mu)
                          : at_temperature(a, variance, temperature, mu);
}

// Replica symmetry at T = 0: E |h|, E sgn h and twice the density of h at 0.
SiteAverages symmetric_at_zero(double mean, double variance) {
  const double spread = std::sqrt(variance), x = mean / spread;
  SiteAverages averages;
  averages.m = std::erf(x / std::sqrt(2.0));
  averages.q1 = 1;
  averages.response = 2 * normal_density(x) / spread;
  averages.phi = averages.pressure = mean * averages.m + variance * averages.response;
  return averages;
}

// How far apart in a the averages of a state change near a = 0.
double state_width(const SiteField& field) {
  double width = std::sqrt(field.variance2);
  if (field.mu > 0) width = std::min(width, 1 / field.mu);
  return std::max(width, field.temperature);
}

}  // namespace

SiteAverages site_averages(const SiteField& field) {
  const double temperature = field.temperature;
  if (field.variance1 == 0) {
    const StateAverages one = state_averages(field.mean, field.variance2, temperature, field.mu);
    return {one.pressure, one.tanh, one.tanh * one.tanh, one.response, one.phi, one.fourth};
  }
  if (temperature == 0 && field.variance2 == 0) return symmetric_at_zero(field.mean, field.variance1);
  const double spread = std::sqrt(field.variance1);
  const bool symmetric = field.mean == 0;  // only z1 >= 0 is needed
  stats::Quadrature rule;
  stats::graded_legendre(symmetric ? 0 : -normal_reach, normal_reach, -field.mean / spread,
                         state_width(field) / spread, rule);
  SiteAverages sum;
  for (std::size_t k = 0; k < rule.nodes.size(); ++k) {
    const double z = rule.nodes[k], weight = rule.weights[k] * normal_density(z) * (symmetric ? 2 : 1);
    const StateAverages one = state_averages(field.mean + spread * z, field.variance2, temperature, field.mu);
    sum.pressure += weight * one.pressure;
    sum.m += weight * one.tanh;
    sum.q1 += weight * one.tanh * one.tanh;
    sum.response += weight * one.response;
    sum.phi += weight * one.phi;
    sum.fourth += weight * one.fourth;
  }
  if (symmetric) sum.m = 0;
  return sum;
}

}  // namespace lehr::spin
