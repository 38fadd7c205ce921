// What a perceptron with weights +1 and -1 knows after one task and after a second: the replica-symmetric
// theory of the variational field perceptron (field_perceptron.hpp) in the limit of many inputs.
//
// First task, alpha = patterns / inputs, at inverse temperature beta_T on the objective. Order parameters: q,
// overlap of two replicas' magnetisations m; q*, of one with itself; r, with the teacher.
//   E(q, r, q*) = 2 int Dz H(z r / sqrt(q - r^2)) ln int Dx H^beta_T((sqrt(q* - q) x + sqrt(q) z) / sqrt(1 - q*))
//   q^ = -2 alpha dE/dq,   r^ = alpha dE/dr,   q^* = alpha dE/dq*
//   w(m | z) ~ exp[(q^* - q^/2) m^2 + (sqrt(q^) z + r^) m + beta_T S(m)],   S the entropy of a weight
//   q = int Dz <m>^2,   r = int Dz <m>,   q* = int Dz <m^2>
// with H(u) = P(Z > u). The generalisation error of the mean predictor is arccos(r / sqrt(q)) / pi.
//
// Second task, the Franz-Parisi potential: m1 is drawn from the first task's measure, and m2 feels it through
// the prior, beta_T2 KL(m2 || m1). In m2 this is an entropy and a field, beta_T2 [S(m2) + m2 atanh(m1)], so
// that the weight sees the one number h = sqrt(q^2) x + r^2 B + beta_T2 atanh(m1), with B = +-1 the product of
// the two teachers' weights. The error on the first task afterwards is arccos(E m2 / sqrt(q2)) / pi.
//
// Cost about 1 ms per iteration of the first task and 3 ms of the second, some 30 iterations. Source: Li,
// Zhang, Huang and Hu, Phys. Rev. E 108, 014309 (2023), sections III and IV.
#pragma once

#include <Eigen/Core>
#include <cstdint>

#include "lehr/stats/quadrature.hpp"

namespace lehr::spin {

struct PerceptronOrder {
  double q = 0, r = 0, q_star = 0;
};

// Energy term and its derivatives. `inverse_temperature` is beta_T. 0 < q < q_star < 1 and r^2 < q.
struct EnergyTerm {
  double value = 0, by_q = 0, by_r = 0, by_q_star = 0;
};
EnergyTerm energy_term(const PerceptronOrder& order, double inverse_temperature,
                       const stats::Quadrature& outer, const stats::Quadrature& inner);

struct PotentialOptions {
  int hermite = 64;    // nodes of the average over z, in [8, 128]
  int centred = 32;    // nodes of the average over x around its largest term, in [8, 128]
  int legendre = 160;  // nodes of the weight's magnetisation in (-1, 1), in [32, 256]
  double damping = 0.35;
  double tolerance = 1e-9;
  int max_iterations = 3000;
};

// Averages of a magnetisation m in (-1, 1) under exp[curvature m^2 + field m + beta S(m)].
class MagnetisationMeasure {
 public:
  struct Averages {
    double mean = 0, square = 0;
    double mean_slope = 0, square_slope = 0;  // by the field
  };
  // `beta` in (0, 3000]: above, the nodes do not resolve the measure.
  MagnetisationMeasure(int nodes, double beta);
  Averages averages(double curvature, double field) const;
  // The probabilities of the nodes, which sum to 1.
  Eigen::ArrayXd probabilities(double curvature, double field) const;
  const Eigen::ArrayXd& nodes() const { return nodes_; }

 private:
  Eigen::ArrayXd nodes_, squares_, log_weights_;  // log_weights: of the rule, plus beta S
};

struct FirstTask {
  double alpha = 0, inverse_temperature = 0;
  PerceptronOrder order;
  double curvature = 0, spread = 0, field = 0;  // q^* - q^/2, sqrt(q^), r^
  double error = 0.5;
  int iterations = 0;
};

struct SecondTask {
  double alpha = 0, inverse_temperature = 0, teacher_overlap = 0;
  PerceptronOrder order;     // r: overlap with the second teacher
  double first_overlap = 0;  // with the first teacher
  double error = 0.5;        // on the second task
  double first_error = 0.5;  // on the first task, after the second
  int iterations = 0;
};

// alpha in [0, 100], beta_T in (0, 3000]; otherwise InvalidInput. Throws NumericalFailure that names the point
// when the iteration does not settle from any of its starts.
FirstTask solve_first_task(double alpha, double inverse_temperature, const PotentialOptions& options = {});
// teacher_overlap in [-1, 1].
SecondTask solve_second_task(const FirstTask& first, double alpha, double inverse_temperature,
                             double teacher_overlap, const PotentialOptions& options = {});

// arccos(overlap / sqrt(square)) / pi, in [0, 1].
double generalisation_error(double overlap, double square);

}  // namespace lehr::spin
