// The sentences of paired_comparison.hpp.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lehr/stats/paired_comparison.hpp"

namespace lehr::stats {
namespace {

// Writes numbers to the place of the uncertainty's second digit: 0.1234 with 0.0312 becomes "0.123".
class Digits {
 public:
  explicit Digits(double uncertainty) {
    if (!(uncertainty > 0) || !std::isfinite(uncertainty)) return;
    const int exponent = static_cast<int>(std::floor(std::log10(uncertainty)));
    if (exponent >= -5 && exponent <= 6) decimals_ = std::max(0, 1 - exponent);
  }
  std::string operator()(double value) const {
    return decimals_ >= 0 ? fmt::format("{:.{}f}", value, decimals_) : fmt::format("{:.3g}", value);
  }

 private:
  int decimals_ = -1;
};

std::string p_text(double p) { return p < 1e-4 ? "p < 0.0001" : fmt::format("p = {:.2g}", p); }

std::string seeds_text(std::int64_t count) {
  return count == 1 ? "one seed" : fmt::format("{} seeds", count);
}

std::string dropped_text(std::int64_t dropped, const char* what) {
  return dropped == 0
             ? ""
             : fmt::format("; {} {}{} without a value left out", dropped, what, dropped == 1 ? "" : "s");
}

// "a is lower than b by 0.12", or "a equals b".
std::string order_text(double difference, std::string_view a, std::string_view b) {
  if (difference == 0) return fmt::format("{} equals {}", a, b);
  return fmt::format("{} is {} than {} by {:.3g}", a, difference < 0 ? "lower" : "higher", b,
                     std::abs(difference));
}

struct Measured {
  double difference, standard_error, confidence, p;
  Interval interval;
};

std::string uncertain_text(const Measured& m, std::string_view a, std::string_view b,
                           const std::string& basis) {
  const Digits digits(m.standard_error);
  const bool clear = !m.interval.contains(0);
  const bool turned = clear && m.difference < 0;  // "lower by 0.12" counts from b down to a
  const double low = turned ? -m.interval.high : m.interval.low,
               high = turned ? -m.interval.low : m.interval.high;
  const std::string start =
      clear ? fmt::format("{} is {} than {} by", a, m.difference < 0 ? "lower" : "higher", b)
            : fmt::format("{} and {} do not differ clearly: {} - {} =", a, b, a, b);
  return fmt::format("{} {} ± {} ({:.4g} % [{}, {}], {}, {})", start,
                     digits(turned ? -m.difference : m.difference), digits(m.standard_error),
                     100 * m.confidence, digits(low), digits(high), basis, p_text(m.p));
}

}  // namespace

std::string statement(const PairedComparison& c, std::string_view a, std::string_view b) {
  const std::string dropped = dropped_text(c.dropped, "pair");
  if (c.pairs == 1) return order_text(c.difference, a, b) + " (one seed: no uncertainty" + dropped + ")";
  if (!c.varies()) {
    const std::string extra = dropped.empty() ? "" : " (" + dropped.substr(2) + ")";
    return fmt::format("{} in each of {}{}", order_text(c.difference, a, b), seeds_text(c.pairs), extra);
  }
  return uncertain_text({c.difference, c.standard_error, c.confidence, c.t_p, c.t_interval}, a, b,
                        fmt::format("paired over {}{}", seeds_text(c.pairs), dropped));
}

std::string statement(const UnpairedComparison& c, std::string_view a, std::string_view b) {
  const std::string dropped = dropped_text(c.dropped, "run");
  const std::string basis = fmt::format("over {} and {}{}", c.count_a, seeds_text(c.count_b), dropped);
  if (c.count_a == 1 || c.count_b == 1)
    return fmt::format("{} ({}: no uncertainty from one seed)", order_text(c.difference, a, b), basis);
  if (c.standard_error == 0)
    return fmt::format("{} ({}: no variation within either)", order_text(c.difference, a, b), basis);
  return uncertain_text({c.difference, c.standard_error, c.confidence, c.t_p, c.t_interval}, a, b, basis);
}

}  // namespace lehr::stats
