// Mean-field theory of the multitasking associative memory (multitasking_hebbian.hpp), exact for few patterns
// and many spins: which patterns are raised together, how strongly, and how many examples that takes.
//
// Order parameters n_mu, overlaps with the stored (mean) examples, and m_mu, with the patterns:
//   n_mu = E[eta_mu t],   m_mu = E[xi_mu t],   t = tanh(sum_nu n_nu eta_nu / T)   (T = 0: the sign, 0 for 0).
// Storing: eta = xi. Learning from M examples of quality r: eta = xi (r + s z) with z normal and s^2 = (1 - r^2) /
// M, or a binomial mean exactly. With and without a teacher the fixed points are the same at low load. The free
// energy per spin f = sum n^2 / 2 - T E ln 2 cosh(n . eta / T) is stationary at them (the literature's A is -f /
// T); a fixed point is stable where its Hessian is positive definite.
//
// The average over the 3^K kinds of spins is exact, halved by the symmetry xi -> -xi: O(K 3^K) per iteration.
// Regimes: at T -> 0 and mild dilution d the hierarchical m_mu = (1 - d) d^(mu - 1), while each amplitude beats
// the sum of the weaker ones, 1 - 2d + d^K > 0; at strong dilution the parallel one, all |m_mu| equal.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/spin/memory/sparse_patterns.hpp"

namespace lehr::spin {

// The kinds of spins: what each pattern and each mean example is at a spin of the kind, and how often it occurs.
struct NeuronClasses {
  Eigen::MatrixXd patterns;  // K x C, entries -1, 0, 1
  Eigen::MatrixXd examples;  // K x C: the mean example's mean value
  Eigen::VectorXd weights;   // C, sum to 1
  double noise = 0;          // standard deviation of the mean examples' entries that are not blank
  Eigen::Index count() const { return patterns.rows(); }
};

// Independent entries; one dilution in [0, 1) per pattern. At most 10^6 kinds, otherwise InvalidInput.
NeuronClasses storing_classes(std::span<const double> dilutions);
// The kinds of spins of given patterns, with their shares.
NeuronClasses empirical_classes(const SparsePatterns& patterns);
// `samples` spins drawn at random, for many patterns.
NeuronClasses sampled_classes(std::span<const double> dilutions, std::int64_t samples, Stream random);
// The same kinds learnt from `examples` examples per pattern (a real number >= 1) of quality in (0, 1], with
// normal noise.
NeuronClasses learnt_classes(NeuronClasses classes, double quality, double examples);
// Binomial noise, exactly: (2 M + 3)^K kinds, at most 10^6.
NeuronClasses binomial_classes(std::span<const double> dilutions, double quality, std::int64_t examples);

struct MultitaskingPoint {
  Eigen::VectorXd n, m;
  double free_energy = 0;
  double softest = 0;  // smallest eigenvalue of the free energy's Hessian; negative: unstable
  int iterations = 0;
  bool converged = false;
  bool stable() const { return softest > 0; }
};

struct MeanFieldOptions {
  double damping = 0.7;
  double tolerance = 1e-10;
  int max_iterations = 20000;
};

// The fixed point that the damped iteration reaches from `start` (n, size K). Throws InvalidInput for a
// temperature below 0 or a start of another size.
MultitaskingPoint solve_multitasking(const NeuronClasses& classes, double temperature,
                                     const Eigen::VectorXd& start, const MeanFieldOptions& options = {});
// The free energy per spin, its Hessian's smallest eigenvalue and the map's value m at any n.
MultitaskingPoint multitasking_at(const NeuronClasses& classes, double temperature, const Eigen::VectorXd& n);

// (1 - d_mu) prod_(nu < mu) d_nu.
Eigen::VectorXd hierarchical_amplitudes(std::span<const double> dilutions);

enum class Regime { ergodic, pure, hierarchical, parallel };
const char* name(Regime regime);

// The stable fixed point of lower free energy among those reached from the hierarchical, the symmetric and the
// pure start, with |m| descending.
struct RegimePoint {
  Regime regime = Regime::ergodic;
  MultitaskingPoint point;
};
RegimePoint multitasking_regime(const NeuronClasses& classes, double temperature);

// The dilution above which the hierarchical amplitudes are no fixed point at T = 0, by bisection to `tolerance`;
// nothing when they always are (K = 2). patterns in [2, 12].
std::optional<double> critical_dilution(Index patterns, double tolerance = 1e-4);

// Means and standard errors over `batches` independent sets of sampled kinds: the answer for many patterns.
struct SampledPoint {
  Eigen::VectorXd m, standard_error;
};
SampledPoint solve_sampled(std::span<const double> dilutions, double temperature, std::int64_t samples,
                           int batches, Seed seed);

// One step of the zero-temperature dynamics from the state with overlaps m that knows nothing of the examples'
// noise: kappa, mean over spread of the field along xi_mu on the spins of each kind, and the next overlaps.
struct SignalToNoise {
  Eigen::VectorXd next;   // K: E[xi_mu erf(kappa / sqrt 2)]
  Eigen::VectorXd kappa;  // per kind: |field| / spread, infinite without noise
};
SignalToNoise signal_to_noise(const NeuronClasses& classes, const Eigen::VectorXd& m);

// The least number of examples per pattern with which every overlap is within `tolerance` of what endless
// examples would give, found by bisection; nothing when 2^40 do not suffice. Noise lowers the strongest overlaps
// and raises the weakest, so both count.
std::optional<std::int64_t> examples_needed(std::span<const double> dilutions, double quality,
                                            double tolerance, double temperature);

}  // namespace lehr::spin
