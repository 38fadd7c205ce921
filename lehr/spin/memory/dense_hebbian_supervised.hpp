// The dense Hebbian network that learns archetypes from labelled examples, as a flip model:
//
//   H(s) = -N^(1-P) sum_mu e_P(x^mu_1 s_1, ..., x^mu_N s_N),   x^mu = eta_bar^mu / sqrt(R)
//
// with eta_bar the class means (labelled_examples.hpp) and e_P the elementary symmetric polynomial (distinct indexes).
// Each pattern keeps e_1 .. e_{P-1}; without site i they are t_k = e_k - y t_{k-1}, y = x_i s_i, so that a flip costs
// 2 N^(1-P) sum_mu y t_{P-1}: P - 1 products a pattern, eight patterns at a time, for any P. With self-terms
// H = -N^(1-P) sum_mu (sum_i x^mu_i s_i)^P / P!, the cost of Krotov and Hopfield (2016), for structured data.
// x is held times N^((1-P)/P), so that nothing overflows at large P. Source: F. Alemanno, M. Aquaro, I. Kanter, A.
// Barra and E. Agliari, "Supervised Hebbian learning", 2023; E. Agliari et al., "Dense Hebbian neural networks: a
// replica symmetric picture of supervised learning", 2023. Memory: 16 N K bytes and 8 K (P - 1) a configuration.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lehr/spin/flip_model.hpp"
#include "lehr/spin/memory/labelled_examples.hpp"

namespace lehr::spin {

class DenseHebbianSupervised {
 public:
  // `x` is N x K, a stored pattern a column. 2 <= order <= min(N, 64), with self-terms order <= 100. Throws
  // InvalidInput for other orders, an empty or non-finite x, or one that needs more than 4 GiB.
  DenseHebbianSupervised(const Eigen::Ref<const Eigen::MatrixXd>& x, int order, bool self_terms = false);

  Index size() const { return size_; }
  std::int64_t patterns() const { return padded_.cols(); }
  int order() const { return order_; }
  bool self_terms() const { return self_terms_; }
  // sum_mu (mean_i (x^mu_i)^2)^P / N^(P-1): the load of patterns of unit size that makes the same noise.
  double load() const;

  struct Configuration {
    Spins spins;
    std::vector<double> elementary;  // e_1 of every pattern, then e_2, ...; with self-terms e_1 alone

    template <class Visitor>
    void fields(Visitor& visit, const std::string& prefix) {
      visit(prefix + "spins", spins);
      visit(prefix + "elementary", elementary);
    }
  };
  Configuration configuration(std::span<const std::int8_t> spins) const;
  double flip_cost(const Configuration& configuration, Index site) const;
  void flip(Configuration& configuration, Index site) const;
  // Recomputes what is cached, against rounding.
  void refresh(Configuration& configuration) const;

  double energy(const Configuration& configuration) const;  // O(N K P)
  // x^mu . s / (|x^mu| sqrt(N)) of every pattern: for patterns of +-1 the overlap.
  std::vector<double> overlaps(const Configuration& configuration) const;

  // sum_mu dH/dm_i with the sign turned: the mean field on magnetisations m (N entries), of all patterns but `except`.
  Eigen::VectorXd fields(const Eigen::Ref<const Eigen::VectorXd>& m, std::int64_t except = -1) const;

 private:
  int polynomials() const { return self_terms_ ? 1 : order_ - 1; }

  Index size_;
  Eigen::MatrixXd padded_;     // x N^((1-P)/P), a column a pattern, with zeros below row N
  std::size_t stride_;         // K padded
  std::vector<double> sites_;  // the same site by site, rows of `stride_` with zeros at the end
  Eigen::VectorXd inverse_norms_;
  int order_;
  bool self_terms_;
};

static_assert(FlipModel<DenseHebbianSupervised>);

// The stored patterns x that the protocols make of class means or examples.
//   supervised    eta_bar / sqrt(R), one a class
//   unit          eta_bar over its own root mean square: for structured data, whose classes differ in size
//   unsupervised  every example a pattern of its own, times (M R^(P/2))^(-1/P)
// R = 0 (means that are all zero) is an InvalidInput.
Eigen::MatrixXd supervised_patterns(const Eigen::Ref<const Eigen::MatrixXd>& means);
Eigen::MatrixXd unit_patterns(const Eigen::Ref<const Eigen::MatrixXd>& means);
Eigen::MatrixXd unsupervised_patterns(const LabelledExamples& examples, int order);

}  // namespace lehr::spin
