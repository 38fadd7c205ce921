// One memory D(t) of a clipped Slepian process (clipped_slepian.hpp), tabulated for integrals over all t.
//
// D falls from its mass D(0) to 0; where it never rises, D / mass is the survival function of the parts that
// an excursion is made of. Integrals run over Gauss-Legendre panels of a quarter of a mean interval up to the
// time where R has fallen below 1e-26, or 400 mean intervals; beyond it by an exponential or a power of t
// that continues D.
#pragma once

#include <functional>
#include <vector>

#include "lehr/stats/persistence/covariance.hpp"
#include "lehr/stats/quadrature.hpp"

namespace lehr::stats {

// Nodes from 0 to `end`; the first panel is graded for integrands with powers of t that are not whole.
struct MemoryNodes {
  Quadrature rule;
  double end = 0;
};
MemoryNodes memory_nodes(const Covariance& covariance);

class SwitchKernel {
 public:
  // `decay_rate` is that of the covariance. `memory` is called from several threads at once.
  SwitchKernel(std::function<double(double t)> memory, double mass, const MemoryNodes& nodes,
               double decay_rate);

  double mass() const { return mass_; }
  double decay_rate() const { return decay_rate_; }
  double operator()(double t) const { return t <= 0 ? mass_ : memory_(t); }
  // The time t with D(t) = share * mass, share in (0, 1), of a D that never rises; infinity beyond its tail's
  // reach.
  double inverse(double share) const;

  double integral() const { return moment(0); }      // int D dt
  double first_moment() const { return moment(1); }  // int t D dt; infinite for heavy tails
  // int t^power e^(rate t) D dt, power 0 or 1; infinite where it does not converge.
  double exponential_moment(double rate, int power) const;

  // Where D rises most between two nodes, as a share of the mass; 0 where it never does.
  double largest_rise() const { return largest_rise_; }
  double rises_at() const { return rises_at_; }
  // The lowest value of D over its mass; at least 0 where D never changes sign.
  double lowest() const { return lowest_; }

 private:
  double moment(int power) const;
  double tail_moment(double rate, int power) const;

  std::function<double(double)> memory_;
  double mass_, decay_rate_, end_;
  std::vector<double> time_, weight_, value_;
  double tail_value_ = 0;                  // D(end), 0 where there is no tail to speak of
  double tail_rate_ = 0, tail_power_ = 0;  // one of them is above 0 where there is a tail
  double largest_rise_ = 0, rises_at_ = 0, lowest_ = 0;
};

}  // namespace lehr::stats
