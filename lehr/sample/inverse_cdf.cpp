#include "lehr/sample/inverse_cdf.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/stats/quadrature.hpp"

namespace lehr::sample {
namespace {

constexpr int terms = InverseCdf::nodes_of_panel;

// P_0(t) .. P_terms(t).
std::array<double, terms + 1> legendre_values(double t) {
  std::array<double, terms + 1> p{1, t};
  for (int k = 1; k < terms; ++k) p[k + 1] = ((2 * k + 1) * t * p[k] - k * p[k - 1]) / (k + 1);
  return p;
}

const stats::Quadrature& unit_rule() {
  static const stats::Quadrature rule = stats::gauss_legendre(terms, -1, 1);
  return rule;
}

// From values at the nodes to the coefficients c_k.
Eigen::MatrixXd series_transform() {
  Eigen::MatrixXd transform(terms, terms);
  for (int i = 0; i < terms; ++i) {
    const auto p = legendre_values(unit_rule().nodes[i]);
    for (int k = 0; k < terms; ++k) transform(k, i) = (k + 0.5) * unit_rule().weights[i] * p[k];
  }
  return transform;
}

struct SeriesValue {
  double integral, density;
};

SeriesValue series_value(const Eigen::Ref<const Eigen::VectorXd>& c, double t) {
  const auto p = legendre_values(t);
  SeriesValue value{c(0) * (t + 1), c(0)};
  for (int k = 1; k < terms; ++k) {
    value.integral += c(k) * (p[k + 1] - p[k - 1]) / (2 * k + 1);
    value.density += c(k) * p[k];
  }
  return value;
}

// The t in [-1, 1] with F(t) = target.
double solve_panel(const Eigen::Ref<const Eigen::VectorXd>& c, double target) {
  double low = -1, high = 1, t = 0;
  for (int iteration = 0; iteration < 200 && high - low > 1e-16; ++iteration) {
    const SeriesValue value = series_value(c, t);
    const double excess = value.integral - target;
    (excess > 0 ? high : low) = t;
    double next = value.density > 0 ? t - excess / value.density : low;
    if (!(next > low && next < high)) next = 0.5 * (low + high);
    if (std::abs(next - t) < 1e-15) return next;
    t = next;
  }
  return t;
}

}  // namespace

std::vector<double> InverseCdf::nodes(double a, double b) {
  std::vector<double> places;
  for (const double t : unit_rule().nodes) places.push_back(0.5 * (a + b) + 0.5 * (b - a) * t);
  return places;
}

InverseCdf::InverseCdf(std::span<const double> breaks, std::span<const double> density)
    : breaks_(breaks.begin(), breaks.end()), cumulative_{0} {
  static const Eigen::MatrixXd transform = series_transform();
  const Eigen::Index panels = static_cast<Eigen::Index>(breaks.size()) - 1;
  series_ = transform * Eigen::Map<const Eigen::MatrixXd>(density.data(), terms, panels);
  for (Eigen::Index i = 0; i < panels; ++i) {
    const auto at = static_cast<std::size_t>(i);
    cumulative_.push_back(cumulative_.back() + series_(0, i) * (breaks_[at + 1] - breaks_[at]));
  }
  if (!(total() > 0) || !std::isfinite(total()))
    throw NumericalFailure("inverse distribution function: the integral of the density is {}", total());
}

double InverseCdf::operator()(double u) const {
  const double target = u * total();
  const auto after = std::upper_bound(cumulative_.begin() + 1, cumulative_.end() - 1, target);
  const auto panel = static_cast<std::size_t>(after - cumulative_.begin()) - 1;
  const double half = 0.5 * (breaks_[panel + 1] - breaks_[panel]);
  const double t =
      solve_panel(series_.col(static_cast<Eigen::Index>(panel)), (target - cumulative_[panel]) / half);
  return 0.5 * (breaks_[panel] + breaks_[panel + 1]) + half * t;
}

}  // namespace lehr::sample
