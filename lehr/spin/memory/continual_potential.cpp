#include "lehr/spin/memory/continual_potential.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <span>

#include "lehr/core/errors.hpp"
#include "lehr/spin/memory/fixed_point.hpp"
#include "lehr/stats/stable_functions.hpp"

namespace lehr::spin {
namespace {

constexpr double least_gap = 1e-9;  // kept between 0, r^2, q, q* and 1
constexpr double greatest_beta = 3000;

// -d ln H / du = density over tail; `log_tail` is ln H(u).
double hazard(double u, double log_tail) {
  constexpr double half_log_two_pi = 0.91893853320467274178;
  return std::exp(-0.5 * u * u - half_log_two_pi - log_tail);
}

// ln int Dx H^beta(u(x)), u = slope x + offset, with averages under the integrand.
struct InnerAverage {
  double log_integral = 0;
  double slope_mean = 0;  // <d ln H / du>
  double slope_x = 0;     // <x d ln H / du>
  double slope_u = 0;     // <u d ln H / du>
};

// The nodes are centred on the largest term of beta ln H(u(x)) - x^2 / 2, which is concave, and scaled by its
// curvature, so that a large beta needs no more of them.
InnerAverage inner_average(double beta, double slope, double offset, const stats::Quadrature& rule) {
  double center = 0, curvature = 1;
  for (int i = 0; i < 60; ++i) {
    const double u = slope * center + offset;
    const double fall = hazard(u, stats::log_normal_cdf(-u));
    curvature = 1 + beta * slope * slope * std::max(0.0, fall * (fall - u));
    const double step = (-beta * slope * fall - center) / curvature;
    center += step;
    if (std::abs(step) < 1e-6 * (1 + std::abs(center))) break;
  }
  const double width = 1 / std::sqrt(curvature);
  std::array<double, 128> log_terms{}, slopes{};
  double largest = -std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < rule.nodes.size(); ++k) {
    const double y = rule.nodes[k], x = center + width * y, u = slope * x + offset;
    const double log_tail = stats::log_normal_cdf(-u);
    slopes[k] = -hazard(u, log_tail);
    log_terms[k] = beta * log_tail + 0.5 * (y * y - x * x);
    largest = std::max(largest, log_terms[k]);
  }
  InnerAverage result;
  double total = 0;
  for (std::size_t k = 0; k < rule.nodes.size(); ++k) {
    const double x = center + width * rule.nodes[k];
    const double term = rule.weights[k] * std::exp(log_terms[k] - largest);
    total += term;
    result.slope_mean += term * slopes[k];
    result.slope_x += term * slopes[k] * x;
    result.slope_u += term * slopes[k] * (slope * x + offset);
  }
  result.log_integral = largest + std::log(total * width);
  for (double* average : {&result.slope_mean, &result.slope_x, &result.slope_u}) *average /= total;
  return result;
}

PerceptronOrder clipped(const OrderVector& x) {
  PerceptronOrder order{x(0), x(1), x(2)};
  order.q = std::clamp(order.q, 4 * least_gap, 1 - 4 * least_gap);
  const double bound = std::sqrt(order.q * (1 - 1e-7));
  order.r = std::clamp(order.r, -bound, bound);
  order.q_star = std::clamp(order.q_star, order.q + least_gap, 1 - least_gap);
  return order;
}

// The weight's effective measure for given order parameters.
struct Conjugates {
  double curvature = 0, spread = 0, field = 0;
};

// The average over z: Hermite's nodes while its integrand is smooth. Near perfect learning the teacher's sign
// and the student's stability change within a narrow stretch around z = 0, which graded panels resolve.
stats::Quadrature outer_rule(const PerceptronOrder& order, const stats::Quadrature& hermite) {
  const double sharpness = std::max(std::abs(order.r) / std::sqrt(order.q - order.r * order.r),
                                    std::sqrt(order.q / (1 - order.q_star)));
  if (sharpness < 2.5) return hermite;
  stats::Quadrature rule;
  stats::graded_legendre(-9, 9, 0, std::max(1 / sharpness, 1e-4), rule);
  for (std::size_t k = 0; k < rule.nodes.size(); ++k)
    rule.weights[k] *= std::exp(-0.5 * rule.nodes[k] * rule.nodes[k]) / std::sqrt(2 * std::numbers::pi);
  return rule;
}

Conjugates conjugates(const PerceptronOrder& order, double alpha, double beta,
                      const stats::Quadrature& hermite, const stats::Quadrature& inner) {
  const EnergyTerm energy = energy_term(order, beta, outer_rule(order, hermite), inner);
  const double q_hat = std::max(0.0, -2 * alpha * energy.by_q);
  return {alpha * energy.by_q_star - q_hat / 2, std::sqrt(q_hat), alpha * energy.by_r};
}

void check_point(double alpha, double beta) {
  if (!(alpha >= 0 && alpha <= 100)) throw InvalidInput("alpha: must be in [0, 100], found {}", alpha);
  if (!(beta > 0 && beta <= greatest_beta))
    throw InvalidInput("beta_T: must be above 0 and at most {}, found {}", greatest_beta, beta);
}

PerceptronOrder settle(const OrderMap& map, const PotentialOptions& options, const std::string& point,
                       int& iterations) {
  for (const OrderVector& start :
       {OrderVector(0.3, 0.35, 0.35), OrderVector(0.05, 0.1, 0.08), OrderVector(0.8, 0.85, 0.82)})
    for (const double damping : {options.damping, 0.2 * options.damping}) {
      const FixedPoint found = find_fixed_point(map, start,
                                                {.damping = damping,
                                                 .tolerance = options.tolerance,
                                                 .mix_below = 1e-3,
                                                 .reach = 0.02,
                                                 .max_iterations = options.max_iterations});
      iterations += found.iterations;
      if (found.converged && found.x.allFinite()) return clipped(found.x);
    }
  throw NumericalFailure("the order parameters at {} do not settle within {} iterations", point,
                         options.max_iterations);
}

double log_entropy(double m) {
  const double up = (1 + m) / 2, down = (1 - m) / 2;
  return -up * std::log(up) - down * std::log(down);
}

}  // namespace

EnergyTerm energy_term(const PerceptronOrder& order, double inverse_temperature,
                       const stats::Quadrature& outer, const stats::Quadrature& inner) {
  const double beta = inverse_temperature, gap = order.q - order.r * order.r;
  const double scale = std::sqrt(1 - order.q_star), a = std::sqrt(order.q_star - order.q),
               b = std::sqrt(order.q);
  const double t = order.r / std::sqrt(gap), t_q = -order.r / (2 * gap * std::sqrt(gap)),
               t_r = order.q / (gap * std::sqrt(gap));
  EnergyTerm energy;
  for (std::size_t k = 0; k < outer.nodes.size(); ++k) {
    const double z = outer.nodes[k];
    const double teacher = std::erfc(z * t / std::numbers::sqrt2);  // 2 H(z t)
    const double teacher_t = -std::sqrt(2 / std::numbers::pi) * std::exp(-0.5 * z * z * t * t) * z;
    const InnerAverage inside = inner_average(beta, a / scale, b * z / scale, inner);
    const double w = outer.weights[k], g = inside.log_integral;
    const double g_q = beta * (z / (2 * b) * inside.slope_mean - inside.slope_x / (2 * a)) / scale;
    const double g_q_star =
        beta * (inside.slope_x / (2 * a * scale) + inside.slope_u / (2 * (1 - order.q_star)));
    energy.value += w * teacher * g;
    energy.by_q += w * (teacher * g_q + teacher_t * t_q * g);
    energy.by_r += w * teacher_t * t_r * g;
    energy.by_q_star += w * teacher * g_q_star;
  }
  return energy;
}

MagnetisationMeasure::MagnetisationMeasure(int nodes, double beta) {
  const stats::Quadrature rule = stats::gauss_legendre(nodes, -1, 1);
  nodes_ = Eigen::Map<const Eigen::ArrayXd>(rule.nodes.data(), nodes);
  squares_ = nodes_.square();
  log_weights_ = Eigen::Map<const Eigen::ArrayXd>(rule.weights.data(), nodes).log() +
                 beta * nodes_.unaryExpr(&log_entropy);
}

Eigen::ArrayXd MagnetisationMeasure::probabilities(double curvature, double field) const {
  Eigen::ArrayXd p = log_weights_ + curvature * squares_ + field * nodes_;
  p = (p - p.maxCoeff()).exp();
  return p / p.sum();
}

MagnetisationMeasure::Averages MagnetisationMeasure::averages(double curvature, double field) const {
  const Eigen::ArrayXd p = probabilities(curvature, field);
  Averages averages{(p * nodes_).sum(), (p * squares_).sum()};
  averages.mean_slope = averages.square - averages.mean * averages.mean;
  averages.square_slope = (p * squares_ * nodes_).sum() - averages.mean * averages.square;
  return averages;
}

FirstTask solve_first_task(double alpha, double inverse_temperature, const PotentialOptions& options) {
  check_point(alpha, inverse_temperature);
  FirstTask task;
  task.alpha = alpha, task.inverse_temperature = inverse_temperature;
  if (alpha == 0) return task;
  const auto outer = stats::gauss_hermite(options.hermite), inner = stats::gauss_hermite(options.centred);
  const MagnetisationMeasure measure(options.legendre, inverse_temperature);
  const auto map = [&](const OrderVector& x) -> OrderVector {
    const Conjugates c = conjugates(clipped(x), alpha, inverse_temperature, outer, inner);
    OrderVector next = OrderVector::Zero();
    for (std::size_t k = 0; k < outer.nodes.size(); ++k) {
      const auto m = measure.averages(c.curvature, c.spread * outer.nodes[k] + c.field);
      next += outer.weights[k] * OrderVector(m.mean * m.mean, m.mean, m.square);
    }
    return next;
  };
  task.order = settle(map, options, fmt::format("alpha = {}, beta_T = {}", alpha, inverse_temperature),
                      task.iterations);
  const Conjugates c = conjugates(task.order, alpha, inverse_temperature, outer, inner);
  task.curvature = c.curvature, task.spread = c.spread, task.field = c.field;
  task.error = generalisation_error(task.order.r, task.order.q);
  return task;
}

namespace {

// A value of the first task's magnetisation: its field atanh(m) and its probability.
struct Reference {
  double field = 0, probability = 0;
};

std::vector<Reference> reference_law(const FirstTask& first, const PotentialOptions& options) {
  const MagnetisationMeasure measure(options.legendre, first.inverse_temperature);
  Eigen::ArrayXd law = Eigen::ArrayXd::Zero(options.legendre);
  if (first.alpha == 0) return {{0, 1}};  // no first task: m1 = 0, the uniform prior
  const auto outer = stats::gauss_hermite(options.hermite);
  for (std::size_t k = 0; k < outer.nodes.size(); ++k)
    law += outer.weights[k] *
           measure.probabilities(first.curvature, first.spread * outer.nodes[k] + first.field);
  std::vector<Reference> references;
  for (Eigen::Index k = 0; k < law.size(); ++k)
    if (law(k) > 1e-13) references.push_back({std::atanh(measure.nodes()(k)), law(k)});
  return references;
}

// The averages of a measure as functions of its field, by cubic interpolation between exact values and
// slopes on an even grid.
class FieldResponse {
 public:
  using Averages = MagnetisationMeasure::Averages;
  FieldResponse(const MagnetisationMeasure& measure, double curvature, double low, double high,
                double spacing)
      : low_(low) {
    const auto cells = static_cast<std::size_t>(std::clamp(std::ceil((high - low) / spacing), 1.0, 4000.0));
    spacing_ = (high - low) / static_cast<double>(cells);
    for (std::size_t i = 0; i <= cells; ++i)
      values_.push_back(measure.averages(curvature, low + spacing_ * static_cast<double>(i)));
  }

  Averages operator()(double field) const {
    const double place = std::clamp((field - low_) / spacing_, 0.0, static_cast<double>(values_.size() - 1));
    const auto i = std::min(static_cast<std::size_t>(place), values_.size() - 2);
    const double t = place - static_cast<double>(i);
    const Averages &a = values_[i], &b = values_[i + 1];
    return {cubic(a.mean, b.mean, a.mean_slope, b.mean_slope, t),
            cubic(a.square, b.square, a.square_slope, b.square_slope, t)};
  }

 private:
  double cubic(double a, double b, double a_slope, double b_slope, double t) const {
    const double u = 1 - t;
    return u * u * (1 + 2 * t) * a + t * t * (3 - 2 * t) * b + spacing_ * t * u * (u * a_slope - t * b_slope);
  }

  double low_, spacing_ = 1;
  std::vector<Averages> values_;
};

// E <m2>^2, E B <m2>, E <m2^2> and E <m2>.
struct CoupledAverages {
  OrderVector order = OrderVector::Zero();
  double first_overlap = 0;
};

// Its grid is finer than the measure is wide, and ends where the field holds the weight at m = +-1.
FieldResponse field_response(const MagnetisationMeasure& measure, const Conjugates& c,
                             std::span<const Reference> references, double inverse_temperature,
                             const stats::Quadrature& outer) {
  const double reach = c.spread * outer.nodes.back() + std::abs(c.field);
  const double saturation = 2 * std::abs(c.curvature) + 10 * inverse_temperature + 100;
  const double low = std::max(-saturation, inverse_temperature * references.front().field - reach);
  const double high = std::min(saturation, inverse_temperature * references.back().field + reach);
  const double stiffness = std::max(1.0, inverse_temperature - 2 * c.curvature);
  return {measure, c.curvature, low, high, 0.1 * std::sqrt(stiffness)};
}

CoupledAverages coupled_averages(const MagnetisationMeasure& measure, const Conjugates& c,
                                 std::span<const Reference> references, double inverse_temperature,
                                 double teacher_overlap, const stats::Quadrature& outer) {
  const FieldResponse response = field_response(measure, c, references, inverse_temperature, outer);
  CoupledAverages sum;
  for (const Reference& reference : references)
    for (const double B : {1.0, -1.0}) {
      const double probability = reference.probability * (1 + B * teacher_overlap) / 2;
      if (probability == 0) continue;
      const double field = c.field * B + inverse_temperature * reference.field;
      for (std::size_t k = 0; k < outer.nodes.size(); ++k) {
        const auto m = response(c.spread * outer.nodes[k] + field);
        const double weight = probability * outer.weights[k];
        sum.order += weight * OrderVector(m.mean * m.mean, B * m.mean, m.square);
        sum.first_overlap += weight * m.mean;
      }
    }
  return sum;
}

}  // namespace

SecondTask solve_second_task(const FirstTask& first, double alpha, double inverse_temperature,
                             double teacher_overlap, const PotentialOptions& options) {
  check_point(alpha, inverse_temperature);
  if (!(teacher_overlap >= -1 && teacher_overlap <= 1))
    throw InvalidInput("teacher_overlap: must be in [-1, 1], found {}", teacher_overlap);
  SecondTask task;
  task.alpha = alpha, task.inverse_temperature = inverse_temperature;
  task.teacher_overlap = teacher_overlap;
  const auto outer = stats::gauss_hermite(options.hermite), inner = stats::gauss_hermite(options.centred);
  const MagnetisationMeasure measure(options.legendre, inverse_temperature);
  const std::vector<Reference> references = reference_law(first, options);
  const auto averages = [&](const Conjugates& c) {
    return coupled_averages(measure, c, references, inverse_temperature, teacher_overlap, outer);
  };
  const auto map = [&](const OrderVector& x) -> OrderVector {
    return averages(conjugates(clipped(x), alpha, inverse_temperature, outer, inner)).order;
  };
  task.order = settle(map, options,
                      fmt::format("alpha1 = {}, alpha2 = {}, teacher overlap {}, beta_T2 = {}", first.alpha,
                                  alpha, teacher_overlap, inverse_temperature),
                      task.iterations);
  task.first_overlap =
      averages(conjugates(task.order, alpha, inverse_temperature, outer, inner)).first_overlap;
  task.error = generalisation_error(task.order.r, task.order.q);
  task.first_error = generalisation_error(task.first_overlap, task.order.q);
  return task;
}

double generalisation_error(double overlap, double square) {
  if (square <= 0) return 0.5;
  return std::acos(std::clamp(overlap / std::sqrt(square), -1.0, 1.0)) / std::numbers::pi;
}

}  // namespace lehr::spin
