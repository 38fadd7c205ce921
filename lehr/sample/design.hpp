// Designs: where to run a model, and with which weights, so that least squares in a space of m functions is
// stable.
//
//   optimal_iid   n independent points of nu = (1 - s) nu_m + s mu. For s = 0,
//                 P(lambda_min(G) < 1 - delta) <= m exp(-n c(delta) / m)
//   dpp           n = m points of the projection DPP (projection_dpp.hpp)
//   volume        density ~ det(A' A) with respect to nu^n: m points of the DPP and n - m independent ones of
//                 nu, shuffled. The fit is unbiased, E[G^-1] = n / (n - m + 1) I
//   dpp_repeat    independent DPPs of m points each; fewest points in practice (not unbiased). Where m does not
//                 divide n, the last is the DPP of the space of the first n mod m functions, or part of a full
//                 DPP, or independent points
//
//   G = (1 / n) sum_i w_i phi(x_i) phi(x_i)'
//
// w is 1 over the density, with respect to mu, of the law of the points (of nu for volume): w <= 1 / s, and
// E[G] = I but for volume with s > 0, which its unbiased fit does not need.
//
// Sources: A. Cohen and G. Migliorati, "Optimal weighted least-squares methods", 2017 (iid); M. Derezinski,
// M. Warmuth and D. Hsu, "Unbiased estimators for random design regression", 2022 (volume); A. Nouy and B.
// Michel, "Weighted least-squares approximation with determinantal point processes and generalized volume
// sampling", arXiv:2312.14057, 2023. Cost: that of the DPPs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lehr/core/options.hpp"
#include "lehr/sample/projection_dpp.hpp"

namespace lehr::sample {

struct DesignOptions {
  std::string kind = "dpp_repeat";
  std::int64_t n = 0;
  double mixing = 0;
  std::string remainder = "subspace";

  // n, mixing and remainder; `kind` (one of design_kinds()) is described by whoever offers it.
  void describe(OptionTable& table);
};

// The kinds that draw_design knows.
const std::vector<std::string>& design_kinds();

struct Design {
  Eigen::MatrixXd points;   // d x n
  Eigen::VectorXd weights;  // n
  std::vector<std::int64_t>
      batches;  // n: which independent draw a point belongs to, from 0; 0 for all where n points are one draw
  std::vector<DppStep> steps;  // of the DPPs, one after another
};

// The number of points where the options leave it open: m for `dpp`, else 4 m.
Index design_size(const DesignOptions& options, Index functions);

// Draws a design. `repetition` numbers independent designs of one seed; DPPs of one design run in parallel.
// Throws InvalidInput for n < m (volume, dpp_repeat), n != m (dpp), mixing other than 0 for the DPPs.
Design draw_design(const FunctionSpace& space, const DesignOptions& options, Seed seed,
                   std::uint64_t repetition = 0);

// c(delta) = delta + (1 - delta) ln(1 - delta), and what it says of independent points of nu_m: a bound on
// P(lambda_min < 1 - delta), and the least n for which that bound is `failure`. delta in (0, 1], failure in
// (0, 1).
double chernoff_exponent(double delta);
double iid_failure_bound(Index functions, Index runs, double delta);
Index iid_runs(Index functions, double delta, double failure);

}  // namespace lehr::sample
