// Multitasking associative memory: Hebbian networks of patterns with blanks, which retrieve several patterns at
// once because the spins that one pattern leaves blank are free for the next.
//
//   storing       H = -1/(2N) sum_mu sum_{i != j} xi^mu_i xi^mu_j s_i s_j
//   supervised    the same with the mean of each pattern's examples in place of xi
//   unsupervised  H = -1/(2NM) sum_{mu, a} sum_{i != j} eta^{mu,a}_i eta^{mu,a}_j s_i s_j, M examples a pattern
//
// normalise = information divides H by R (1 - d), the mean square of an entry of the mean examples, which
// rescales the temperature. The couplings are never formed: kept are the overlaps o_d = X_d . s of the stored
// rows, and the field on spin i is X_i . o - |X_i|^2 s_i. Rows hold whole numbers (sums of examples), so the
// overlaps are exact. Cost per proposal O(rows): K, or K M when unsupervised.
//
// A field of exactly 0 (a spin that all patterns leave blank, a tie) leaves the spin as it is at T = 0; at T > 0
// heat bath draws it at random. Source: Agliari, Alessandrelli, Barra and Ricci-Tersenghi, "Parallel learning by
// multitasking neural networks", J. Stat. Mech. 113401 (2023).
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/spin/flip_model.hpp"
#include "lehr/spin/memory/sparse_patterns.hpp"

namespace lehr::spin {

// A flip model: H(s) = -(gain / 2N) sum_d weight_d [(X_d . s)^2 - |X_d|^2].
class HebbianOverlaps {
 public:
  struct Configuration {
    Spins spins;
    Eigen::VectorXd overlaps;  // X s
  };

  // `rows` (rows x spins) hold whole numbers of magnitude below 2^24; one weight per row.
  HebbianOverlaps(Eigen::MatrixXf rows, Eigen::VectorXd weights, double gain);

  Index size() const { return static_cast<Index>(rows_.cols()); }
  Configuration configuration(std::span<const std::int8_t> spins) const;
  double energy(const Configuration& c) const;
  // What spin i feels, without itself; flipping it costs 2 s_i field.
  double field(const Configuration& c, Index i) const {
    const double all = rows_.col(i).cast<double>().dot(weights_.cwiseProduct(c.overlaps));
    return scale_ * (all - own_(i) * c.spins[static_cast<std::size_t>(i)]);
  }
  double flip_cost(const Configuration& c, Index i) const {
    return 2.0 * c.spins[static_cast<std::size_t>(i)] * field(c, i);
  }
  void flip(Configuration& c, Index i) const {
    std::int8_t& spin = c.spins[static_cast<std::size_t>(i)];
    c.overlaps += (-2.0 * spin) * rows_.col(i).cast<double>();
    spin = static_cast<std::int8_t>(-spin);
  }

 private:
  Eigen::MatrixXf rows_;
  Eigen::VectorXd weights_, own_;  // own_: sum_d weight_d X_di^2
  double scale_, diagonal_;        // gain / N; sum of own_
};

// What the network is made of: patterns, or examples with the pattern each belongs to.
struct MultitaskingData {
  SparsePatterns patterns;           // K x N; empty where only examples are known
  SparsePatterns examples;           // rows x N; empty when storing
  std::vector<std::int32_t> labels;  // of the examples, 0 .. K - 1; empty: unknown
};

struct MultitaskingOptions {
  std::string learning = "storing";
  std::string normalise = "none";
  Schedule temperature = 0.02;
  Schedule revealed = 1;
  std::string dynamics = "heat-bath";
  std::string order = "random";
  std::string start = "hierarchical";
  std::int64_t pattern = 1;

  void describe(OptionTable& table);
};

class MultitaskingHebbian {
 public:
  struct State {
    std::shared_ptr<const HebbianOverlaps> network;
    HebbianOverlaps::Configuration configuration;
    std::int64_t revealed = 0;       // rows of `examples` that count
    std::int64_t network_rows = -1;  // of which `network` was made
    std::int64_t sweeps = 0, accepted = 0;
    double temperature = 0;
  };

  // Throws InvalidInput for data that do not fit together or options out of range.
  MultitaskingHebbian(MultitaskingData data, MultitaskingOptions options);

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  // temperature, energy (H / N), accepted, m_1 .. m_K (overlaps with the references), loss_plus_k and
  // loss_minus_k (|xi -+ s|^2 / N), and identity: how far -1/2 sum m^2 is from -1/8 sum [(1 + c)^2 - L+ L-],
  // c the share of signs in the pattern.
  void measure(const State& state, Row& row) const;

  // The patterns, or the signs of the labelled examples' means: what overlaps are measured against. K x N; the
  // examples themselves where their labels are unknown.
  const SparsePatterns& references() const { return references_; }
  // m_mu = xi^mu . s / N.
  Eigen::VectorXd overlaps(const State& state) const;

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    visit("spins", state.configuration.spins);
    visit("overlaps", state.configuration.overlaps);
    visit("revealed", state.revealed);
    visit("sweeps", state.sweeps);
    visit("accepted", state.accepted);
    visit("temperature", state.temperature);
    if (state.network_rows != state.revealed) rebuild(state);
  }

 private:
  void rebuild(State& state) const;
  std::int64_t revealed_rows(double share) const;
  double information(const SparsePatterns& rows, const std::vector<std::int32_t>& labels) const;
  Spins first_spins(Stream random) const;

  MultitaskingData data_;
  MultitaskingOptions options_;
  SparsePatterns references_;
};

}  // namespace lehr::spin
