// The named families in unit scale, each with 1 - R in a form that keeps its digits near lag 0.
#include <boost/math/special_functions/bessel.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

#include "lehr/stats/persistence/covariance.hpp"
#include "lehr/stats/quadrature.hpp"
#include "lehr/stats/stable_functions.hpp"

namespace lehr::stats {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr CovarianceParameter scale_parameter() { return {"scale", 1, 1e-12, 1e12}; }

Covariance unit_covariance(std::function<CovarianceAt(double)> at, double lambda2, double decay_rate) {
  return {.text = {}, .at = std::move(at), .lambda2 = lambda2, .decay_rate = decay_rate};
}

// R(t / scale) of the unit covariance.
Covariance rescaled(Covariance unit, double scale) {
  if (scale == 1) return unit;
  Covariance covariance = unit;
  covariance.at = [at = std::move(unit.at), scale](double t) {
    CovarianceAt value = at(t / scale);
    value.slope /= scale, value.curvature /= scale * scale;
    return value;
  };
  covariance.lambda2 /= scale * scale, covariance.decay_rate /= scale;
  return covariance;
}

Covariance diffusion(double d) {
  const auto at = [d](double u) {
    const double tanh = std::tanh(u / 2), log_r = -d / 2 * log_cosh(u / 2), r = std::exp(log_r);
    return CovarianceAt{.r = r,
                        .slope = -d / 4 * tanh * r,
                        .curvature = r * d / 8 * (d / 2 * tanh * tanh - (1 - tanh) * (1 + tanh)),
                        .one_minus_r = -std::expm1(log_r)};
  };
  return unit_covariance(at, d / 8, d / 4);
}

Covariance random_acceleration() {
  const auto at = [](double u) {
    const double y = std::expm1(-u / 2), slow = 1 + y, fast = slow * slow * slow;
    return CovarianceAt{.r = (3 * slow - fast) / 2,
                        .slope = 0.75 * slow * std::expm1(-u),
                        .curvature = (3 * slow - 9 * fast) / 8,
                        .one_minus_r = y * y * (3 + y) / 2};
  };
  return unit_covariance(at, 0.75, 0.5);
}

// c u^nu K_nu(u) and its derivatives, by d/du u^a K_a = -u^a K_(a-1).
CovarianceAt matern_at(double nu, double c, double u) {
  if (u < (nu < 3 ? 1e-9 : 1e-5)) {
    const double lambda2 = 0.5 / (nu - 1), drop = lambda2 * u * u / 2;
    return {.r = 1 - drop, .slope = -lambda2 * u, .curvature = -lambda2, .one_minus_r = drop};
  }
  if (u > 700) return {.r = 0, .slope = 0, .curvature = 0, .one_minus_r = 1};
  const double power = c * std::pow(u, nu - 1);
  const double k1 = boost::math::cyl_bessel_k(nu - 1, u);
  const double k2 = boost::math::cyl_bessel_k(std::abs(nu - 2), u);
  const double r = power * (u * k2 + 2 * (nu - 1) * k1);
  return {.r = r, .slope = -power * u * k1, .curvature = -power * (k1 - u * k2), .one_minus_r = 1 - r};
}

Covariance matern(double nu) {
  const double c = std::pow(2.0, 1 - nu) / boost::math::tgamma(nu);
  // 1 - R = int_0^u -R' near 0, with v = u s^4 to smooth the powers of v that are not whole.
  const auto at = [nu, c, rule = gauss_legendre(16, 0, 1)](double u) {
    CovarianceAt value = matern_at(nu, c, u);
    if (u < 0.5)
      value.one_minus_r = rule.integrate([&](double s) {
        const double v = u * s * s * s * s;
        return v > 0 ? -matern_at(nu, c, v).slope * 4 * u * s * s * s : 0;
      });
    return value;
  };
  return unit_covariance(at, 0.5 / (nu - 1), 1);
}

Covariance gaussian(double frequency) {
  const auto at = [frequency](double u) {
    const double envelope = std::exp(-u * u / 2), sine = std::sin(frequency * u);
    const double half = std::sin(frequency * u / 2), r = envelope * std::cos(frequency * u);
    return CovarianceAt{
        .r = r,
        .slope = -u * r - frequency * envelope * sine,
        .curvature = (u * u - 1 - frequency * frequency) * r + 2 * u * frequency * envelope * sine,
        .one_minus_r = -std::expm1(-u * u / 2) + envelope * 2 * half * half};
  };
  return unit_covariance(at, 1 + frequency * frequency, infinite);
}

Covariance rational_quadratic(double alpha) {
  const auto at = [alpha](double u) {
    const double x = u * u / (2 * alpha), log_r = -alpha * std::log1p(x), r = std::exp(log_r);
    const double slope = -u * r / (1 + x);
    return CovarianceAt{.r = r,
                        .slope = slope,
                        .curvature = -r / (1 + x) + (1 + 1 / alpha) * u * u * r / ((1 + x) * (1 + x)),
                        .one_minus_r = -std::expm1(log_r)};
  };
  return unit_covariance(at, 1, 0);
}

Covariance band() {
  const auto at = [](double u) {
    if (u < 0.3) {
      // The series of 1 - sin(u)/u; 7 terms leave less than 1e-18 relative to the first.
      double drop = 0, slope = 0, curvature = 0, term = -1;
      for (int k = 1; k <= 7; ++k) {
        term *= -u * u / ((2 * k) * (2 * k + 1));
        drop += term, slope -= 2 * k * term, curvature -= 2 * k * (2 * k - 1) * term;
      }
      return CovarianceAt{.r = 1 - drop,
                          .slope = u > 0 ? slope / u : 0,
                          .curvature = u > 0 ? curvature / (u * u) : -1.0 / 3,
                          .one_minus_r = drop};
    }
    const double r = std::sin(u) / u, slope = (std::cos(u) - r) / u;
    return CovarianceAt{.r = r, .slope = slope, .curvature = -r - 2 * slope / u, .one_minus_r = 1 - r};
  };
  return unit_covariance(at, 1.0 / 3, 0);
}

}  // namespace

std::vector<CovarianceFamily> covariance_families() {
  using Values = std::span<const double>;
  return {{"diffusion",
           "sech(u/2)^(d/2)",
           {{"d", 2, 1e-3, 1e4}, scale_parameter()},
           [](Values v) { return rescaled(diffusion(v[0]), v[1]); }},
          {"random_acceleration",
           "(3 exp(-u/2) - exp(-3u/2)) / 2",
           {scale_parameter()},
           [](Values v) { return rescaled(random_acceleration(), v[0]); }},
          {"matern",
           "2^(1-nu) / Gamma(nu) u^nu K_nu(u)",
           {{"nu", 1.5, 1.001, 30}, scale_parameter()},
           [](Values v) { return rescaled(matern(v[0]), v[1]); }},
          {"gaussian",
           "exp(-u^2/2) cos(frequency u)",
           {{"frequency", 0, 0, 1e3}, scale_parameter()},
           [](Values v) { return rescaled(gaussian(v[0]), v[1]); }},
          {"rational_quadratic",
           "(1 + u^2 / (2 alpha))^-alpha",
           {{"alpha", 1, 1e-2, 1e4}, scale_parameter()},
           [](Values v) { return rescaled(rational_quadratic(v[0]), v[1]); }},
          {"band", "sin(u) / u", {scale_parameter()}, [](Values v) { return rescaled(band(), v[0]); }}};
}

}  // namespace lehr::stats
