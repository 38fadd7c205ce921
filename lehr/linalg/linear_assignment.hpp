// The linear assignment problem: the permutation p that makes sum_i cost(i, p(i)) smallest.
#pragma once

#include <Eigen/Core>
#include <vector>

namespace lehr::linalg {

// Column of each row, by shortest augmenting paths with dual prices (R. Jonker and A. Volgenant, "A shortest augmenting path
// algorithm for dense and sparse linear assignment problems", Computing 38, 1987, without its starting heuristics). Exact;
// O(n^3) at worst, memory O(n) beside the costs. Throws InvalidInput for a matrix that is not square or not finite.
std::vector<Eigen::Index> linear_assignment(const Eigen::Ref<const Eigen::MatrixXd>& cost);

}  // namespace lehr::linalg
