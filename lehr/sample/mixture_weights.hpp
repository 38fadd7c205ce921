// The weights of a mixture proposal q = (1 - e) sum_j alpha_j g_j + e f_0 that minimise the summed variance
// of several importance sampling estimates, from points x_i drawn from h:
//
//   minimise  V(alpha) = 1/n sum_i c_i / (h q)(x_i)   over the simplex,   c_i = sum_j w_j (f_j phi_j - beta_j g_j)^2(x_i)
//   alpha_j <- alpha_j sqrt(G_j) / sum_k alpha_k sqrt(G_k),   G_j = -dV / d alpha_j
//
// V is convex, and the step lowers it always: by Cauchy's inequality 1 / q <= sum_j p_j^2 / (alpha_j' g_j)
// with p_j = alpha_j g_j / q, whose minimum over alpha' it is (B. Torsney, "A moment inequality and
// monotonicity of an algorithm", 1983). Every tenth step moves weight to the component of largest G_j
// instead, which brings back one that was left out too early. V(alpha) exceeds its minimum by at most its
// share max_j G_j / F - 1, the gap, with F = sum_j alpha_j G_j. Cost n J an iteration.
#pragma once

#include <Eigen/Core>
#include <cstdint>

namespace lehr::sample {

struct MixtureWeightOptions {
  std::int64_t iterations = 500;
  double gap = 1e-4;     // ends below it
  double floor = 1e-12;  // least weight of a component that reaches any point
};

struct MixtureWeights {
  Eigen::VectorXd alpha;  // sums to 1
  double gap = 0;         // max_j G_j / F - 1
  std::int64_t iterations = 0;
};

// `ratios` (n x J): (1 - e) g_j / h; `fixed` (n): e f_0 / h; `costs` (n): c_i / h^2, at least 0. `start`
// holds J weights above 0. Components that are 0 at all points get weight 0.
MixtureWeights optimal_mixture_weights(const Eigen::Ref<const Eigen::MatrixXd>& ratios,
                                       const Eigen::Ref<const Eigen::VectorXd>& fixed,
                                       const Eigen::Ref<const Eigen::VectorXd>& costs, Eigen::VectorXd start,
                                       const MixtureWeightOptions& options = {});

}  // namespace lehr::sample
