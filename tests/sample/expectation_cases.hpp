// Problems whose expectations are known, for the tests of estimators.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "lehr/sample/expectation_problem.hpp"
#include "lehr/sample/latin_hypercube.hpp"
#include "lehr/sample/law_design.hpp"
#include "lehr/stats/quadrature.hpp"

namespace lehr::sample::cases {

using Eigen::MatrixXd;
using Eigen::VectorXd;

// E X^(2j), j = 1 .. J, of X ~ N(0, 1): (2j - 1)!!.
inline VectorXd even_moments(Index J) {
  VectorXd truth(J);
  for (Index j = 0; j < J; ++j) truth[j] = (j == 0 ? 1 : truth[j - 1]) * double(2 * j + 1);
  return truth;
}
inline ExpectationProblem moment_problem(Index J) {
  std::vector<std::string> names;
  for (Index j = 1; j <= J; ++j) names.push_back("m" + std::to_string(2 * j));
  const ForwardModel model = pointwise_model({"x"}, names, [](const auto& x, auto y) {
    double power = 1;
    for (Index j = 0; j < y.size(); ++j) y[j] = power *= x[0] * x[0];
  });
  return expectations_under(model, Law({{"x", Marginal::normal(0, 1)}}));
}
inline std::vector<double> relative_weights(const VectorXd& truth) {
  std::vector<double> weights;
  for (const double I : truth) weights.push_back(1 / (I * I));
  return weights;
}

// Tip deflection of a cantilever beam, 4 L^3 / (E w t) sqrt((F_X / w^2)^2 + (F_Y / t^2)^2).
inline double deflection(double fx, double fy, double E, double w, double t, double L) {
  return 4 * L * L * L / (1e9 * E * w * t) * std::hypot(fx / (w * w), fy / (t * t));
}
inline ForwardModel beam_model() {
  return pointwise_model({"F_X", "F_Y", "E", "w", "t", "L"}, {"tip"}, [](const auto& x, auto y) {
    y[0] = deflection(x[0], x[1], x[2], x[3], x[4], x[5]);
  });
}
// The beam's laws with the ranges of the study of its input law.
inline LawTemplate beam_laws() {
  LawTemplate family;
  family.add("F_X", "lognormal(mean=[525, 575], cov=0.08)");
  family.add("F_Y", "lognormal(mean=[425, 475], cov=0.08)");
  family.add("E", "lognormal(mean=[175, 225], cov=0.06)");
  family.add("w", "normal(mean=[0.06, 0.07], cov=0.1)");
  family.add("t", "normal(mean=[0.09, 0.1], cov=0.1)");
  family.add("L", "normal(mean=[4, 5], cov=0.1)");
  family.correlate("w", "t", -0.6, 0);
  family.correlate("w", "L", 0, 0.5);
  family.correlate("t", "L", 0, 0.5);
  return family;
}

// E deflection under a law of the family, by a product of Gauss-Hermite rules over the standard space: (w, t,
// L) are dependent, the rest independent, and E[1/E] of a lognormal is known.
inline double mean_deflection(const Law& law) {
  const stats::Quadrature forces = stats::gauss_hermite(6), width = stats::gauss_hermite(14),
                          height = stats::gauss_hermite(12), length = stats::gauss_hermite(4);
  const auto& v = law.variables();
  const double cov = v[2].marginal.standard_deviation() / v[2].marginal.mean();
  const double inverse_E = (1 + cov * cov) / v[2].marginal.mean();
  double sum = 0;
  for (std::size_t a = 0; a < width.nodes.size(); ++a)
    for (std::size_t b = 0; b < height.nodes.size(); ++b)
      for (std::size_t c = 0; c < length.nodes.size(); ++c) {
        const VectorXd x =
            law.from_standard(VectorXd{{0, 0, 0, width.nodes[a], height.nodes[b], length.nodes[c]}});
        double inner = 0;
        for (std::size_t e = 0; e < forces.nodes.size(); ++e)
          for (std::size_t f = 0; f < forces.nodes.size(); ++f)
            inner += forces.weights[e] * forces.weights[f] *
                     deflection(v[0].marginal.from_normal(forces.nodes[e]),
                                v[1].marginal.from_normal(forces.nodes[f]), 1 / inverse_E, x[3], x[4], x[5]);
        sum += width.weights[a] * height.weights[b] * length.weights[c] * inner;
      }
  return sum;
}

}  // namespace lehr::sample::cases
