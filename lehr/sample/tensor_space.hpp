// Products of univariate functions under a product measure:
//
//   phi_a(x) = prod_i phi_{a_i}(x_i),   mu = mu_1 x ... x mu_d,   a in an index set (index_set.hpp)
//
// nu_m is drawn exactly: a product at random, then each coordinate from phi_{a_i}^2 mu_i. Cost: of the
// features of a point O(m d), of a draw O(d) univariate ones.
#pragma once

#include "lehr/sample/index_set.hpp"
#include "lehr/sample/univariate_basis.hpp"

namespace lehr::sample {

// The space of the first `size` products (all of them where it is 0); `bases` has one for each coordinate,
// with at least as many functions as `set` uses. Throws InvalidInput for sizes that do not fit.
FunctionSpace tensor_space(std::vector<UnivariateBasis> bases, const IndexSet& set, Index size = 0);

// Mean, variance and Sobol' indices of f = sum_a c_a phi_a. Variances are sums of squares:
//   first_order[i]  products that vary with x_i alone        total[i]  products that vary with x_i
// both as shares of the variance (NaN where that is 0). phi_0 of each coordinate must be 1, as in all
// families but `indicator`.
struct VarianceShares {
  double mean = 0, variance = 0;
  std::vector<double> first_order, total;
};
VarianceShares variance_shares(const Eigen::MatrixXi& degrees, const Eigen::VectorXd& coefficients);

}  // namespace lehr::sample
