// Draws from a smooth density on an interval by inverting its distribution function, to rounding error.
//
// On each panel the density is its Legendre series of 16 terms, sum_k c_k P_k(t), whose integral is known in
// closed form,
//   F(t) = c_0 (t + 1) + sum_{k >= 1} c_k (P_{k+1}(t) - P_{k-1}(t)) / (2 k + 1),   t in [-1, 1],
// and F(t) = u is solved by Newton's method inside a shrinking bracket. Cost: O(log panels) and about five
// evaluations of the series a draw. A density with half a period on a panel is met to 1e-14.
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

namespace lehr::sample {

class InverseCdf {
 public:
  static constexpr int nodes_of_panel = 16;
  // The places in [a, b] where the density must be given: Gauss-Legendre nodes.
  static std::vector<double> nodes(double a, double b);

  // `breaks`: ascending ends of the panels; `density`: at the nodes of the panels, one after another, not
  // below 0, in any unit. Throws NumericalFailure where the integral is not positive and finite.
  InverseCdf(std::span<const double> breaks, std::span<const double> density);

  double total() const { return cumulative_.back(); }  // the integral of the density
  // The point below which lies the share `u` in [0, 1) of the integral.
  double operator()(double u) const;

 private:
  std::vector<double> breaks_, cumulative_;  // cumulative_[i]: integral up to breaks_[i]
  Eigen::MatrixXd series_;                   // c_k of each panel, a column each
};

}  // namespace lehr::sample
