#include "lehr/stats/quadrature.hpp"

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "lehr/core/errors.hpp"

namespace lehr::stats {
namespace {

// The rule of a weight function that is symmetric about 0 with total mass 1, whose orthonormal polynomials
// obey x p_k = b(k + 1) p_{k+1} + b(k) p_{k-1}.
Quadrature symmetric_rule(int n, const std::function<double(int)>& b) {
  if (n < 1 || n > 256)
    throw InvalidInput("quadrature: the number of nodes must be in [1, 256], found {}", n);
  Eigen::VectorXd off_diagonal(n - 1);
  for (int k = 1; k < n; ++k) off_diagonal(k - 1) = b(k);
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver;
  solver.computeFromTridiagonal(Eigen::VectorXd::Zero(n), off_diagonal, Eigen::EigenvaluesOnly);
  const Eigen::VectorXd& raw = solver.eigenvalues();

  Quadrature rule;
  for (int i = 0; i < n; ++i) {
    const double x = 0.5 * (raw(i) - raw(n - 1 - i));  // exactly symmetric
    double before = 0, p = 1, sum = 1;
    for (int k = 1; k < n; ++k) {
      const double next = (x * p - (k > 1 ? b(k - 1) * before : 0)) / b(k);
      before = p, p = next;
      sum += p * p;
    }
    rule.nodes.push_back(x);
    rule.weights.push_back(1 / sum);
  }
  return rule;
}

constexpr int panel_nodes = 10;

const Quadrature& panel_rule() {
  static const Quadrature rule = gauss_legendre(panel_nodes, -1, 1);
  return rule;
}

void add_panel(double a, double b, Quadrature& rule) {
  const Quadrature& unit = panel_rule();
  const double middle = 0.5 * (a + b), half = 0.5 * (b - a);
  for (std::size_t k = 0; k < panel_nodes; ++k) {
    rule.nodes.push_back(middle + half * unit.nodes[k]);
    rule.weights.push_back(half * unit.weights[k]);
  }
}

// Distances from the center at which panels end: 0, 2w, 6w, 14w, ... and then every `coarse`, up to `reach`.
void breaks(double reach, double width, double coarse, std::vector<double>& at) {
  at.assign(1, 0.0);
  double length = width > 0 ? std::min(2 * width, coarse) : coarse;
  while (at.back() < reach) {
    at.push_back(std::min(reach, at.back() + length));
    length = std::min(2 * length, coarse);
  }
}

}  // namespace

Quadrature gauss_hermite(int n) {
  return symmetric_rule(n, [](int k) { return std::sqrt(static_cast<double>(k)); });
}

Quadrature gauss_legendre(int n, double a, double b) {
  if (!std::isfinite(a) || !std::isfinite(b))
    throw InvalidInput("quadrature: the interval must be finite, found [{}, {}]", a, b);
  Quadrature rule = symmetric_rule(n, [](int k) { return k / std::sqrt(4.0 * k * k - 1); });
  for (double& x : rule.nodes) x = 0.5 * (a + b) + 0.5 * (b - a) * x;
  for (double& w : rule.weights) w *= b - a;
  return rule;
}

void graded_legendre(double a, double b, double center, double width, Quadrature& rule, double coarse) {
  rule.nodes.clear();
  rule.weights.clear();
  center = std::clamp(center, a, b);
  thread_local std::vector<double> at;
  breaks(center - a, width, coarse, at);
  for (std::size_t k = at.size(); k-- > 1;) add_panel(center - at[k], center - at[k - 1], rule);
  breaks(b - center, width, coarse, at);
  for (std::size_t k = 1; k < at.size(); ++k) add_panel(center + at[k - 1], center + at[k], rule);
}

}  // namespace lehr::stats
