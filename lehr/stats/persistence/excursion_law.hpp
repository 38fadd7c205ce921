// The law of one excursion in the independent interval approximation: distribution function, density,
// moments, quantiles, exponent, exact draws.
//
//   T = Y_1 + ... + Y_N + X,   P(X > t) = D_own(t) / mass,  P(Y > t) = D_other(t) / (2 - mass),
//   P(N = n) = (1 - p)^n p,    p = mass / 2
// which at level 0 is a sum of nu = 1 + N parts with the survival function E, nu geometric on 1, 2, ... with
// mean 2.
//   E T = E X + (1/p - 1) E Y,   Var T = Var X + (1/p - 1) Var Y + (1/p - 1) / p (E Y)^2
// Between the grid's times the distribution function is linear; beyond its end the survival function falls as
// e^(-theta t), or, where there is no exponent, as the kernel does.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/stats/persistence/persistency_exponent.hpp"
#include "lehr/stats/persistence/renewal_march.hpp"
#include "lehr/stats/persistence/switch_kernel.hpp"

namespace lehr::stats {

class ExcursionLaw {
 public:
  ExcursionLaw(SwitchKernel own, SwitchKernel other, MarchGrid grid);

  // As marched: both may leave [0, 1] where the approximation is no distribution. `survival` keeps small
  // digits.
  double survival(double t) const;
  double cdf(double t) const;
  double pdf(double t) const;
  double quantile(double p) const;  // p in [0, 1), otherwise InvalidInput
  double mean() const;
  double variance() const;  // infinite for heavy tails

  // Draws by inverting the kernels; only where both kernels never rise. `draw` takes one from a stream;
  // `sample` takes `count` in parallel, equal for equal seeds.
  double draw(Stream& random) const;
  std::vector<double> sample(std::int64_t count, Seed seed) const;

  const PersistencyExponent& exponent() const { return exponent_; }
  const SwitchKernel& own() const { return own_; }
  const SwitchKernel& other() const { return other_; }

  // The grid, the survival function there, and the mean density over each of its cells.
  std::span<const double> times() const { return grid_.times; }
  std::span<const double> values() const { return values_; }
  std::span<const double> densities() const { return densities_; }
  double lowest_density() const { return lowest_density_; }
  double overshoot() const { return overshoot_; }  // how far the distribution function leaves [0, 1]

 private:
  std::size_t cell_of(double t) const;

  SwitchKernel own_, other_;
  MarchGrid grid_;
  PersistencyExponent exponent_;
  std::vector<double> values_, densities_;
  double lowest_density_ = 0, overshoot_ = 0;
};

}  // namespace lehr::stats
