// Plefka's mean-field dynamics of a dense Hebbian network: magnetisations m_i in place of spins, all sites at once,
//
//   m_i <- (1 - kappa) m_i + kappa tanh(beta [h_i(m) - O_i]),   h_i = sum_mu x^mu_i e_{P-1}(x^mu m without site i)
//   O_i = beta (load / (P-2)!) q^(P-2) (1 - q) m_i,             q = (1/N) sum m_i^2
//
// O is Onsager's reaction term, the second order of Plefka's expansion. One step passes over the stored patterns once,
// O(N K P); under 30 steps where Monte Carlo needs hundreds of sweeps. Source: T. Plefka, "Convergence condition of the
// TAP equation for the infinite-ranged Ising spin glass model", 1982; E. Agliari et al., 2023.
#pragma once

#include <Eigen/Core>
#include <cstdint>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/spin/memory/dense_hebbian_supervised.hpp"

namespace lehr::spin {

struct PlefkaOptions {
  Schedule temperature = 0.05;
  Schedule damping = 0.5;
  double tolerance = 1e-6;
  bool onsager = true;

  void describe(OptionTable& table) {
    table.add("temperature", temperature,
              "temperature of each step, at least 0; at 0 m_i is the sign of its field");
    table.add("damping", damping, "kappa: share of each step that is taken, in (0, 1]");
    table.add("tolerance", tolerance, "a read ends when no magnetisation changes by more than this").above(0);
    table.add("onsager", onsager, "subtract the reaction term");
  }
};

class Plefka {
 public:
  struct State {
    Eigen::MatrixXd magnetisations;   // N x reads
    std::vector<double> residuals;    // largest |change| of the last step, by read
    std::vector<std::int64_t> steps;  // steps that each read took
  };

  // Reads start from the columns of `cues`, N x reads, entries in [-1, 1]. `network` must outlive this.
  Plefka(const DenseHebbianSupervised& network, PlefkaOptions options, Eigen::MatrixXd cues);

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const;
  // residual (largest), q (mean over reads), steps (mean)
  void measure(const State& state, Row& row) const;
  // sign m, N x reads.
  Eigen::MatrixXd signs(const State& state) const;

  template <class Visitor, class AnyState>
  void fields(Visitor& visit, AnyState& state) const {
    visit("magnetisations", state.magnetisations);
    visit("residuals", state.residuals);
    visit("steps", state.steps);
  }

 private:
  double step(Eigen::Ref<Eigen::VectorXd> m, double temperature, double damping) const;

  const DenseHebbianSupervised* network_;
  PlefkaOptions options_;
  Eigen::MatrixXd cues_;
  double load_;
};

// How far from Gaussian the noise on an archetype is at finite size: the fields of the other patterns on the sites of
// each of the first `targets` patterns' signs, standardised. Excess kurtosis 0 and a small distance are what the theory
// assumes.
struct PostSynapticTest {
  double mean = 0, deviation = 0;  // of the noise along the pattern
  double excess_kurtosis = 0;
  double distance = 0, p = 0;  // Kolmogorov-Smirnov against the normal law with this mean and deviation
};
PostSynapticTest post_synaptic_test(const DenseHebbianSupervised& network, const SignPatterns& archetypes,
                                    std::int64_t targets);

}  // namespace lehr::spin
