// The proposal of adaptive importance sampling: a mixture of one component per expectation and, in part, of
// the start law,
//
//   q = (1 - e) sum_j alpha_j g_j + e h_0
//
// and the estimators that go with it. The components are control variates too, since each integrates to
// exactly 1:
//
//   I_j = 1/n sum_i (f_j phi_j - beta_j g_j)(x_i) / q(x_i) + beta_j,   x_i ~ q
//
// Without components q = h_0 and beta has no part.
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/state_io.hpp"
#include "lehr/sample/expectation_problem.hpp"
#include "lehr/sample/normal_mixture.hpp"

namespace lehr::sample {

struct Proposal {
  std::vector<NormalMixture> components;  // g_1 .. g_K; an empty mixture is a component that is 0
  Eigen::VectorXd alpha, beta;            // K each
  double defensive = 1;                   // e

  bool is_start() const { return components.empty(); }

  // n x K: column j is ln g_j; in parallel.
  Eigen::MatrixXd log_components(const Points& points) const;
  // ln q from the components' and the start law's log-densities.
  Eigen::VectorXd log_density(const Eigen::MatrixXd& log_components, const Eigen::VectorXd& log_start) const;
  // d x count points of this step's streams.
  Eigen::MatrixXd sample(const ExpectationProblem& problem, const Moment& now, Index count) const;
  // n x K: g_j / q, the control variates. 0 where there are no components.
  Eigen::MatrixXd control_variates(const Eigen::MatrixXd& log_components,
                                   const Eigen::VectorXd& log_density) const;

  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    Packed packed = pack();
    visit(name + ".sizes", packed.sizes);
    visit(name + ".weights", packed.weights);
    visit(name + ".means", packed.means);
    visit(name + ".covariances", packed.covariances);
    visit(name + ".alpha", alpha);
    visit(name + ".beta", beta);
    visit(name + ".defensive", defensive);
    if constexpr (std::is_same_v<Visitor, StateReader>) unpack(packed);
  }

 private:
  // The components as numbers: mixture j has sizes[j] normal laws, whose means and covariances follow each
  // other as columns.
  struct Packed {
    std::vector<std::int64_t> sizes;
    std::vector<double> weights;
    Eigen::MatrixXd means, covariances;
  };
  Packed pack() const;
  std::vector<std::vector<Index>> shares_of(const Eigen::VectorXd& lots) const;
  void unpack(const Packed& packed);
};

}  // namespace lehr::sample
