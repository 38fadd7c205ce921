// Laws over sequences of L symbols out of K whose conditional marginals are exact: what a perfectly trained discrete diffusion
// model would know.
//
//   evidence e_i(k)     likelihood of what is seen at position i where its clean symbol is k; 1 for all k where nothing is seen
//   marginals           p(x_i = k | evidence) ∝ sum over x with x_i = k of p(x) prod_j e_j(x_j)
//
// Markov and hidden Markov chains do this by the forward-backward recursion (Baum et al., 1970), O(L H (H + K)) with H hidden
// states; a table of all K^L probabilities by summation over the sequences that the evidence allows.
//
// Sequences are columns of doubles that hold the symbols 0 .. K - 1, so that discrete and continuous designs share one shape.
#pragma once

#include <Eigen/Core>
#include <span>
#include <string>
#include <vector>

#include "lehr/core/random.hpp"

namespace lehr::diffusion {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using ColumnRef = Eigen::Ref<const VectorXd>;

class SequencePrior {
 public:
  // p(x) = initial(x_1) prod transition(x_i, x_i+1); rows of `transition` sum to 1. Throws InvalidInput, starting with `where`, for
  // shapes that do not fit and numbers that are no probabilities (sums within 1e-6 of 1 are scaled).
  static SequencePrior markov(VectorXd initial, MatrixXd transition, Index length,
                              const std::string& where = "prior");
  // The chain is hidden; emission(h, k) is the probability of symbol k in state h.
  static SequencePrior hidden_markov(VectorXd initial, MatrixXd transition, MatrixXd emission, Index length,
                                     const std::string& where = "prior");
  // probabilities[i] of the i-th of all K^L sequences, the first symbol the most significant digit.
  static SequencePrior table(VectorXd probabilities, Index symbols, Index length,
                             const std::string& where = "prior");

  Index length() const { return length_; }
  Index symbols() const { return symbols_; }

  // K x L evidence -> K x L marginals. Where the law gives all that the evidence allows the probability 0, the evidence
  // itself, scaled.
  MatrixXd marginals(const Eigen::Ref<const MatrixXd>& evidence) const;
  // ln sum_x p(x) prod_i e_i(x_i); -infinity where the evidence is impossible.
  double log_evidence(const Eigen::Ref<const MatrixXd>& evidence) const;
  // ln p(x); -infinity where x is impossible.
  double log_probability(const ColumnRef& x) const;
  void draw(Stream& random, Eigen::Ref<VectorXd> x) const;

  // A chain, hidden or not; false for a table.
  bool is_chain() const { return probabilities_.size() == 0; }
  const VectorXd& initial() const { return initial_; }
  const MatrixXd& transition() const { return transition_; }
  const MatrixXd& emission() const { return emission_; }

 private:
  MatrixXd chain_marginals(const Eigen::Ref<const MatrixXd>& evidence) const;
  MatrixXd table_marginals(const Eigen::Ref<const MatrixXd>& evidence) const;

  Index length_ = 0, symbols_ = 0;
  bool hidden_ = false;
  VectorXd initial_;
  MatrixXd transition_, emission_;
  VectorXd probabilities_;  // of a table
};

// The chain of the relative frequencies in the sequences (symbols 0 .. K - 1), each count plus `pseudo_count`.
SequencePrior estimated_markov(std::span<const std::vector<int>> sequences, Index symbols, Index length,
                               double pseudo_count);

// The index in [0, n) of the first cumulated weight above u times the sum of all.
Index pick(const Eigen::Ref<const VectorXd>& weights, double u);

}  // namespace lehr::diffusion
