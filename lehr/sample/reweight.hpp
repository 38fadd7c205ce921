// Expectations under a new law from points that were drawn and evaluated before, without a call of the model:
// importance sampling after the fact.
//
//   plain             I_j = 1/n sum_i w_i y_j(x_i),          w_i = f(x_i) / q(x_i)
//   self-normalised   I_j = sum_i w_i y_j(x_i) / sum_i w_i   (bias of order 1/n; q may lack its constant)
//
// q is the density of the draws, for a sample of several stages that of their mixture. Covariances are those
// of independent draws, the self-normalised one by the delta method. Source: A. Owen, "Monte Carlo theory,
// methods and examples", 2013, chapter 9.
#pragma once

#include "lehr/sample/density.hpp"
#include "lehr/sample/expectation_estimate.hpp"

namespace lehr::sample {

enum class Normalisation { plain, self };

struct Reweighted {
  ExpectationEstimate estimate;
  double effective_sample_size = 0;  // (sum w)^2 / sum w^2
  double largest_share = 0;          // of one point in sum w
  double mass = 0;                   // mean of w: near 1 where the sample covers the law
  double mass_error = 0;             // its standard error
};

// `log_density`: ln q at the points (d x n); `outputs`: m x n. Throws InvalidInput for sizes that differ,
// fewer than two points, densities that are not finite, or a law whose weights are all 0.
Reweighted reweight(const Points& points, const Eigen::Ref<const Eigen::MatrixXd>& outputs,
                    const Eigen::Ref<const Eigen::VectorXd>& log_density, const Density& law,
                    std::vector<std::string> names, Normalisation normalisation = Normalisation::plain);

}  // namespace lehr::sample
