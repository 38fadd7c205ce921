// The families behind Marginal: each has log_pdf, cdf, tail, quantile, tail_quantile, mean, sd, low and high;
// those with a closed map to the normal law or a vectorised density have that too. Parameters are checked by
// Marginal's constructors.
#pragma once

#include <Eigen/Core>
#include <limits>
#include <vector>

#include "lehr/sample/marginal.hpp"

namespace lehr::sample::families {

inline constexpr double infinity = std::numeric_limits<double>::infinity();
using Values = Eigen::Map<const Eigen::ArrayXd>;
using Results = Eigen::Map<Eigen::ArrayXd>;

struct Normal {
  double location, scale;
  void log_pdf(Values x, Results to) const;
  double log_pdf(double x) const;
  double cdf(double x) const;
  double tail(double x) const;
  double quantile(double p) const;
  double tail_quantile(double q) const { return 2 * location - quantile(q); }
  void from_normal(Values z, Results to) const { to = location + scale * z; }
  void to_normal(Values x, Results to) const { to = (x - location) / scale; }
  double from_normal(double z) const { return location + scale * z; }
  double to_normal(double x) const { return (x - location) / scale; }
  double mean() const { return location; }
  double sd() const { return scale; }
  double low() const { return -infinity; }
  double high() const { return infinity; }
};

struct Lognormal {
  double log_mean, log_sd;  // of ln X
  void log_pdf(Values x, Results to) const;
  double log_pdf(double x) const;
  double cdf(double x) const;
  double tail(double x) const;
  double quantile(double p) const;
  double tail_quantile(double q) const;
  void from_normal(Values z, Results to) const;
  void to_normal(Values x, Results to) const;
  double from_normal(double z) const;
  double to_normal(double x) const;
  double mean() const;
  double sd() const;
  double low() const { return 0; }
  double high() const { return infinity; }
};

struct Uniform {
  double from, to;
  double log_pdf(double x) const;
  double cdf(double x) const;
  double tail(double x) const;
  double quantile(double p) const { return from + p * (to - from); }
  double tail_quantile(double q) const { return to - q * (to - from); }
  double mean() const { return 0.5 * (from + to); }
  double sd() const;
  double low() const { return from; }
  double high() const { return to; }
};

struct Gamma {
  Gamma(double k, double theta);
  double shape, scale;
  double log_normaliser;  // ln Gamma(shape) + shape ln scale
  double log_pdf(double x) const;
  double cdf(double x) const;
  double tail(double x) const;
  double quantile(double p) const;
  double tail_quantile(double q) const;
  double mean() const { return shape * scale; }
  double sd() const;
  double low() const { return 0; }
  double high() const { return infinity; }
};

struct Weibull {
  double shape, scale;
  double log_pdf(double x) const;
  double cdf(double x) const;
  double tail(double x) const;
  double quantile(double p) const;
  double tail_quantile(double q) const;
  double mean() const;
  double sd() const;
  double low() const { return 0; }
  double high() const { return infinity; }
};

struct Beta {
  Beta(double first, double second, double low, double high);
  double a, b, from, to;
  double log_normaliser;  // ln B(a, b) + ln(to - from)
  double log_pdf(double x) const;
  double cdf(double x) const;
  double tail(double x) const;
  double quantile(double p) const;
  double tail_quantile(double q) const;
  double mean() const { return from + (to - from) * a / (a + b); }
  double sd() const;
  double low() const { return from; }
  double high() const { return to; }
};

struct StudentT {
  StudentT(double nu, double center, double width);
  double freedom, location, scale;
  double log_normaliser;
  double log_pdf(double x) const;
  double cdf(double x) const;
  double tail(double x) const;
  double quantile(double p) const;
  double tail_quantile(double q) const { return 2 * location - quantile(q); }
  double mean() const;
  double sd() const;
  double low() const { return -infinity; }
  double high() const { return infinity; }
};

struct Truncated {
  Truncated(const Marginal& law, double low, double high);
  double log_pdf(double x) const;
  double cdf(double x) const;
  double tail(double x) const;
  double quantile(double p) const;
  double tail_quantile(double q) const;
  double mean() const;  // by quadrature, as sd
  double sd() const;
  double low() const { return from; }
  double high() const { return to; }

  Marginal law;
  double from, to;
  double mass;  // that the law has in [from, to]
};

struct Empirical {
  explicit Empirical(std::vector<double> values);
  double log_pdf(double x) const;
  double cdf(double x) const;
  double tail(double x) const { return 1 - cdf(x); }
  double quantile(double p) const;
  double tail_quantile(double q) const { return quantile(1 - q); }
  double mean() const;
  double sd() const;
  double low() const { return sorted.front(); }
  double high() const { return sorted.back(); }

  std::vector<double> sorted;
  bool repeats;  // two values are equal
};

}  // namespace lehr::sample::families
