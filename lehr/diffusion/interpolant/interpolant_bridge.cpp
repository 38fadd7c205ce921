#include "lehr/diffusion/interpolant/interpolant_bridge.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/optimize/lbfgs.hpp"
#include "lehr/stats/quadrature.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// A basis function and its derivative by t.
struct Basis {
  double value, rate;
};
Basis sine(int k, double t) {
  return {std::sin(k * std::numbers::pi * t), k * std::numbers::pi * std::cos(k * std::numbers::pi * t)};
}

// gamma^2 and its rate.
Basis squared_gamma(const VectorXd& c, double t) {
  const double u = 2 * t - 1, factor = std::exp(c[4] + c[5] * u + c[6] * u * u),
               growth = 2 * c[5] + 4 * c[6] * u;
  return {t * (1 - t) * factor, factor * (1 - 2 * t + t * (1 - t) * growth)};
}

PathPoint bridge_point(const VectorXd& c, double t) {
  const Basis one = sine(1, t), two = sine(2, t), square = squared_gamma(c, t);
  PathPoint point;
  point.alpha = 1 - t + c[0] * one.value + c[1] * two.value;
  point.beta = t + c[2] * one.value + c[3] * two.value;
  point.alpha_rate = -1 + c[0] * one.rate + c[1] * two.rate;
  point.beta_rate = 1 + c[2] * one.rate + c[3] * two.rate;
  point.alpha_product = point.alpha * point.alpha_rate;
  point.gamma = std::sqrt(std::max(0.0, square.value));
  point.gamma_product = 0.5 * square.rate;
  return point;
}

// The energy |m'|^2 + (v'/2 - epsilon)^2 / v at t times `weight`, and its gradient by the coefficients, added up.
double add_energy(const GaussianEnds& ends, double epsilon, const VectorXd& c, double t, double weight,
                  VectorXd& gradient) {
  const PathPoint p = bridge_point(c, t);
  const double mean_rate = p.alpha_rate * ends.mean0 + p.beta_rate * ends.mean1;
  const double v = p.alpha * p.alpha * ends.variance0 + p.beta * p.beta * ends.variance1 + p.gamma * p.gamma;
  const double excess =
      p.alpha_product * ends.variance0 + p.beta * p.beta_rate * ends.variance1 + p.gamma_product - epsilon;
  const double ratio = excess / v;
  // d energy = 2 m' dm' + 2 ratio d(v'/2) - ratio^2 dv
  const auto add = [&](Index i, double dm, double dv, double half_rate) {
    gradient[i] += weight * (2 * mean_rate * dm + 2 * ratio * half_rate - ratio * ratio * dv);
  };
  for (int k = 1; k <= 2; ++k) {
    const Basis phi = sine(k, t);
    add(k - 1, phi.rate * ends.mean0, 2 * p.alpha * phi.value * ends.variance0,
        ends.variance0 * (p.alpha_rate * phi.value + p.alpha * phi.rate));
    add(k + 1, phi.rate * ends.mean1, 2 * p.beta * phi.value * ends.variance1,
        ends.variance1 * (p.beta_rate * phi.value + p.beta * phi.rate));
  }
  const Basis square = squared_gamma(c, t);
  const double u = 2 * t - 1;
  const std::array<Basis, 3> powers = {{{1, 0}, {u, 2}, {u * u, 4 * u}}};
  for (std::size_t k = 0; k < powers.size(); ++k)
    add(static_cast<Index>(4 + k), 0, square.value * powers[k].value,
        0.5 * (square.rate * powers[k].value + square.value * powers[k].rate));
  return weight * (mean_rate * mean_rate + excess * ratio);
}

BridgeFit minimised(const optimize::Objective& energy, int iterations) {
  BridgeFit fit;
  VectorXd start = VectorXd::Zero(bridge_coefficients), gradient(bridge_coefficients);
  fit.first_kinetic = energy(start, gradient);
  fit.trace.push_back(fit.first_kinetic);
  const auto result = optimize::lbfgs(
      energy, start, {}, {.iterations = iterations, .gradient_tolerance = 1e-10, .decrease_tolerance = 1e-15},
      [&](const optimize::LbfgsStep& step) { fit.trace.push_back(step.value); });
  fit.coefficients = result.point;
  fit.kinetic = result.value;
  fit.iterations = result.iterations, fit.evaluations = result.evaluations;
  fit.exact_kinetic = std::numeric_limits<double>::quiet_NaN();
  return fit;
}

void check_epsilon(double epsilon) {
  if (!(epsilon > 0 && std::isfinite(epsilon)))
    throw InvalidInput("interpolant_bridge: epsilon is {:g}, expected a number above 0", epsilon);
}

// Draws that every evaluation of the energy shares.
struct FixedDraws {
  MatrixXd x0, x1, z;
  stats::Quadrature times;
};

FixedDraws fixed_draws(const stats::GaussianMixture& from, const stats::GaussianMixture& to,
                       const MixtureBridgeOptions& options, Seed seed) {
  if (options.draws < 2 || options.times < 2)
    throw InvalidInput("interpolant_bridge: draws and times must be at least 2");
  return {
      draw_mixture(from, options.draws, seed, lane("diffusion.bridge.start")),
      draw_mixture(to, options.draws, seed, lane("diffusion.bridge.target")),
      draw_mixture(standard_normal(from.dimension()), options.draws, seed, lane("diffusion.bridge.latent")),
      stats::gauss_legendre(options.times, 0, 1)};
}

double energy_of(const MixtureTransport& transport, const FixedDraws& draws, double epsilon) {
  const TransportField field = transport.field();
  return parallel_reduce(
      static_cast<std::int64_t>(draws.times.nodes.size()), 1, 0.0,
      [&](std::int64_t from, std::int64_t) {
        const auto i = static_cast<std::size_t>(from);
        const double t = draws.times.nodes[i];
        const PathPoint p = transport.interpolant().at(t);
        FieldValues values;
        field.at(t)(p.alpha * draws.x0 + p.beta * draws.x1 + p.gamma * draws.z, {.score = true}, values);
        return draws.times.weights[i] * (values.velocity + epsilon * values.score).squaredNorm() /
               static_cast<double>(draws.x0.cols());
      },
      [](double a, double b) { return a + b; });
}

}  // namespace

Interpolant bridge_interpolant(const VectorXd& coefficients) {
  if (coefficients.size() != bridge_coefficients || !coefficients.allFinite())
    throw InvalidInput("interpolant_bridge: expected {} finite coefficients, found {} numbers",
                       bridge_coefficients, coefficients.size());
  return Interpolant([coefficients](double t) { return bridge_point(coefficients, t); });
}

double gaussian_bridge_variance(const GaussianEnds& ends, double epsilon, double t) {
  const double c =
      0.5 * (std::sqrt(4 * ends.variance0 * ends.variance1 + 4 * epsilon * epsilon) - 2 * epsilon);
  return (1 - t) * (1 - t) * ends.variance0 + t * t * ends.variance1 + 2 * t * (1 - t) * (c + epsilon);
}

// KL(coupling || rho0(x0) N(x1; x0, 2 epsilon)), with slope c / s0^2 and residual variance r = s1^2 - c^2 / s0^2 of the coupling.
double gaussian_bridge_energy(const GaussianEnds& ends, double epsilon) {
  const double c =
      0.5 * (std::sqrt(4 * ends.variance0 * ends.variance1 + 4 * epsilon * epsilon) - 2 * epsilon);
  const double slope = c / ends.variance0, rest = ends.variance1 - c * slope, shift = ends.mean1 - ends.mean0;
  const double spread = rest + (slope - 1) * (slope - 1) * ends.variance0 + shift * shift;
  return 2 * epsilon * (std::log(2 * epsilon / rest) - 1 + spread / (2 * epsilon));
}

BridgeFit gaussian_bridge(const GaussianEnds& ends, double epsilon) {
  check_epsilon(epsilon);
  if (!(ends.variance0 > 0 && ends.variance1 > 0))
    throw InvalidInput("interpolant_bridge: variances must be above 0");
  const stats::Quadrature times = stats::gauss_legendre(64, 0, 1);
  BridgeFit fit = minimised(
      [&](const VectorXd& c, VectorXd& gradient) {
        gradient.setZero();
        double energy = 0;
        for (std::size_t i = 0; i < times.nodes.size(); ++i)
          energy += add_energy(ends, epsilon, c, times.nodes[i], times.weights[i], gradient);
        return energy;
      },
      500);
  fit.exact_kinetic = gaussian_bridge_energy(ends, epsilon);
  return fit;
}

BridgeFit mixture_bridge(const stats::GaussianMixture& from, const stats::GaussianMixture& to,
                         const MixtureBridgeOptions& options, Seed seed) {
  check_epsilon(options.epsilon);
  const FixedDraws draws = fixed_draws(from, to, options, seed);
  const auto energy = [&](const VectorXd& c) {
    return energy_of({from, to, bridge_interpolant(c)}, draws, options.epsilon);
  };
  return minimised(
      [&](const VectorXd& c, VectorXd& gradient) {
        constexpr double h = 1e-5;
        for (Index i = 0; i < c.size(); ++i) {
          const VectorXd step = h * VectorXd::Unit(c.size(), i);
          gradient[i] = (energy(c + step) - energy(c - step)) / (2 * h);
        }
        return energy(c);
      },
      options.iterations);
}

double mixture_energy(const stats::GaussianMixture& from, const stats::GaussianMixture& to,
                      const Interpolant& interpolant, const MixtureBridgeOptions& options, Seed seed) {
  return energy_of({from, to, interpolant}, fixed_draws(from, to, options, seed), options.epsilon);
}

}  // namespace lehr::diffusion
