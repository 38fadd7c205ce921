#include "lehr/spin/memory/replica_model.hpp"

#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"

namespace lehr::spin {
namespace {

double factorial(int n) { return std::tgamma(n + 1.0); }

void check_order(int order) {
  if (order < 2 || order > 100)
    throw InvalidInput("order: the interaction order must be in [2, 100], found {}", order);
}

void check_not_negative(const char* what, double value) {
  if (!(value >= 0) || !std::isfinite(value))
    throw InvalidInput("{}: expected a finite number of at least 0, found {}", what, value);
}

// 1 + q + ... + q^(P-1)
double geometric_sum(double q, int terms) {
  double sum = 0, power = 1;
  for (int k = 0; k < terms; ++k) sum += power, power *= q;
  return sum;
}

// ln(e1 / e0) / mu with e1 = e0 - mu gap, continuous at mu = 0.
double log_ratio_over_mu(double e0, double gap, double mu) {
  return mu == 0 ? -gap / e0 : std::log1p(-mu * gap / e0) / mu;
}

}  // namespace

ReplicaModel ReplicaModel::dense(int order, double load) {
  check_order(order);
  check_not_negative("load", load);
  return mixture({{order, 1, 2 * load / factorial(order)}});
}

ReplicaModel ReplicaModel::p_spin(int order, double strength) {
  check_order(order);
  check_not_negative("strength", strength);
  return mixture({{order, 0, strength * strength}});
}

ReplicaModel ReplicaModel::hopfield(double load) {
  check_not_negative("load", load);
  ReplicaModel model;
  model.interactions_ = {{2, 1, 0}};
  model.soft_load_ = load;
  return model;
}

ReplicaModel ReplicaModel::mixture(std::vector<Interaction> interactions) {
  for (const Interaction& one : interactions) {
    check_order(one.order);
    check_not_negative("signal", one.signal);
    check_not_negative("variance", one.variance);
  }
  ReplicaModel model;
  model.interactions_ = std::move(interactions);
  return model;
}

ReplicaModel ReplicaModel::with_field(double field) const {
  if (!std::isfinite(field)) throw InvalidInput("field: expected a finite number, found {}", field);
  ReplicaModel model = *this;
  model.field_ = field;
  return model;
}

double ReplicaModel::field(double m) const {
  double sum = field_;
  for (const Interaction& one : interactions_)
    sum += one.signal * std::pow(m, one.order - 1) / factorial(one.order - 1);
  return sum;
}

double ReplicaModel::signal_excess(double m) const {
  double sum = 0;
  for (const Interaction& one : interactions_)
    sum += one.signal * (one.order - 1) * std::pow(m, one.order) / factorial(one.order);
  return sum;
}

double ReplicaModel::signal_energy(double m) const {
  double sum = -field_ * m;
  for (const Interaction& one : interactions_)
    sum -= one.signal * std::pow(m, one.order) / factorial(one.order);
  return sum;
}

NoiseTerms ReplicaModel::noise(const OrderParameters& order, double temperature, double mu) const {
  return soft() ? hopfield_noise(order, temperature, mu) : gaussian_noise(order, temperature, mu);
}

NoiseTerms ReplicaModel::gaussian_noise(const OrderParameters& order, double temperature, double mu) const {
  const double q1 = order.q1, q2 = order.q2(temperature), response = order.response;
  double v1 = 0, v2 = 0, covariance = 0, spread = 0;  // sum J^2 L, sum J^2 (q2^P - q1^P)
  for (const auto& [p, signal, variance] : interactions_) {
    v1 += 0.5 * variance * p * std::pow(q1, p - 1);
    v2 += 0.5 * variance * p * std::pow(q2, p - 1);
    covariance += variance * response * geometric_sum(q2, p);
    spread += variance * (std::pow(q2, p) - std::pow(q1, p));
  }
  NoiseTerms terms;
  terms.variance1 = v1;
  terms.variance2 = std::max(0.0, v2 - v1);
  terms.pressure = 0.25 * (covariance + mu * spread) - 0.5 * (v2 * response + mu * (v2 * q2 - v1 * q1));
  terms.slope = 0.25 * spread - 0.5 * (v2 * q2 - v1 * q1);
  terms.energy = -0.5 * (covariance + mu * spread);
  return terms;
}

NoiseTerms ReplicaModel::hopfield_noise(const OrderParameters& order, double temperature, double mu) const {
  const double q1 = order.q1, q2 = order.q2(temperature), gap = q2 - q1, load = *soft_load_;
  // Eigenvalues of 1 - beta Q within and across the blocks; a step outside the ordered region is held at its
  // edge.
  const double e0 = std::max(1e-9, 1 - order.response), e1 = std::max(1e-9, e0 - mu * gap);
  const double v1 = load * q1 / (e1 * e1), v2 = v1 + load * gap / (e0 * e1);
  const double log_ratio = log_ratio_over_mu(e0, gap, mu);
  NoiseTerms terms;
  terms.variance1 = v1;
  terms.variance2 = std::max(0.0, v2 - v1);
  terms.pressure = -0.5 * load * (temperature * std::log(e0) + log_ratio - q1 / e1 + 1) -
                   0.5 * (v2 * order.response + mu * (v2 * q2 - v1 * q1));
  const double log_slope = mu == 0 ? -0.5 * gap * gap / (e0 * e0) : -(log_ratio + gap / e1) / mu;
  terms.slope = -0.5 * load * (log_slope - q1 * gap / (e1 * e1)) - 0.5 * (v2 * q2 - v1 * q1);
  terms.energy = 0.5 * (load - load * (1 - q2) / e0 - v2);
  return terms;
}

double ReplicaModel::stiffness(const OrderParameters& order, double temperature) const {
  if (soft()) return *soft_load_ / std::pow(1 - order.response, 2);
  double sum = 0;
  for (const auto& [p, signal, variance] : interactions_)
    sum += 0.5 * variance * p * (p - 1) * std::pow(order.q2(temperature), p - 2);
  return sum;
}

double ReplicaModel::zero_temperature_entropy(double response) const {
  if (soft()) return -0.5 * *soft_load_ * (std::log(1 - response) + response / (1 - response));
  return -0.25 * stiffness({.response = 0}, 0) * response * response;
}

double ReplicaModel::full_variance() const {
  if (soft()) return *soft_load_;
  double sum = 0;
  for (const auto& [p, signal, variance] : interactions_) sum += 0.5 * variance * p;
  return sum;
}

bool ReplicaModel::first_order_glass() const {
  if (soft() || field_ != 0) return false;
  for (const Interaction& one : interactions_)
    if (one.order == 2 && one.variance > 0) return false;
  return true;
}

bool ReplicaModel::has_signal() const {
  for (const Interaction& one : interactions_)
    if (one.signal > 0) return true;
  return false;
}

double gamma_of_load(int order, double load) { return load * factorial(order) / 2; }
double load_of_gamma(int order, double gamma) { return 2 * gamma / factorial(order); }
double primed_temperature(int order, double temperature) { return temperature * factorial(order) / 2; }
double unprimed_temperature(int order, double temperature) { return 2 * temperature / factorial(order); }

}  // namespace lehr::spin
