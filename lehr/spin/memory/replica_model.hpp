// The mean-field spin models whose replica theory this room solves: dense (many-body) Hopfield networks,
// Ising p-spin glasses, their mixtures, and the pairwise Hopfield network.
//
//   dense    H = -N^(1-P) sum_mu e_P(xi^mu_1 s_1, ..., xi^mu_N s_N), K = load N^(P-1) patterns, e_P the
//   elementary
//            symmetric polynomial: one condensed pattern gives the signal field m^(P-1) / (P-1)!, the others
//            Gaussian couplings of variance J^2 = 2 load / P!
//   p-spin   H = -sum J_{i1..iP} s_{i1} ... s_{iP} with variance J^2 P! / (2 N^(P-1)); no signal
//   hopfield H = -(1/N) sum_{mu, i<j} xi^mu_i xi^mu_j s_i s_j, K = load N: the noise is the determinant of
//   Amit,
//            Gutfreund and Sompolinsky (1987) in place of a power of the overlap
//
// Everything is a function of m, q1, the response C = beta (1 - q2), mu = beta theta and T, which stays
// finite as T -> 0: with L(x) = beta(1 - q2^P) = C (1 + q2 + ... + q2^(P-1)) the noise adds to A / beta = -f
//   (J^2/4) [L + mu (q2^P - q1^P)] - (1/2) [v2 C + mu (v2 q2 - v1 q1)],     v(q) = J^2 P q^(P-1) / 2.
// Source: E. Gardner, "Spin glasses with p-spin interactions", 1985; L. Albanese, F. Alemanno, A.
// Alessandrelli and A. Barra, "Replica symmetry breaking in dense neural networks", 2022. Temperature is in
// units of the couplings.
#pragma once

#include <optional>
#include <vector>

namespace lehr::spin {

// One order of interaction: adds signal * m^(P-1) / (P-1)! to the field and `variance` = J_P^2 to the noise.
struct Interaction {
  int order = 2;        // P >= 2
  double signal = 0;    // 1 for a dense network, 0 for a glass
  double variance = 0;  // J_P^2 >= 0
};

// The order parameters of one-step replica symmetry breaking. Replica symmetry is q1 = q2 with mu = 0.
struct OrderParameters {
  double m = 0;         // overlap with the condensed pattern (magnetisation for a glass), in [-1, 1]
  double q1 = 0;        // overlap between states, in [0, q2]
  double response = 0;  // C = (1 - q2) / T >= 0; finite at T = 0, where q2 = 1
  double q2(double temperature) const { return 1 - response * temperature; }
};

// What the uncondensed patterns (or random couplings) do to one spin and to the free energy.
struct NoiseTerms {
  double variance1 = 0;  // v1 of the field, common to all states
  double variance2 = 0;  // v2 - v1, of the field within a state
  double pressure = 0;   // their part of A / beta
  double slope = 0;      // d(pressure) / d(mu) at fixed overlaps and fields
  double energy = 0;     // their part of the energy per spin
};

class ReplicaModel {
 public:
  // order in [2, 100], load >= 0. At order 2 the couplings are treated as independent: `hopfield` is exact
  // there.
  static ReplicaModel dense(int order, double load);
  static ReplicaModel p_spin(int order, double strength = 1);  // order in [2, 100], J = strength >= 0
  static ReplicaModel sk(double strength = 1) { return p_spin(2, strength); }
  static ReplicaModel hopfield(double load);
  // Any mixture; throws InvalidInput for orders outside [2, 100] or numbers that are negative or not finite.
  static ReplicaModel mixture(std::vector<Interaction> interactions);

  // The same model in a uniform field along the condensed pattern.
  ReplicaModel with_field(double field) const;

  double field(double m) const;          // sum signal m^(P-1) / (P-1)! + external field
  double signal_excess(double m) const;  // sum signal (P-1) m^P / P!, what A / beta loses to double counting
  double signal_energy(double m) const;  // -sum signal m^P / P! - field m
  NoiseTerms noise(const OrderParameters& order, double temperature, double mu) const;

  // d v / d q at q2, the factor of E beta^2 sech^4 in the stability eigenvalues.
  double stiffness(const OrderParameters& order, double temperature) const;
  // The limit T -> 0 of the entropy at response C: -v'(1) C^2 / 4, or Hopfield's logarithm.
  double zero_temperature_entropy(double response) const;
  // Field variance at q = 1 (for scales), without response.
  double full_variance() const;
  // A state with q1 = 0, q2 > 0 is consistent: no field, no pair interactions in the noise.
  bool first_order_glass() const;
  bool has_signal() const;
  bool soft() const { return soft_load_.has_value(); }
  double soft_load() const { return soft_load_.value_or(0); }
  double external_field() const { return field_; }
  const std::vector<Interaction>& interactions() const { return interactions_; }

 private:
  NoiseTerms gaussian_noise(const OrderParameters& order, double temperature, double mu) const;
  NoiseTerms hopfield_noise(const OrderParameters& order, double temperature, double mu) const;

  std::vector<Interaction> interactions_;
  std::optional<double> soft_load_;  // of the pairwise Hopfield network
  double field_ = 0;
};

// The two ways to write load and noise: (T, load) of this library, and (1 / beta', gamma) of the papers,
// beta' = 2 beta / P! and gamma = load P! / 2.
double gamma_of_load(int order, double load);
double load_of_gamma(int order, double gamma);
double primed_temperature(int order, double temperature);    // 1 / beta'
double unprimed_temperature(int order, double temperature);  // its inverse

}  // namespace lehr::spin
