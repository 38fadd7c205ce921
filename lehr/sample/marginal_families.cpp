#include "lehr/sample/marginal_families.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/stats/distributions.hpp"
#include "lehr/stats/quadrature.hpp"

namespace lehr::sample::families {
namespace {

namespace policies = boost::math::policies;
// Overflow gives infinity; doubles stay doubles.
using Quiet =
    policies::policy<policies::promote_double<false>, policies::overflow_error<policies::ignore_error>,
                     policies::evaluation_error<policies::ignore_error>>;

constexpr double half_log_two_pi = 0.918938533204672741780;

}  // namespace

// ---- normal and lognormal

void Normal::log_pdf(Values x, Results to) const {
  to = -0.5 * ((x - location) / scale).square() - (std::log(scale) + half_log_two_pi);
}
double Normal::log_pdf(double x) const {
  const double z = to_normal(x);
  return -0.5 * z * z - std::log(scale) - half_log_two_pi;
}
double Normal::cdf(double x) const { return stats::normal_cdf(to_normal(x)); }
double Normal::tail(double x) const { return stats::normal_cdf(-to_normal(x)); }
double Normal::quantile(double p) const { return location + scale * stats::normal_quantile(p); }

namespace {

// ln x where x > 0. Arithmetic comes first, in vectors; what is not above 0 is put right by outside().
void logarithms(Values x, Results to) { to = x.max(std::numeric_limits<double>::min()).log(); }
void outside(Values x, Results to) {
  for (Eigen::Index i = 0; i < x.size(); ++i)
    if (!(x[i] > 0)) to[i] = -infinity;
}

}  // namespace

void Lognormal::log_pdf(Values x, Results to) const {
  logarithms(x, to);
  to = -0.5 * ((to - log_mean) / log_sd).square() - to - (std::log(log_sd) + half_log_two_pi);
  outside(x, to);
}
double Lognormal::log_pdf(double x) const {
  if (!(x > 0)) return -infinity;
  const double z = to_normal(x);
  return -0.5 * z * z - std::log(x) - std::log(log_sd) - half_log_two_pi;
}
void Lognormal::from_normal(Values z, Results to) const { to = (log_mean + log_sd * z).exp(); }
void Lognormal::to_normal(Values x, Results to) const {
  logarithms(x, to);
  to = (to - log_mean) / log_sd;
  outside(x, to);
}
double Lognormal::cdf(double x) const { return stats::normal_cdf(to_normal(x)); }
double Lognormal::tail(double x) const { return stats::normal_cdf(-to_normal(x)); }
double Lognormal::quantile(double p) const { return from_normal(stats::normal_quantile(p)); }
double Lognormal::tail_quantile(double q) const { return from_normal(-stats::normal_quantile(q)); }
double Lognormal::from_normal(double z) const { return std::exp(log_mean + log_sd * z); }
double Lognormal::to_normal(double x) const { return x > 0 ? (std::log(x) - log_mean) / log_sd : -infinity; }
double Lognormal::mean() const { return std::exp(log_mean + 0.5 * log_sd * log_sd); }
double Lognormal::sd() const { return mean() * std::sqrt(std::expm1(log_sd * log_sd)); }

// ---- uniform, gamma, Weibull, beta, Student's t

double Uniform::log_pdf(double x) const { return x >= from && x <= to ? -std::log(to - from) : -infinity; }
double Uniform::cdf(double x) const { return std::clamp((x - from) / (to - from), 0.0, 1.0); }
double Uniform::tail(double x) const { return std::clamp((to - x) / (to - from), 0.0, 1.0); }
double Uniform::sd() const { return (to - from) / std::sqrt(12.0); }

Gamma::Gamma(double k, double theta)
    : shape(k), scale(theta), log_normaliser(boost::math::lgamma(k, Quiet()) + k * std::log(theta)) {}

double Gamma::log_pdf(double x) const {
  return x > 0 ? (shape - 1) * std::log(x) - x / scale - log_normaliser : -infinity;
}
double Gamma::cdf(double x) const { return x > 0 ? boost::math::gamma_p(shape, x / scale, Quiet()) : 0; }
double Gamma::tail(double x) const { return x > 0 ? boost::math::gamma_q(shape, x / scale, Quiet()) : 1; }
double Gamma::quantile(double p) const { return scale * boost::math::gamma_p_inv(shape, p, Quiet()); }
double Gamma::tail_quantile(double q) const { return scale * boost::math::gamma_q_inv(shape, q, Quiet()); }
double Gamma::sd() const { return std::sqrt(shape) * scale; }

double Weibull::log_pdf(double x) const {
  if (!(x > 0)) return -infinity;
  const double log_ratio = std::log(x / scale);
  return std::log(shape / scale) + (shape - 1) * log_ratio - std::exp(shape * log_ratio);
}
double Weibull::cdf(double x) const { return x > 0 ? -std::expm1(-std::pow(x / scale, shape)) : 0; }
double Weibull::tail(double x) const { return x > 0 ? std::exp(-std::pow(x / scale, shape)) : 1; }
double Weibull::quantile(double p) const { return scale * std::pow(-std::log1p(-p), 1 / shape); }
double Weibull::tail_quantile(double q) const { return scale * std::pow(-std::log(q), 1 / shape); }
double Weibull::mean() const { return scale * std::tgamma(1 + 1 / shape); }
double Weibull::sd() const {
  const double first = std::tgamma(1 + 1 / shape);
  return scale * std::sqrt(std::max(0.0, std::tgamma(1 + 2 / shape) - first * first));
}

Beta::Beta(double first, double second, double low, double high)
    : a(first),
      b(second),
      from(low),
      to(high),
      log_normaliser(boost::math::lgamma(a, Quiet()) + boost::math::lgamma(b, Quiet()) -
                     boost::math::lgamma(a + b, Quiet()) + std::log(to - from)) {}

double Beta::log_pdf(double x) const {
  const double u = (x - from) / (to - from);
  if (!(u > 0 && u < 1)) return -infinity;
  return (a - 1) * std::log(u) + (b - 1) * std::log1p(-u) - log_normaliser;
}
double Beta::cdf(double x) const {
  return boost::math::ibeta(a, b, std::clamp((x - from) / (to - from), 0.0, 1.0), Quiet());
}
double Beta::tail(double x) const {
  return boost::math::ibetac(a, b, std::clamp((x - from) / (to - from), 0.0, 1.0), Quiet());
}
double Beta::quantile(double p) const {
  return from + (to - from) * boost::math::ibeta_inv(a, b, p, Quiet());
}
double Beta::tail_quantile(double q) const {
  return from + (to - from) * boost::math::ibetac_inv(a, b, q, Quiet());
}
double Beta::sd() const { return (to - from) * std::sqrt(a * b / (a + b + 1)) / (a + b); }

StudentT::StudentT(double nu, double center, double width)
    : freedom(nu),
      location(center),
      scale(width),
      log_normaliser(boost::math::lgamma(0.5 * (nu + 1), Quiet()) - boost::math::lgamma(0.5 * nu, Quiet()) -
                     0.5 * std::log(nu * M_PI) - std::log(width)) {}

double StudentT::log_pdf(double x) const {
  const double z = (x - location) / scale;
  return log_normaliser - 0.5 * (freedom + 1) * std::log1p(z * z / freedom);
}
double StudentT::cdf(double x) const { return stats::student_t_cdf((x - location) / scale, freedom); }
double StudentT::tail(double x) const { return stats::student_t_cdf((location - x) / scale, freedom); }
double StudentT::quantile(double p) const {
  if (p == 0 || p == 1) return p == 0 ? -infinity : infinity;
  const boost::math::students_t_distribution<double, Quiet> standard(freedom);
  return location + scale * boost::math::quantile(standard, p);
}
double StudentT::mean() const { return freedom > 1 ? location : std::numeric_limits<double>::quiet_NaN(); }
double StudentT::sd() const {
  if (!(freedom > 1)) return std::numeric_limits<double>::quiet_NaN();
  return freedom > 2 ? scale * std::sqrt(freedom / (freedom - 2)) : infinity;
}

// ---- truncated

namespace {

// P(low < X <= high) from the tails in which both are small.
double mass_between(const Marginal& law, double low, double high) {
  if (!(low < high)) return 0;
  return law.cdf(low) > 0.5 ? law.tail(low) - law.tail(high) : law.cdf(high) - law.cdf(low);
}

}  // namespace

Truncated::Truncated(const Marginal& base, double low_end, double high_end)
    : law(base),
      from(std::max(low_end, base.low())),
      to(std::min(high_end, base.high())),
      mass(mass_between(base, from, to)) {
  if (!(mass > 1e-300))
    throw InvalidInput("truncated: {} has no mass between {} and {}", base.text(), low_end, high_end);
}

double Truncated::log_pdf(double x) const {
  return x >= from && x <= to ? law.log_pdf(x) - std::log(mass) : -infinity;
}
double Truncated::cdf(double x) const {
  return std::clamp(mass_between(law, from, std::min(x, to)) / mass, 0.0, 1.0);
}
double Truncated::tail(double x) const {
  return std::clamp(mass_between(law, std::max(x, from), to) / mass, 0.0, 1.0);
}
double Truncated::quantile(double p) const {
  const double below = law.cdf(from) + p * mass;
  const double x =
      below < 0.5 ? law.quantile(below) : law.tail_quantile(std::clamp(law.tail(from) - p * mass, 0.0, 1.0));
  return std::clamp(x, from, to);
}
double Truncated::tail_quantile(double q) const {
  const double above = law.tail(to) + q * mass;
  const double x =
      above < 0.5 ? law.tail_quantile(above) : law.quantile(std::clamp(law.cdf(to) - q * mass, 0.0, 1.0));
  return std::clamp(x, from, to);
}

namespace {

// E h(X) over a standard normal variable mapped to the law; the map is smooth inside the interval.
template <class Function>
double truncated_average(const Truncated& law, Function h) {
  static constexpr double reach = 8.5;  // beyond: a probability of 2e-17
  stats::Quadrature panels;
  stats::graded_legendre(-reach, reach, 0, 0.5, panels, 0.5);
  return panels.integrate([&](double z) {
    const double density = std::exp(-0.5 * z * z - half_log_two_pi);
    const double p = stats::normal_cdf(z), q = stats::normal_cdf(-z);
    return density * h(p < q ? law.quantile(p) : law.tail_quantile(q));
  });
}

}  // namespace

double Truncated::mean() const {
  return truncated_average(*this, [](double x) { return x; });
}
double Truncated::sd() const {
  const double center = mean();
  return std::sqrt(truncated_average(*this, [&](double x) { return (x - center) * (x - center); }));
}

// ---- empirical

Empirical::Empirical(std::vector<double> values) : sorted(std::move(values)) {
  std::ranges::sort(sorted);
  repeats = std::ranges::adjacent_find(sorted) != sorted.end();
}

double Empirical::log_pdf(double x) const {
  if (!(x >= sorted.front() && x <= sorted.back())) return -infinity;
  auto above = std::ranges::upper_bound(sorted, x);
  if (above == sorted.end()) --above;
  return -std::log(static_cast<double>(sorted.size() - 1) * (*above - *(above - 1)));
}

double Empirical::cdf(double x) const {
  if (x < sorted.front()) return 0;
  if (x >= sorted.back()) return 1;
  const auto above = std::ranges::upper_bound(sorted, x);
  const double below = *(above - 1);
  return (static_cast<double>(above - sorted.begin() - 1) + (x - below) / (*above - below)) /
         static_cast<double>(sorted.size() - 1);
}

double Empirical::quantile(double p) const {
  const double place = p * static_cast<double>(sorted.size() - 1);
  const auto i = std::min(static_cast<std::size_t>(place), sorted.size() - 2);
  return sorted[i] + (place - static_cast<double>(i)) * (sorted[i + 1] - sorted[i]);
}

double Empirical::mean() const {
  double sum = 0;
  for (std::size_t i = 1; i < sorted.size(); ++i) sum += 0.5 * (sorted[i - 1] + sorted[i]);
  return sum / static_cast<double>(sorted.size() - 1);
}

double Empirical::sd() const {
  const double center = mean();
  double sum = 0;  // of the second moment of each piece about the mean
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    const double from = sorted[i - 1] - center, to = sorted[i] - center;
    sum += (from * from + from * to + to * to) / 3;
  }
  return std::sqrt(sum / static_cast<double>(sorted.size() - 1));
}

}  // namespace lehr::sample::families
