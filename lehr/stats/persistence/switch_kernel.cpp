#include "lehr/stats/persistence/switch_kernel.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/parallel.hpp"

namespace lehr::stats {
namespace {

constexpr double forgotten = 1e-26;        // of R and R', where the nodes end
constexpr double longest_intervals = 400;  // mean intervals, where they end at the latest

double memory_end(const Covariance& covariance, double panel) {
  const double root = std::sqrt(covariance.lambda2);
  const auto forgets = [&](double t) {
    const CovarianceAt at = covariance.at(t);
    return std::abs(at.r) < forgotten && std::abs(at.slope) < forgotten * root;
  };
  const double longest = longest_intervals * covariance.mean_interval();
  double end = 8 * panel;
  while (end < longest && !(forgets(end) && forgets(end + panel / 3))) end += panel;
  return end;
}

void append_panel(const Quadrature& unit, double a, double b, Quadrature& rule) {
  for (std::size_t k = 0; k < unit.nodes.size(); ++k) {
    rule.nodes.push_back(a + (b - a) * unit.nodes[k]);
    rule.weights.push_back((b - a) * unit.weights[k]);
  }
}

// t = b s^8 turns powers of t near 0 into smooth functions of s.
void append_graded_panel(double b, Quadrature& rule) {
  const Quadrature unit = gauss_legendre(32, 0, 1);
  for (std::size_t k = 0; k < unit.nodes.size(); ++k) {
    const double s = unit.nodes[k];
    rule.nodes.push_back(b * std::pow(s, 8));
    rule.weights.push_back(8 * b * std::pow(s, 7) * unit.weights[k]);
  }
}

}  // namespace

MemoryNodes memory_nodes(const Covariance& covariance) {
  const double panel = covariance.mean_interval() / 4;
  MemoryNodes nodes{.rule = {}, .end = memory_end(covariance, panel)};
  std::vector<double> edges{0};
  for (const double knot : covariance.knots)
    if (knot - edges.back() >= panel / 64 && knot < nodes.end) edges.push_back(knot);
  const bool tabulated = edges.size() > 1;
  while (edges.back() < nodes.end) edges.push_back(std::min(edges.back() + panel, nodes.end));
  // Between two knots of a table everything is a polynomial.
  const Quadrature fine = gauss_legendre(tabulated ? 6 : 20, 0, 1), coarse = gauss_legendre(20, 0, 1);
  append_graded_panel(edges[1], nodes.rule);
  for (std::size_t k = 1; k + 1 < edges.size(); ++k) {
    const bool wide = edges[k + 1] - edges[k] > panel / 2;
    append_panel(wide ? coarse : fine, edges[k], edges[k + 1], nodes.rule);
  }
  return nodes;
}

SwitchKernel::SwitchKernel(std::function<double(double t)> memory, double mass, const MemoryNodes& nodes,
                           double decay_rate)
    : memory_(std::move(memory)),
      mass_(mass),
      decay_rate_(decay_rate),
      end_(nodes.end),
      time_(nodes.rule.nodes),
      weight_(nodes.rule.weights),
      value_(nodes.rule.nodes.size()) {
  parallel_for(
      static_cast<std::int64_t>(time_.size()),
      [&](std::int64_t k) {
        value_[static_cast<std::size_t>(k)] = memory_(time_[static_cast<std::size_t>(k)]);
      },
      64);
  double last = mass_;
  lowest_ = 1;
  for (std::size_t k = 0; k < value_.size(); ++k) {
    const double rise = (value_[k] - last) / mass_;
    if (rise > largest_rise_) largest_rise_ = rise, rises_at_ = time_[k];
    lowest_ = std::min(lowest_, value_[k] / mass_);
    last = value_[k];
  }
  const double at_end = memory_(end_), before = memory_(end_ / 2);
  if (!(at_end > 0 && before > at_end) || std::isinf(decay_rate_)) return;
  tail_value_ = at_end;
  if (decay_rate_ > 0)
    tail_rate_ = decay_rate_;
  else
    tail_power_ = std::log2(before / at_end);
}

double SwitchKernel::tail_moment(double rate, int power) const {
  if (tail_value_ == 0) return 0;
  if (tail_rate_ > 0) {
    const double gap = tail_rate_ - rate;
    if (!(gap > 0)) return std::numeric_limits<double>::infinity();
    return tail_value_ * std::exp(rate * end_) * (power == 0 ? 1 / gap : (end_ + 1 / gap) / gap);
  }
  const double excess = tail_power_ - 1 - power;
  if (rate > 0 || !(excess > 0)) return std::numeric_limits<double>::infinity();
  return tail_value_ * std::pow(end_, 1 + power) / excess;
}

double SwitchKernel::moment(int power) const { return exponential_moment(0, power); }

double SwitchKernel::exponential_moment(double rate, int power) const {
  double sum = 0;
  for (std::size_t k = 0; k < time_.size(); ++k)
    sum += weight_[k] * std::exp(rate * time_[k]) * value_[k] * (power == 0 ? 1 : time_[k]);
  return sum + tail_moment(rate, power);
}

double SwitchKernel::inverse(double share) const {
  const double target = share * mass_;
  // The bracket from the nodes, then regula falsi with halving (the Illinois rule).
  const auto after = std::partition_point(value_.begin(), value_.end(), [&](double v) { return v > target; });
  const auto k = static_cast<std::size_t>(after - value_.begin());
  double low = k == 0 ? 0 : time_[k - 1], high = k < time_.size() ? time_[k] : end_;
  if (k == time_.size()) {
    while ((*this)(high) > target) {
      low = high, high *= 2;
      if (!(high < 1e6 * end_)) return std::numeric_limits<double>::infinity();
    }
  }
  double at_low = (*this)(low)-target, at_high = (*this)(high)-target;
  for (int i = 0; i < 100 && high - low > 1e-13 * high && at_low != at_high; ++i) {
    const double middle = std::clamp((low * at_high - high * at_low) / (at_high - at_low), low, high);
    const double value = (*this)(middle)-target;
    if (value > 0) {
      low = middle, at_low = value, at_high *= 0.5;
    } else {
      high = middle, at_high = value, at_low *= 0.5;
    }
    if (std::abs(value) <= 1e-15 * mass_) return middle;
  }
  return (low + high) / 2;
}

}  // namespace lehr::stats
