// Covariance functions R(t) of stationary Gaussian processes that are differentiable in mean square: R(0) =
// 1, R'(0) = 0 and a finite second spectral moment lambda2 = -R''(0). Zero crossings of such a process come
// at the rate sqrt(lambda2) / pi (Rice 1944), so that the mean interval between two of them is pi /
// sqrt(lambda2).
//
//   diffusion            sech(u/2)^(d/2)                     a d-dimensional diffusion field in log time
//   random_acceleration  (3 e^(-u/2) - e^(-3u/2)) / 2        integrated Brownian motion in log time
//   matern               2^(1-nu) / Gamma(nu) u^nu K_nu(u)   (1 + u) e^-u at nu = 3/2
//   gaussian             e^(-u^2/2) cos(frequency u)
//   rational_quadratic   (1 + u^2 / (2 alpha))^-alpha
//   band                 sin(u) / u                          white noise of a band
//
// with u = t / scale. Text form: `diffusion:d=2`, `matern:nu=2.5,scale=10` (printed to six digits).
// Sources: S. Majumdar, C. Sire, A. Bray and S. Cornell, "Nontrivial exponent for simple diffusion", 1996
// (diffusion, random acceleration); C. Rasmussen and C. Williams, "Gaussian Processes for Machine Learning",
// 2006, section 4.2.
#pragma once

#include <functional>
#include <limits>
#include <numbers>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lehr::stats {

// R and its derivatives at one lag. 1 - R is a number of its own, since near lag 0 it cannot be had from R.
struct CovarianceAt {
  double r = 1, slope = 0, curvature = 0, one_minus_r = 0;
};

struct Covariance {
  std::string text;                                      // "diffusion:d=2"
  std::function<CovarianceAt(double t)> at;              // t >= 0; called from several threads at once
  double lambda2 = 1;                                    // -R''(0)
  double decay_rate = 0;                                 // of R at infinity; 0: slower than any exponential,
                                                         // infinity: faster
  std::vector<double> knots = {};                        // lags where a higher derivative jumps, ascending
  double end = std::numeric_limits<double>::infinity();  // R is extrapolated beyond this lag
  std::vector<std::string> notes = {};                   // what was assumed

  double operator()(double t) const { return at(t).r; }
  double mean_interval() const;  // pi / sqrt(lambda2)
};

// A number of a family: its default, and the values allowed, low <= value <= high.
struct CovarianceParameter {
  std::string name;
  double value, low, high;
};

struct CovarianceFamily {
  std::string name, formula;
  std::vector<CovarianceParameter> parameters;                     // the last one is the scale
  std::function<Covariance(std::span<const double> values)> make;  // a value for each parameter
};

// All families; their order is that of the table above.
std::vector<CovarianceFamily> covariance_families();
// Throws InvalidInput with the nearest known name.
CovarianceFamily covariance_family(std::string_view name);

// The covariance of the text form `family:parameter=value,...`; what is not named has its default. Throws
// InvalidInput that names the part that is wrong.
Covariance parse_covariance(std::string_view text);

// The covariance of the family with these values. Throws InvalidInput for a value that is not allowed.
Covariance make_covariance(const CovarianceFamily& family, std::span<const double> values);

}  // namespace lehr::stats
