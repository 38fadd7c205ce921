#include "lehr/spin/memory/sum_rules.hpp"

#include <cmath>
#include <functional>
#include <numbers>

#include "lehr/core/errors.hpp"
#include "lehr/stats/quadrature.hpp"

namespace lehr::spin {
namespace {

// The one-body pressure's gradient in (mean, v1, v2 - v1) at a point of field space.
class OneBodyFlow {
 public:
  OneBodyFlow(const ReplicaModel& model, double temperature, const OrderParameters& order, double mu)
      : beta_(1 / temperature), theta_(mu * temperature) {
    if (!(temperature > 0))
      throw InvalidInput("sum rule: the temperature must be above 0, found {}", temperature);
    const NoiseTerms noise = model.noise(order, temperature, mu);
    end_ = {model.field(order.m), noise.variance1, noise.variance2, temperature, mu};
    closed = pressure_over_beta(model, temperature, order, mu) * beta_;
    source = beta_ * (noise.pressure - model.signal_excess(order.m));
  }

  // dA along the direction (mean, v1, v2 - v1) of the end point scaled by `along`, at the end point scaled by
  // `at`.
  struct Scales {
    double mean, variance1, variance2;
  };
  double rate(const Scales& at, const Scales& along) const {
    SiteField field = end_;
    field.mean *= at.mean;
    field.variance1 *= at.variance1;
    field.variance2 *= at.variance2;
    const SiteAverages site = site_averages(field);
    const double q2 = 1 - site.response / beta_;
    const double within = 1 - (1 - theta_) * q2;
    return along.mean * beta_ * end_.mean * site.m +
           0.5 * beta_ * beta_ *
               (along.variance1 * end_.variance1 * (within - theta_ * site.q1) +
                along.variance2 * end_.variance2 * within);
  }

  // The integral over t in [0, 1]; averages change fastest near t = 0, where fields are as large as T.
  double integrate(const std::function<double(double t)>& f) const {
    const double size = end_.mean * beta_ + (end_.variance1 + end_.variance2) * beta_ * beta_;
    stats::Quadrature rule;
    stats::graded_legendre(0, 1, 0, 0.5 / (1 + size), rule, 0.25);
    return rule.integrate(f);
  }

  double closed = 0, source = 0;

 private:
  double beta_, theta_;
  SiteField end_;
};

}  // namespace

SumRule guerra_check(const ReplicaModel& model, double temperature, const OrderParameters& order, double mu) {
  const OneBodyFlow flow(model, temperature, order, mu);
  const double fields = flow.integrate([&](double t) { return flow.rate({t, t, t}, {1, 1, 1}); });
  return {flow.closed, std::numbers::ln2 + fields + flow.source};
}

SumRule transport_check(const ReplicaModel& model, double temperature, const OrderParameters& order,
                        double mu) {
  const OneBodyFlow flow(model, temperature, order, mu);
  double foot = std::numbers::ln2;
  foot += flow.integrate([&](double t) { return flow.rate({t, 0, 0}, {1, 0, 0}); });
  foot += flow.integrate([&](double t) { return flow.rate({1, t, 0}, {0, 1, 0}); });
  foot += flow.integrate([&](double t) { return flow.rate({1, 1, t}, {0, 0, 1}); });
  return {flow.closed, foot + flow.source};
}

}  // namespace lehr::spin
