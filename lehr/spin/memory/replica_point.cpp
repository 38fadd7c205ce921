#include "lehr/spin/memory/replica_point.hpp"

#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"

namespace lehr::spin {

const char* name(Branch branch) { return branch == Branch::retrieval ? "retrieval" : "glass"; }

const char* name(Phase phase) {
  switch (phase) {
    case Phase::ergodic:
      return "ergodic";
    case Phase::glass:
      return "glass";
    case Phase::retrieval:
      return "retrieval";
  }
  return "";
}

Phase ReplicaPoint::phase() const {
  if (std::abs(order.m) > 1e-3) return Phase::retrieval;
  return q2 > 1e-5 ? Phase::glass : Phase::ergodic;
}

SiteAverages site_averages(const ReplicaModel& model, double temperature, const OrderParameters& order,
                           double mu) {
  const NoiseTerms noise = model.noise(order, temperature, mu);
  return site_averages({.mean = model.field(order.m),
                        .variance1 = noise.variance1,
                        .variance2 = noise.variance2,
                        .temperature = temperature,
                        .mu = mu});
}

double pressure_over_beta(const ReplicaModel& model, double temperature, const OrderParameters& order,
                          double mu) {
  return site_averages(model, temperature, order, mu).pressure - model.signal_excess(order.m) +
         model.noise(order, temperature, mu).pressure;
}

double mu_slope(const ReplicaModel& model, double temperature, const OrderParameters& order, double mu) {
  const SiteAverages site = site_averages(model, temperature, order, mu);
  return (site.phi - site.pressure) / mu + model.noise(order, temperature, mu).slope;
}

ReplicaPoint replica_point(const ReplicaModel& model, double temperature, const OrderParameters& order,
                           double mu) {
  const NoiseTerms noise = model.noise(order, temperature, mu);
  const SiteAverages site = site_averages(model, temperature, order, mu);
  const double infinity = std::numeric_limits<double>::infinity();
  ReplicaPoint point;
  point.temperature = temperature;
  point.order = order;
  point.q2 = order.q2(temperature);
  point.mu = mu;
  point.theta = mu > 0 ? mu * temperature : 1;
  point.free_energy = -(site.pressure - model.signal_excess(order.m) + noise.pressure);
  point.energy = model.signal_energy(order.m) + noise.energy;
  if (temperature > 0) {
    point.pressure = -point.free_energy / temperature;
    point.entropy = (point.energy - point.free_energy) / temperature;
    point.stability = model.stiffness(order, temperature) * site.fourth / (temperature * temperature);
  } else {
    point.pressure = -point.free_energy * infinity;
    point.entropy = model.zero_temperature_entropy(order.response);
    point.stability = order.response > 0 ? infinity : 0;
  }
  return point;
}

GlassDecomposition glass_decomposition(const ReplicaModel& model, double temperature, double q) {
  if (!(temperature > 0))
    throw InvalidInput("glass decomposition: the temperature must be above 0, found {}", temperature);
  const OrderParameters order{.m = 0, .q1 = q, .response = (1 - q) / temperature};
  const double whole = pressure_over_beta(model, temperature, order, 0) / temperature;
  if (!model.soft()) {
    std::vector<Interaction> glass = model.interactions();
    for (Interaction& one : glass) one.signal = 0;
    const double hard = pressure_over_beta(ReplicaModel::mixture(glass), temperature, order, 0) / temperature;
    return {hard, whole - hard};
  }
  const double strength = std::sqrt(model.soft_load()) / (1 - order.response);
  const double hard = pressure_over_beta(ReplicaModel::sk(strength), temperature, order, 0) / temperature;
  return {hard, whole - hard};
}

}  // namespace lehr::spin
