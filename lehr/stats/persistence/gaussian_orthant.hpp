// Orthant probabilities of a Gaussian vector by separation of variables and quasi-Monte Carlo:
//
//   P(Z_i > b_i for all i),   Z = L y with the Cholesky factor L,   y_i > (b_i - sum_{j<i} L_ij y_j) / L_ii
//
// Each y_i in turn is drawn from its conditional law by inverting it at a coordinate of a point in the unit
// cube, and the product of the conditional probabilities is averaged over points. Variables are taken in the
// order in which their bounds bind: next comes the one whose conditional probability is least where the
// earlier ones have their conditional means. Those that the earlier ones determine count as indicators at the
// end, so that nearly singular covariances are fine. Cost of a point: m^2 / 2 multiplications, m normal
// distribution functions and quantiles.
//
// Sources: A. Genz, "Numerical computation of multivariate normal probabilities", 1992; G. Gibson, C. Glasbey
// and D. Elston, "Monte Carlo evaluation of multivariate normal integrals and sensitivity to variate
// ordering", 1994 (the order). Points are Sobol's, shifted digitally.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lehr/core/random.hpp"

namespace lehr::stats {

class GaussianOrthant {
 public:
  // `covariance` m x m, symmetric; `typical` are bounds b that decide the order, `resolution` is the rounding
  // error of the entries: what is left of a variance below it (or below 1e-14 of the variance) is nothing.
  // Throws InvalidInput for m outside [1, 200], other sizes, entries that are not finite or a variance that
  // is not positive.
  GaussianOrthant(const Eigen::MatrixXd& covariance, std::span<const double> typical, double resolution = 0);

  std::int64_t size() const { return size_; }
  // The product of the conditional probabilities at the point `cube` (m coordinates in (0, 1)) for the bounds
  // `lower` (m). `work` is overwritten, so that a loop need not allocate.
  double at(std::span<const double> lower, std::span<const double> cube, std::vector<double>& work) const;

 private:
  std::int64_t size_;
  std::vector<double> factor_;      // rows of L, each divided by its diagonal, one after the other
  std::vector<double> deviation_;   // the diagonal of L; 0: determined by the earlier ones
  std::vector<std::size_t> order_;  // the variable of each row
};

// The points of Sobol's sequence, the first one included, with the random bits of one draw per coordinate
// added to each modulo 2. Power-of-two numbers of them are the most even.
class ShiftedSobol {
 public:
  ShiftedSobol(std::int64_t dimension, Stream random);  // dimension in [1, 256], otherwise InvalidInput
  ~ShiftedSobol();
  ShiftedSobol(const ShiftedSobol&) = delete;
  ShiftedSobol& operator=(const ShiftedSobol&) = delete;
  // The next point, its coordinates in (0, 1).
  void next(std::span<double> coordinates);

 private:
  struct Sequence;
  std::unique_ptr<Sequence> sequence_;
};

struct OrthantProbability {
  double value, standard_error;
};
// The mean over `shifts` (>= 2) random shifts of `points` (>= 1) points each; in parallel over the shifts.
OrthantProbability orthant_probability(const Eigen::MatrixXd& covariance, std::span<const double> lower,
                                       std::int64_t points, std::int64_t shifts, Seed seed);

}  // namespace lehr::stats
