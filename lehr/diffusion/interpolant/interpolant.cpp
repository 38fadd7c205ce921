#include "lehr/diffusion/interpolant/interpolant.hpp"

#include <cmath>
#include <numbers>
#include <utility>

#include "lehr/core/errors.hpp"

namespace lehr::diffusion {
namespace {

constexpr double time_difference = 1e-5, end_tolerance = 1e-9;

struct Gamma {
  double value = 0, product = 0;  // gamma, gamma * d gamma / dt
};
using GammaPath = std::function<Gamma(double)>;

// df/dt by differences of second order, one-sided at the ends.
double derivative(const std::function<double(double)>& f, double t) {
  const double h = time_difference;
  if (t < h) return (-3 * f(t) + 4 * f(t + h) - f(t + 2 * h)) / (2 * h);
  if (t > 1 - h) return (3 * f(t) - 4 * f(t - h) + f(t - 2 * h)) / (2 * h);
  return (f(t + h) - f(t - h)) / (2 * h);
}

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

Gamma sigmoid_gamma(double t) {
  constexpr double f = 10;
  const double high = logistic(f * (t - 0.5) + 1), low = logistic(f * (t - 0.5) - 1);
  const double value = high - low - logistic(-f / 2 + 1) + logistic(-f / 2 - 1);
  return {value, value * f * (high * (1 - high) - low * (1 - low))};
}

GammaPath gamma_path(const std::string& name, double a) {
  if (!(a > 0 && std::isfinite(a))) throw InvalidInput("gamma_scale is {:g}, expected a number above 0", a);
  if (name == "zero") return [](double) { return Gamma{}; };
  if (name == "brownian")
    return [a](double t) { return Gamma{std::sqrt(std::max(0.0, a * t * (1 - t))), 0.5 * a * (1 - 2 * t)}; };
  if (name == "quadratic")
    return [a](double t) { return Gamma{a * t * (1 - t), a * a * t * (1 - t) * (1 - 2 * t)}; };
  if (name == "sine2")
    return [a](double t) {
      const double sine = std::sin(std::numbers::pi * t), value = t == 1 ? 0 : a * sine * sine;
      return Gamma{value, value * a * std::numbers::pi * std::sin(2 * std::numbers::pi * t)};
    };
  if (name == "sigmoid")
    return [a](double t) {
      const Gamma one = t == 0 || t == 1 ? Gamma{} : sigmoid_gamma(t);
      return Gamma{a * one.value, a * a * one.product};
    };
  try {
    const Schedule schedule = Schedule::parse(name);
    return [schedule, a](double t) {
      const auto square = [&](double u) { return a * a * schedule(u) * schedule(u); };
      return Gamma{a * schedule(t), 0.5 * derivative(square, t)};
    };
  } catch (const InvalidInput& error) {
    throw InvalidInput("gamma {}: neither brownian, quadratic, sine2, sigmoid, zero nor a schedule: {}",
                       quote(name), error.what());
  }
}

using TwoSides = std::pair<double, double>;  // a value and its rate

PathPoint joined(TwoSides alpha, TwoSides beta, Gamma gamma) {
  return {.alpha = alpha.first,
          .beta = beta.first,
          .alpha_rate = alpha.second,
          .beta_rate = beta.second,
          .alpha_product = alpha.first * alpha.second,
          .gamma = gamma.value,
          .gamma_product = gamma.product};
}

PathPoint trig_point(double t, Gamma gamma) {
  const double length = std::sqrt(1 - gamma.value * gamma.value), rate = -gamma.product / length;
  const double c = t == 1 ? 0 : std::cos(std::numbers::pi * t / 2), s = std::sin(std::numbers::pi * t / 2);
  return joined({length * c, rate * c - length * std::numbers::pi / 2 * s},
                {length * s, rate * s + length * std::numbers::pi / 2 * c}, gamma);
}

PathPoint encoding_point(double t, Gamma gamma) {
  const double c = std::cos(std::numbers::pi * t), value = c * c,
               rate = -std::numbers::pi * std::sin(2 * std::numbers::pi * t);
  return t <= 0.5 ? joined({value, rate}, {0, 0}, gamma) : joined({0, 0}, {value, rate}, gamma);
}

PathPoint variance_preserving_point(double t) {
  const double alpha = std::sqrt(std::max(0.0, 1 - t * t));
  PathPoint point = joined({alpha, -t / alpha}, {t, 1}, {});
  point.alpha_product = -t;
  return point;
}

}  // namespace

void InterpolantOptions::describe(OptionTable& table) {
  table.add("path", path, "how the two ends are mixed over time: x_t = alpha x0 + beta x1 + gamma z")
      .choices({"linear", "trig", "encoding_decoding", "one_sided", "one_sided_vp", "mirror", "schedules"});
  table.add("gamma", gamma,
            "the latent noise over time: brownian, quadratic, sine2, sigmoid, zero, or a schedule that "
            "starts and ends at 0");
  table.add("gamma_scale", gamma_scale, "factor on gamma (brownian: on its square)").above(0);
  table.add("alpha", alpha, "path schedules: share of the start, from 1 to 0");
  table.add("beta", beta, "path schedules: share of the target, from 0 to 1");
}

Interpolant::Interpolant(const InterpolantOptions& options)
    : one_sided_(options.path.starts_with("one_sided")), mirror_(options.path == "mirror") {
  if ((options.path == "schedules") != (options.alpha && options.beta))
    throw InvalidInput("path {}: alpha and beta belong to the path schedules, which needs both",
                       quote(options.path));
  const GammaPath gamma = gamma_path(one_sided_ ? "zero" : options.gamma, options.gamma_scale);
  const std::string& path = options.path;
  if (path == "linear" || path == "one_sided")
    at_ = [gamma](double t) { return joined({1 - t, -1}, {t, 1}, gamma(t)); };
  else if (path == "trig")
    at_ = [gamma](double t) { return trig_point(t, gamma(t)); };
  else if (path == "encoding_decoding")
    at_ = [gamma](double t) { return encoding_point(t, gamma(t)); };
  else if (path == "one_sided_vp")
    at_ = variance_preserving_point;
  else if (path == "mirror")
    at_ = [gamma](double t) { return joined({0, 0}, {1, 0}, gamma(t)); };
  else if (path == "schedules")
    at_ = [gamma, alpha = *options.alpha, beta = *options.beta](double t) {
      return joined({alpha(t), derivative(alpha, t)}, {beta(t), derivative(beta, t)}, gamma(t));
    };
  else
    throw InvalidInput(
        "path {}: expected linear, trig, encoding_decoding, one_sided, one_sided_vp, mirror or schedules",
        quote(path));
  check(options);
}

Interpolant::Interpolant(std::function<PathPoint(double)> at) : at_(std::move(at)) {
  check({.path = "of one's own", .gamma = "of one's own"});
}

void Interpolant::check(const InterpolantOptions& options) const {
  constexpr int places = 1000;
  for (int i = 0; i <= places; ++i) {
    const double t = static_cast<double>(i) / places;
    if (options.path == "trig") {
      const double gamma = gamma_path(options.gamma, options.gamma_scale)(t).value;
      if (!(gamma < 1))
        throw InvalidInput("gamma {} is {:g} at t = {:g}: the path trig needs gamma < 1",
                           quote(options.gamma), gamma, t);
    }
    const double gamma = at_(t).gamma;
    if (!(gamma >= 0))
      throw InvalidInput("gamma {} is {:g} at t = {:g}: expected no negative number", quote(options.gamma),
                         gamma, t);
  }
  if (options.path == "encoding_decoding" && !(at_(0.5).gamma > 0))
    throw InvalidInput("gamma {} is 0 at t = 0.5: the path encoding_decoding needs noise there",
                       quote(options.gamma));
  const PathPoint first = at_(0), last = at_(1);
  if (first.gamma > end_tolerance)
    throw InvalidInput("gamma {} is {:g} at t = 0, not 0", quote(options.gamma), first.gamma);
  if (mirror_) return;
  if (last.gamma > end_tolerance)
    throw InvalidInput("gamma {} is {:g} at t = 1, not 0", quote(options.gamma), last.gamma);
  const auto wants = [&](const char* name, double t, double value, double wanted) {
    if (std::abs(value - wanted) > end_tolerance)
      throw InvalidInput("path {}: {} is {:g} at t = {:g}, not {:g}", options.path, name, value, t, wanted);
  };
  wants("alpha", 0, first.alpha, 1), wants("beta", 0, first.beta, 0);
  wants("alpha", 1, last.alpha, 0), wants("beta", 1, last.beta, 1);
}

}  // namespace lehr::diffusion
