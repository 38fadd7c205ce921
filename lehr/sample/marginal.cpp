#include "lehr/sample/marginal.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/sample/marginal_node.hpp"
#include "lehr/stats/distributions.hpp"

namespace lehr::sample {
namespace {

using schedule::number_text;

double finite(double value, const char* law, const char* parameter) {
  if (!std::isfinite(value)) throw InvalidInput("{}: {} must be finite, found {}", law, parameter, value);
  return value;
}

double positive(double value, const char* law, const char* parameter) {
  if (!(value > 0) || !std::isfinite(value))
    throw InvalidInput("{}: {} must be above 0 and finite, found {}", law, parameter, value);
  return value;
}

// Beyond these a law is a point, or its quantiles are not to be had in double precision.
double shape_in_range(double value, const char* law, const char* parameter) {
  constexpr double least = 1e-3, most = 1e8;
  if (!(value >= least && value <= most))
    throw InvalidInput("{}: {} must be in [{}, {}], found {}", law, parameter, least, most, value);
  return value;
}

void check_ends(double low, double high, const char* law) {
  if (!(low < high)) throw InvalidInput("{}: low must be below high, found {} and {}", law, low, high);
}

void check_marginal_probability(double p) {
  if (!(p >= 0 && p <= 1)) throw InvalidInput("quantile: the probability must be in [0, 1], found {}", p);
}

// F^-1(Phi(z)) through the nearer tail. A probability of 0, which only |z| > 37 reaches, is taken as the
// smallest positive double, so that unbounded laws stay finite.
template <class Family>
double map_from_normal(const Family& law, double z) {
  if constexpr (requires { law.from_normal(z); }) {
    return law.from_normal(z);
  } else {
    const double p = std::max(stats::normal_cdf(-std::abs(z)), std::numeric_limits<double>::min());
    return z < 0 ? law.quantile(p) : law.tail_quantile(p);
  }
}

template <class Family>
double map_to_normal(const Family& law, double x) {
  if constexpr (requires { law.to_normal(x); }) {
    return law.to_normal(x);
  } else {
    const double below = law.cdf(x), above = law.tail(x);
    return below < above ? stats::normal_quantile(below) : -stats::normal_quantile(above);
  }
}

}  // namespace

Marginal Marginal::normal(double mean, double sd) {
  finite(mean, "normal", "mean"), positive(sd, "normal", "sd");
  return of(families::Normal{mean, sd},
            fmt::format("normal(mean={}, sd={})", number_text(mean), number_text(sd)));
}

Marginal Marginal::lognormal(double mean, double cov) {
  positive(mean, "lognormal", "mean"), positive(cov, "lognormal", "cov");
  const double variance = std::log1p(cov * cov);  // of ln X
  return of(families::Lognormal{std::log(mean) - 0.5 * variance, std::sqrt(variance)},
            fmt::format("lognormal(mean={}, cov={})", number_text(mean), number_text(cov)));
}

Marginal Marginal::uniform(double low, double high) {
  check_ends(finite(low, "uniform", "low"), finite(high, "uniform", "high"), "uniform");
  return of(families::Uniform{low, high},
            fmt::format("uniform(low={}, high={})", number_text(low), number_text(high)));
}

Marginal Marginal::gamma(double shape, double scale) {
  return of(families::Gamma(shape_in_range(shape, "gamma", "shape"), positive(scale, "gamma", "scale")),
            fmt::format("gamma(shape={}, scale={})", number_text(shape), number_text(scale)));
}

Marginal Marginal::weibull(double shape, double scale) {
  return of(families::Weibull{shape_in_range(shape, "weibull", "shape"), positive(scale, "weibull", "scale")},
            fmt::format("weibull(shape={}, scale={})", number_text(shape), number_text(scale)));
}

Marginal Marginal::exponential(double mean) {
  return of(families::Weibull{1, positive(mean, "exponential", "mean")},
            fmt::format("exponential(mean={})", number_text(mean)));
}

Marginal Marginal::beta(double a, double b, double low, double high) {
  check_ends(finite(low, "beta", "low"), finite(high, "beta", "high"), "beta");
  std::string text = fmt::format("beta(a={}, b={}", number_text(a), number_text(b));
  if (low != 0) text += ", low=" + number_text(low);
  if (high != 1) text += ", high=" + number_text(high);
  return of(families::Beta(shape_in_range(a, "beta", "a"), shape_in_range(b, "beta", "b"), low, high),
            text + ")");
}

Marginal Marginal::student_t(double freedom, double location, double scale) {
  std::string text = "student_t(freedom=" + number_text(freedom);
  if (location != 0) text += ", location=" + number_text(location);
  if (scale != 1) text += ", scale=" + number_text(scale);
  return of(
      families::StudentT(shape_in_range(freedom, "student_t", "freedom"),
                         finite(location, "student_t", "location"), positive(scale, "student_t", "scale")),
      text + ")");
}

Marginal Marginal::truncated(const Marginal& law, double low, double high) {
  check_ends(low, high, "truncated");
  std::string text = "truncated(" + law.text();
  if (std::isfinite(low)) text += ", low=" + number_text(low);
  if (std::isfinite(high)) text += ", high=" + number_text(high);
  return of(families::Truncated(law, low, high), text + ")");
}

Marginal Marginal::empirical(std::vector<double> values) {
  if (values.size() < 2) throw InvalidInput("empirical: needs at least 2 values, found {}", values.size());
  std::string text = "empirical(values=[";
  for (const double value : values) {
    finite(value, "empirical", "values");
    text += (text.back() == '[' ? "" : ", ") + number_text(value);
  }
  families::Empirical law(std::move(values));
  if (!(law.low() < law.high())) throw InvalidInput("empirical: all values equal {}", law.low());
  return of(std::move(law), text + "])");
}

std::string Marginal::text() const { return node_->text; }

double Marginal::log_pdf(double x) const {
  double value = 0;
  log_pdf(std::span(&x, 1), std::span(&value, 1));
  return value;
}
double Marginal::cdf(double x) const {
  return std::visit([&](const auto& law) { return law.cdf(x); }, node_->family);
}
double Marginal::tail(double x) const {
  return std::visit([&](const auto& law) { return law.tail(x); }, node_->family);
}
double Marginal::quantile(double p) const {
  check_marginal_probability(p);
  return std::visit([&](const auto& law) { return law.quantile(p); }, node_->family);
}
double Marginal::tail_quantile(double q) const {
  check_marginal_probability(q);
  return std::visit([&](const auto& law) { return law.tail_quantile(q); }, node_->family);
}
double Marginal::from_normal(double z) const {
  return std::visit([&](const auto& law) { return map_from_normal(law, z); }, node_->family);
}
double Marginal::to_normal(double x) const {
  return std::visit([&](const auto& law) { return map_to_normal(law, x); }, node_->family);
}
double Marginal::mean() const {
  return std::visit([](const auto& law) { return law.mean(); }, node_->family);
}
double Marginal::standard_deviation() const {
  return std::visit([](const auto& law) { return law.sd(); }, node_->family);
}
double Marginal::low() const {
  return std::visit([](const auto& law) { return law.low(); }, node_->family);
}
double Marginal::high() const {
  return std::visit([](const auto& law) { return law.high(); }, node_->family);
}

bool Marginal::has_density() const {
  if (const auto* truncated = std::get_if<families::Truncated>(&node_->family))
    return truncated->law.has_density();
  const auto* empirical = std::get_if<families::Empirical>(&node_->family);
  return empirical == nullptr || !empirical->repeats;
}

namespace {

families::Values values_of(std::span<const double> x) {
  return {x.data(), static_cast<Eigen::Index>(x.size())};
}
families::Results results_in(std::span<double> to) {
  return {to.data(), static_cast<Eigen::Index>(to.size())};
}

}  // namespace

void Marginal::log_pdf(std::span<const double> x, std::span<double> to) const {
  if (!has_density())
    throw InvalidInput("{} has equal values, so it has no density; it can be sampled in standard space",
                       quote(text()));
  std::visit(
      [&](const auto& law) {
        if constexpr (requires { law.log_pdf(values_of(x), results_in(to)); })
          law.log_pdf(values_of(x), results_in(to));
        else
          for (std::size_t i = 0; i < x.size(); ++i) to[i] = law.log_pdf(x[i]);
      },
      node_->family);
}

void Marginal::from_normal(std::span<const double> z, std::span<double> to) const {
  std::visit(
      [&](const auto& law) {
        if constexpr (requires { law.from_normal(values_of(z), results_in(to)); })
          law.from_normal(values_of(z), results_in(to));
        else
          for (std::size_t i = 0; i < z.size(); ++i) to[i] = map_from_normal(law, z[i]);
      },
      node_->family);
}

void Marginal::to_normal(std::span<const double> x, std::span<double> to) const {
  std::visit(
      [&](const auto& law) {
        if constexpr (requires { law.to_normal(values_of(x), results_in(to)); })
          law.to_normal(values_of(x), results_in(to));
        else
          for (std::size_t i = 0; i < x.size(); ++i) to[i] = map_to_normal(law, x[i]);
      },
      node_->family);
}

}  // namespace lehr::sample
