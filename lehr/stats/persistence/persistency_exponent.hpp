// The persistency exponent of a switch process: P(T > t) ~ C e^(-theta t).
//
// The Laplace transform of an excursion is Psi(s) = Lg(s) / (2 - Lh(s)) with the densities g = -D' of its own
// kernel and h of the other one (slepian_iia.hpp). Its first pole is at s = -theta, where Lh = 2:
//   theta int e^(theta t) D_other dt = 2 - mass of the other kernel,            0 < theta < rate at which D
//   decays
//   C = Lg(-theta) / (theta m1),   m1 = int t e^(theta t) h dt = int (1 + theta t) e^(theta t) D_other dt
// At level 0 both kernels are E, and theta int e^(theta t) E dt = 1, C = 2 / (theta m1).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lehr/stats/persistence/switch_kernel.hpp"

namespace lehr::stats {

struct PersistencyExponent {
  std::optional<double> theta;  // none: see `reason`
  double prefactor = 0;         // C
  std::string reason;           // why there is no exponent
  struct Bracket {
    double low, high;
  };
  std::vector<Bracket> brackets;  // of theta, one an evaluation of the equation
};

PersistencyExponent persistency_exponent(const SwitchKernel& own, const SwitchKernel& other);

}  // namespace lehr::stats
