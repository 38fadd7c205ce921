// Distribution functions and quantiles of the normal, Student's t, chi-square and beta laws, in double
// precision.
//
// Source: Boost.Math (relative accuracy near 1e-15); kept behind this header so that its templates compile
// once.
#pragma once

namespace lehr::stats {

// P(Z <= z) and its inverse; `p` in [0, 1] (0 and 1 give -inf and inf), otherwise InvalidInput.
double normal_cdf(double z);
double normal_quantile(double p);

// Student's t with `freedom` > 0 degrees of freedom (not necessarily whole); quantile as for the normal law.
double student_t_cdf(double t, double freedom);
double student_t_quantile(double p, double freedom);
// P(|T| >= |t|), accurate in the far tail.
double student_t_two_sided(double t, double freedom);

// P(X >= x) of the chi-square law with `freedom` > 0 degrees of freedom; x >= 0.
double chi_square_tail(double x, double freedom);

// Quantile of the beta law with shapes a, b > 0; `p` in [0, 1].
double beta_quantile(double p, double a, double b);

}  // namespace lehr::stats
