#include "lehr/report/axis_scale.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace lehr::report {

namespace {

// Limits that keep the width of a linear range and the quotient of a logarithmic one finite.
constexpr double largest_linear = 1e300, largest_log = 1e130;

std::string superscript(int exponent) {
  constexpr const char* digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string result = exponent < 0 ? "⁻" : "";
  for (const char digit : std::to_string(std::abs(exponent))) result += digits[digit - '0'];
  return result;
}

std::string with_exponent(double value, int decimals) {
  if (value == 0) return "0";
  int exponent = static_cast<int>(std::floor(std::log10(std::abs(value)) + 1e-9));
  const double mantissa = value / std::pow(10, exponent);
  const std::string power = "10" + superscript(exponent);
  const std::string digits = fmt::format("{:.{}f}", mantissa, std::max(0, decimals));
  if (digits == "1") return power;
  return digits + "×" + power;
}

// The label of a multiple of `step` on a linear axis whose largest magnitude is `magnitude`.
std::string linear_label(double value, double step, double magnitude) {
  const int step_exponent = static_cast<int>(std::floor(std::log10(step) + 1e-9));
  const auto in_units = [&](double unit, int unit_exponent, const char* suffix) {
    if (value == 0) return std::string("0");
    return fmt::format("{:.{}f}{}", value / unit, std::max(0, unit_exponent - step_exponent), suffix);
  };
  if (magnitude < 1e4 && magnitude >= 1e-3 && step_exponent >= -6) return in_units(1, 0, "");
  if (magnitude >= 1e4 && magnitude < 1e6 && step >= 100) return in_units(1e3, 3, "k");
  if (magnitude >= 1e6 && magnitude < 1e9 && step >= 1e5) return in_units(1e6, 6, "M");
  if (magnitude >= 1e4 && magnitude < 1e7 && step_exponent >= -3) return in_units(1, 0, "");
  const int exponent = value == 0 ? 0 : static_cast<int>(std::floor(std::log10(std::abs(value)) + 1e-9));
  return with_exponent(value, std::min(15, exponent - step_exponent));
}

double round_step(double raw) {
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= raw * 0.999) return factor * power;
  return 10 * power;
}

std::vector<Tick> linear_ticks(double low, double high, int wanted) {
  const double step = round_step((high - low) / wanted);
  const double magnitude = std::max(std::abs(low), std::abs(high));
  std::vector<Tick> ticks;
  const double slack = 1e-9 * step;
  if (!(step > 0) || magnitude / step > 1e14) return {{low, with_exponent(low, 6)}};
  for (double k = std::ceil((low - slack) / step); k * step <= high + slack; ++k) {
    const double at = std::clamp(k * step, low, high);
    ticks.push_back({at, linear_label(k * step, step, magnitude)});
  }
  return ticks;
}

std::string decade_label(double mantissa, int exponent, bool plain) {
  if (plain) return fmt::format("{:.{}f}", mantissa * std::pow(10, exponent), std::max(0, -exponent));
  return mantissa == 1 ? "10" + superscript(exponent)
                       : fmt::format("{:g}×10{}", mantissa, superscript(exponent));
}

std::vector<Tick> log_ticks(double low, double high, int wanted) {
  const double decades = std::log10(high / low);
  if (decades < 0.7) return linear_ticks(low, high, wanted);
  const int first = static_cast<int>(std::floor(std::log10(low))),
            last = static_cast<int>(std::ceil(std::log10(high)));
  const int stride = std::max(1, static_cast<int>(std::ceil(decades / std::max(2, wanted + 1))));
  const bool plain = low >= 0.9e-3 && high <= 1.1e4;
  std::vector<Tick> ticks;
  for (int decade = first; decade <= last; ++decade)
    for (int mantissa = 1; mantissa <= 9; ++mantissa) {
      const double at = mantissa * std::pow(10, decade);
      if (at < low * (1 - 1e-9) || at > high * (1 + 1e-9)) continue;
      const bool labelled =
          (mantissa == 1 && decade % stride == 0) || (decades < 2 && (mantissa == 2 || mantissa == 5));
      const bool minor = mantissa == 1 ? stride <= 5 : stride == 1 && decades <= 8;
      if (labelled)
        ticks.push_back({at, decade_label(mantissa, decade, plain)});
      else if (minor)
        ticks.push_back({at, ""});
    }
  return ticks;
}

// The range to show before padding: never empty, positive when log.
void widen_to_a_range(double& low, double& high, bool log) {
  if (low > high) {
    low = log ? 1 : 0;
    high = log ? 10 : 1;
  }
  if (log && high / low < 1 + 1e-12) {
    low /= 2;
    high *= 2;
  } else if (!log && high - low <= 1e-13 * std::max(std::abs(low), std::abs(high))) {
    const double half = low == 0 ? 0.5 : 0.1 * std::abs(low);
    low -= half;
    high += half;
  }
}

}  // namespace

double AxisScale::position(double value) const {
  if (!shows(value)) return std::numeric_limits<double>::quiet_NaN();
  return log ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
}

double AxisScale::value_at(double position) const {
  return log ? std::exp(std::log(low) + position * std::log(high / low)) : low + position * (high - low);
}

bool AxisScale::shows(double value) const { return std::isfinite(value) && (!log || value > 0); }

AxisScale axis_scale(const Axis& axis, double data_low, double data_high, double padding, int wanted_ticks) {
  AxisScale scale;
  scale.log = axis.log && (data_low > data_high || data_high > 0);
  const double largest = scale.log ? largest_log : largest_linear;
  const double smallest = scale.log ? 1 / largest : -largest;
  scale.low = std::clamp(data_low, smallest, largest);
  scale.high = std::clamp(data_high, smallest, largest);
  if (data_low > data_high) scale.low = 1, scale.high = 0;
  widen_to_a_range(scale.low, scale.high, scale.log);
  const double low = scale.value_at(-padding), high = scale.value_at(1 + padding);
  const auto usable = [&](const std::optional<double>& limit) {
    return limit && scale.shows(*limit) && *limit >= smallest && *limit <= largest;
  };
  scale.low = usable(axis.low) ? *axis.low : low;
  scale.high = usable(axis.high) ? *axis.high : high;
  if (!(scale.low < scale.high)) {
    scale.low = low;
    scale.high = high;
  }
  scale.ticks = scale.log ? log_ticks(scale.low, scale.high, wanted_ticks)
                          : linear_ticks(scale.low, scale.high, wanted_ticks);
  return scale;
}

}  // namespace lehr::report
