// Laws of one real variable: density, distribution function, quantile and the map from a standard normal
// variable.
//
//   normal, lognormal, uniform, gamma, Weibull, exponential, beta, Student's t, any of them truncated to an
//   interval, and the empirical law of given values (quantiles interpolated linearly between the sorted values:
//   type 7 of Hyndman and Fan 1996)
//
// A law is a value with a text form that parses and prints back to itself: `lognormal(mean=556.8, cov=0.08)`.
// The map x = F^-1(Phi(z)) and its inverse use the nearer tail, so that they are accurate far into both.
// Cost: a few operations a point where the law has a closed form, else that of Boost.Math's incomplete gamma
// and beta functions.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/core/options.hpp"
#include "lehr/schedule/signature.hpp"

namespace lehr::sample {

class Marginal {
 public:
  // All throw InvalidInput for parameters that are not finite or out of range.
  static Marginal normal(double mean, double sd);
  static Marginal lognormal(double mean, double cov);  // mean of X itself; cov = sd / mean
  static Marginal uniform(double low, double high);
  static Marginal gamma(double shape, double scale);    // mean shape * scale
  static Marginal weibull(double shape, double scale);  // P(X > x) = exp(-(x / scale)^shape)
  static Marginal exponential(double mean);
  static Marginal beta(double a, double b, double low = 0, double high = 1);
  static Marginal student_t(double freedom, double location = 0, double scale = 1);
  // The law given that low <= X <= high; either end may be infinite.
  static Marginal truncated(const Marginal& law, double low, double high);
  // At least two values that are not all equal.
  static Marginal empirical(std::vector<double> values);

  // Parses the text form. Throws InvalidInput with the column; `base` is where the relative path of
  // `empirical("values.csv")` starts.
  static Marginal parse(std::string_view text, const std::filesystem::path& base = {});
  static Marginal from_expression(const schedule::Expression& expression, const schedule::Source& source);
  std::string text() const;

  // ln density, -infinity outside the support. Throws InvalidInput where has_density() is false.
  double log_pdf(double x) const;
  double cdf(double x) const;
  double tail(double x) const;           // P(X > x), accurate where it is small
  double quantile(double p) const;       // p in [0, 1], otherwise InvalidInput
  double tail_quantile(double q) const;  // x with P(X > x) = q
  double from_normal(double z) const;    // F^-1(Phi(z))
  double to_normal(double x) const;      // Phi^-1(F(x)); infinite outside the support
  double sample(Stream& stream) const { return from_normal(lehr::normal(stream)); }

  double mean() const;  // NaN where it does not exist (Student's t)
  double standard_deviation() const;
  double low() const;  // ends of the support
  double high() const;
  // An empirical law whose values repeat has none.
  bool has_density() const;

  // The same for many values: `to` has the size of `x`.
  void log_pdf(std::span<const double> x, std::span<double> to) const;
  void from_normal(std::span<const double> z, std::span<double> to) const;
  void to_normal(std::span<const double> x, std::span<double> to) const;

  struct Node;  // the family with its parameters, and the text

 private:
  explicit Marginal(std::shared_ptr<const Node> node) : node_(std::move(node)) {}
  template <class Family>
  static Marginal of(Family family, std::string text);
  std::shared_ptr<const Node> node_;
  friend class MarginalReader;
};

// Every family with its arguments, for documentation.
std::vector<schedule::Signature> marginal_families();

}  // namespace lehr::sample

namespace lehr {

template <>
struct OptionType<sample::Marginal> {
  static constexpr const char* name = "law";
  static sample::Marginal from_json(const Json& value, const std::filesystem::path& base = {}) {
    return sample::Marginal::parse(option_types::to_string(value), base);
  }
  static Json to_json(const sample::Marginal& value) { return value.text(); }
  static Json from_word(const std::string& word) { return word; }
};

}  // namespace lehr
