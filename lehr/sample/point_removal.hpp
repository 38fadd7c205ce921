// Which point of a design is needed least: the one without which the Gram matrix of the others has the
// largest least eigenvalue.
//
// With S = sum_j a_j a_j' = V diag(l) V' and z = V' a_i, the least eigenvalue of S - a_i a_i' is the root mu
// below l_1 of
//   1 - sum_k z_k^2 / (l_k - mu) = 0,
// whose left side falls in mu: one evaluation at the best root so far tells whether point i is worth a
// bisection. Cost: O(m^3 + n m^2). Source: C. Haberstich, A. Nouy and G. Perrin, "Boosted optimal weighted
// least-squares", 2022 (greedy removal).
#pragma once

#include <Eigen/Core>

namespace lehr::sample {

struct PointRemoval {
  Eigen::Index point = -1;
  double lambda_min = 0;  // of (1 / (n - 1)) sum_{j != point} a_j a_j'
};

// `rows`: a_1 .. a_n in the columns, m x n, n >= 2.
PointRemoval best_removal(const Eigen::MatrixXd& rows);

}  // namespace lehr::sample
