// The law of a pool of points that were drawn from different laws, and the weights that make the pool fit for
// least squares.
//
//   h(x) = sum_t (n_t / n) [(1 - s_t) k_{m_t}(x) / m_t + s_t]   with respect to mu,    w(x) = 1 / h(x)
//
// Part t of the pool has n_t points with marginal law (1 - s_t) nu_{m_t} + s_t mu. With these weights E[(1 /
// n) sum_i w(x_i) g(x_i)] = integral g dmu, whatever the parts, and no weight exceeds 1 over the average of s
// (E. Veach and L. Guibas, "Optimally combining sampling techniques", 1995: the balance heuristic). One part
// with s = 0 gives w = m / k.
#pragma once

#include <cstdint>
#include <vector>

#include "lehr/sample/function_space.hpp"

namespace lehr::sample {

class PooledDensity {
 public:
  PooledDensity() = default;
  // `count` points of (1 - mixing) nu_leading + mixing mu, mixing in [0, 1].
  void add(Index leading, double count, double mixing = 0);
  double count() const { return count_; }
  // w at points with these features (as many rows as the largest `leading`, at least). Throws
  // NumericalFailure where h is 0 or not finite.
  Eigen::VectorXd weights(const Eigen::MatrixXd& features) const;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("pool.leading", leading_);
    visit("pool.optimal", optimal_);
    visit("pool.reference", reference_);
    visit("pool.count", count_);
  }

 private:
  std::vector<std::int64_t> leading_;  // each once
  std::vector<double> optimal_;        // points that count as drawn from nu_leading
  double reference_ = 0;               // ... and from mu
  double count_ = 0;
};

}  // namespace lehr::sample
