// Weighted least squares in a function space, from the runs of a design, and what can be said of the fit.
//
//   c = argmin sum_i w_i (y_i - sum_j c_j phi_j(x_i))^2   by QR of A, A_i = sqrt(w_i) phi(x_i)'
//   |f - f_hat|^2 <= |f - P f|^2 + lambda_min(G)^-1 |f - P f|_n^2
//   G = A' A / n,  |g|_n^2 = (1 / n) sum_i w_i g(x_i)^2
//
// for every draw, P the projection on V_m. In a normed space H of functions that contains V_m, almost surely
// and for any v in V_m,
//   |f - f_hat| <= (C_2 + lambda_min^(-1/2) C_n) |f - v|_H
//   sup norm             C_2 = 1,      C_n^2 = (1 / n) sum_i w_i
//   RKHS with kernel K   C_2^2 = |K|,  C_n^2 = lambda_max(W^1/2 K W^1/2 / n)
// That factor needs the design alone; the certificate has it.
//
// The leave-one-out error estimates |f - f_hat| from the runs: (1 / n) sum_i w_i (r_i / (1 - h_i))^2, h_i the
// leverage of run i. Cost: O(n m^2).  Source: A. Nouy and B. Michel, arXiv:2312.14057, 2023.
//
// How far its square L^2 is from the very E^2 = |f - f_hat|^2 that it estimates: with g = f - P f and d = c - c*
// the coefficients' error, to second order in d
//   L^2 = S + D - U,  E^2 = |g|^2 + D + U,  |d|^2 = D + U,  S = (1/n) sum_i e_i^2,  e_i = sqrt(w_i) g(x_i)
//   D = sum_i e_i^2 |z_i|^2,  U = sum_{i != j} e_i e_j z_i' z_j,  z_i = G^-1 sqrt(w_i) phi(x_i) / n
// U enters both, with opposite signs: residuals are small where the fit has followed them too far. It has mean
// 0 and no correlation with S, so that for independent runs
//   Var(L^2 - E^2) = Var(w g^2) / n + 4 Var(U),   Var(U) = 2 sum_{i != j} E[e_i^2] E[e_j^2] (z_i' z_j)^2
// Estimated with r_i^2 / (1 - h_i) for w g^2 in the first term and (r_i / (1 - h_i))^2 for e_i^2 in the second
// (HC2 and HC3 of J. MacKinnon and H. White, J. Econometrics 29, 1985); the variance of a degenerate U-statistic
// is W. Hoeffding's (Ann. Math. Statist. 19, 1948). The first term alone, the spread of the n terms, leaves out
// the second, of relative size 8 m / n, and covers in 0.76 to 0.94 of designs rather than 0.95. For
// independent runs and n >= 10 m the error's intervals of +- 1.96 cover in 0.93 to 0.99 (measured on five
// functions); with 4 m runs, where lambda_min varies much, in 0.87 to 0.96. Runs that repel each other
// (dpp_repeat) spread less than the formula knows: 0.95 to 0.99. Where a fit was chosen for its least L, as the
// adaptive one is, L is too small by what the choice gained, which the error does not include.
#pragma once

#include <optional>
#include <vector>

#include "lehr/sample/function_space.hpp"

namespace lehr::sample {

struct Certificate {
  Index runs = 0, functions = 0;
  double lambda_min = 0, lambda_max = 0;  // of G
  double christoffel_max = 0;             // largest k(x_i)
  double weight_max = 0;
  double sup_factor = 0;                // the factor above in the sup norm; infinite where lambda_min is 0
  std::optional<double> kernel_factor;  // and in the RKHS, where the space has a kernel

  double condition() const { return lambda_min > 0 ? lambda_max / lambda_min : INFINITY; }
};

// Of a design with these points (d x n) and weights.
Certificate certify(const FunctionSpace& space, const Points& points, const Eigen::VectorXd& weights);

// G of the first `leading` functions, and its least eigenvalue, which rounding cannot make negative.
Eigen::MatrixXd empirical_gram(const Eigen::MatrixXd& features, const Eigen::VectorXd& weights,
                               Index leading);
double least_eigenvalue(const Eigen::MatrixXd& gram);

// The fit of one output.
struct Fit {
  Eigen::VectorXd coefficients;  // of phi_1 .. phi_m
  double residual = 0;           // |y - f_hat|_n
  double leave_one_out = 0;  // estimate of |f - f_hat|; NaN where a run has leverage 1, as all have for n = m
  double leave_one_out_error = 0;  // of leave_one_out - |f - f_hat|, as above
};

// Whether n runs determine m coefficients: no diagonal element of R in sqrt(w) phi' = Q R is below 1e-13 of the largest.
bool determines_a_fit(const Eigen::MatrixXd& features, const Eigen::VectorXd& weights);

// `features`: m x n, `weights`: n, `values`: outputs x n. One Fit for each output. Throws InvalidInput for n
// < m, sizes that do not fit, values that are not finite (naming how many), and a design that does not
// determine the coefficients.
std::vector<Fit> weighted_least_squares(const Eigen::MatrixXd& features, const Eigen::VectorXd& weights,
                                        const Eigen::MatrixXd& values);

// Values of the fit at points: f_hat(x_i).
Eigen::VectorXd evaluate_fit(const FunctionSpace& space, const Eigen::VectorXd& coefficients,
                             const Points& points);

}  // namespace lehr::sample
