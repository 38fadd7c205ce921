// The dense (many-body, "modern") Hopfield network as a flip model:
//
//   H(s) = -N^(1-P) sum_mu sum_{i1 < ... < iP} xi^mu_{i1} ... xi^mu_{iP} s_{i1} ... s_{iP} = -N^(1-P) sum_mu K_P(d_mu; N)
//
// with d_mu the number of sites at which s and pattern mu disagree and K_P the Krawtchouk polynomial (krawtchouk.hpp).
// No tensor is formed and no index repeats: M^P in place of K_P would add self-terms that destroy the memory. A flip
// of s_i moves d_mu by xi^mu_i s_i = e, and K(d + e) - K(d) = even(d) + e odd(d), so that its cost is a sum that is
// the same for all sites and one sum of the cached odd(d_mu) over the bits of plane i: one masked addition a pattern,
// in exact integers where |K(d + 1) - K(d)| < 2^27, else in doubles. An accepted flip updates d_mu and odd(d_mu).
// Source: L. Albanese, F. Alemanno, A. Alessandrelli and A. Barra, 2022; P. Baldi and S. Venkatesh, 1987.
// Memory: N K / 8 bytes, and 8 K bytes a configuration.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lehr/spin/flip_model.hpp"
#include "lehr/spin/memory/sign_patterns.hpp"

namespace lehr::spin {

class DenseHopfield {
 public:
  // 2 <= order <= patterns.sites() <= 10^7; at least one pattern. Otherwise InvalidInput.
  DenseHopfield(SignPatterns patterns, int order);

  Index size() const { return patterns_.sites(); }
  int order() const { return order_; }
  const SignPatterns& patterns() const { return patterns_; }
  // K / N^(P-1)
  double load() const;

  struct Configuration {
    Spins spins;
    std::vector<std::int32_t> disagreements;  // d_mu
    std::vector<std::int32_t> odd;            // odd(d_mu) / 2, exact path; sums over mu:
    std::int64_t odd_sum = 0, even_sum = 0;
    std::vector<double> wide_odd;  // odd(d_mu) / 2 where integers do not suffice
    double wide_even_sum = 0;

    template <class Visitor>
    void fields(Visitor& visit, const std::string& prefix) {
      visit(prefix + "spins", spins);
      visit(prefix + "disagreements", disagreements);
      visit(prefix + "odd", odd);
      visit(prefix + "odd_sum", odd_sum);
      visit(prefix + "even_sum", even_sum);
      visit(prefix + "wide_odd", wide_odd);
      visit(prefix + "wide_even_sum", wide_even_sum);
    }
  };
  // `spins` has size() entries.
  Configuration configuration(std::span<const std::int8_t> spins) const;
  double flip_cost(const Configuration& configuration, Index site) const;
  void flip(Configuration& configuration, Index site) const;

  // H, from the disagreements. O(K).
  double energy(const Configuration& configuration) const;
  // (1/N) sum_i xi^mu_i s_i of every pattern.
  std::vector<double> overlaps(const Configuration& configuration) const;
  // Exact integers are cached; nothing drifts.
  void refresh(Configuration&) const {}

 private:
  void fill_tables();
  void recount(Configuration& configuration) const;

  SignPatterns patterns_;
  int order_;
  double scale_;                    // N^(1-P)
  std::vector<double> polynomial_;  // K_P(d)
  std::vector<double> odd_, even_;  // halves of K(d+1) - K(d-1) and of K(d+1) + K(d-1) - 2 K(d)
  std::vector<std::int32_t> exact_odd_, exact_even_;  // the same in integers; empty where they do not fit
  std::int32_t largest_ = 0;                          // of |exact_odd_|
};

static_assert(FlipModel<DenseHopfield>);

}  // namespace lehr::spin
