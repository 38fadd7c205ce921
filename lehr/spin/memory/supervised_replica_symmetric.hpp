// The replica-symmetric theory of dense Hebbian networks that learn from labelled noisy examples: what overlap m with
// the archetypes a data set of given size and quality buys, before any training.
//
//   h = x s^(P-1)/(P-1)! + y sqrt(load q^(P-1)/(P-1)!),   x = (1 + sqrt(rho) z) / sqrt(1 + rho)
//   m = E tanh beta h,   q = E tanh^2 beta h,   s = E x tanh beta h = [m + rho S beta (1 - q)] / sqrt(1 + rho)
//   A = E ln 2 cosh beta h - beta (P-1)/P! s^P + (beta^2 load / (2 P!)) (1 - P q^(P-1) + (P-1) q^P)
//
// with S = s^(P-1) / ((P-1)! sqrt(1 + rho)), z and y standard normal. At finite M, x takes M + 1 values with binomial
// weights ("exact"). load = 0 and T = 0 give the learning law m = erf(1 / sqrt(2 rho)), or E sgn chi_bar. Noise of
// standard deviation tau on every entry of the tensor adds tau^2 / N^(P-1) to the load (ultra-detection). Source: E.
// Agliari, L. Albanese, F. Alemanno, A. Alessandrelli, A. Barra, F. Giannotti, D. Lotito and D. Pedreschi, "Dense
// Hebbian neural networks: a replica symmetric picture of supervised learning", 2023. Cost about 1 ms a point, times
// the number of binomial values that matter for "exact".
#pragma once

#include <cstdint>
#include <optional>

#include "lehr/spin/memory/replica_point.hpp"

namespace lehr::spin {

enum class ExampleLaw { gaussian, exact };

// A data set as the theory sees it: rho alone, or M examples of quality r where their exact law matters.
struct DataSet {
  double rho = 0;
  std::optional<std::int64_t> examples;  // with `quality`: the exact binomial law
  double quality = 1;

  static DataSet entropy(double rho);  // rho >= 0
  static DataSet of(double quality, std::int64_t examples, ExampleLaw law);
};

struct SupervisedPoint {
  double temperature = 0;
  double m = 0;  // overlap with the archetype
  double s = 0;  // overlap with the training mean
  double n = 0;  // s / sqrt(1 + rho), the papers' n
  double q = 0;
  double pressure = 0, free_energy = 0, energy = 0, entropy = 0;
  double stability = 0;  // stable below 1
  bool exists = false, converged = false;
  int iterations = 0;
  Phase phase() const;
};

// The solution at load >= 0 and temperature >= 0 that is reached from s = q = 1 (retrieval) or s = 0 (glass). Throws
// InvalidInput for other values.
SupervisedPoint supervised_replica_symmetric(int order, double load, double temperature, const DataSet& data,
                                             Branch branch = Branch::retrieval);

// load + tau^2 / N^(P-1).
double effective_load(double load, double tensor_noise, int order, double sites);

// Lines of the phase diagram. The largest load with retrieval at T = 0, closed form for the Gaussian law:
//   max over a of n(a)^(2(P-1)) (1 + rho)^(-P) / ((P-1)! a^2),  a = S / sqrt(v).
double supervised_capacity(int order, double rho);
// The largest rho with a retrieval state at T = 0 and this load; nothing when even rho = 0 has none, infinity when every
// rho has one (at small loads the training means are retrieved however little they know of the archetypes). load > 0.
std::optional<double> largest_entropy(int order, double load);
// The largest temperature with retrieval, to a relative 1e-6; nothing when there is none at T = 0.
std::optional<double> largest_temperature(int order, double load, const DataSet& data);

// The fewest examples of quality r whose theory reaches the overlap `target` in (0, 1); nothing when `at_most` do not.
std::optional<std::int64_t> how_many_examples(double target, int order, double load, double temperature,
                                              double quality, ExampleLaw law,
                                              std::int64_t at_most = 1'000'000'000);

}  // namespace lehr::spin
