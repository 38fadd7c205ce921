// The Slepian independent interval approximation: the law of the time that a stationary Gaussian process
// spends above a level between an upcrossing and the next downcrossing, from its covariance.
//
// X is replaced by a switch process: +1 and -1 in turn for independent times T+, T- whose expected value
// after a switch equals that of the clipped Slepian process, E+ after an upcrossing and E- after a
// downcrossing (clipped_slepian.hpp). With their Laplace transforms L and Psi of the times,
//   Psi+ = (1 - s LE+) / (1 - s LE-),    Psi- = (1 + s LE-) / (1 + s LE+)
// and at level 0, Psi = (1 - s LE) / (1 + s LE). With D+ = E+ - E(inf), D- = E(inf) - E- of the masses 1 -+
// E(inf):
//   f+ = g+ / 2 + g- / 2 * f+,   g = -D'  (* is convolution)
// If D+ and D- never rise, both laws are geometric sums (excursion_law.hpp): proper, and simulable. At level
// 0 this holds exactly where R'' (1 - R^2) + R R'^2 >= 0 for all t > 0, that is where arcsin R is convex; R
// is then monotone. For oscillating R the approximation is no distribution and must not be used. At level 0
// it equals the classical independent interval approximation, which matches the clipped covariance (2 / pi)
// arcsin R.
//
// Cost: n^2 / 2 multiplications for the law on n grid points; a few hundred values of R for the exponent
// alone. Sources: H. Bengtsson and K. Podgorski, "Slepian model based independent interval approximation of
// persistency and zero-level exceedance distributions", 2024 (arXiv 2401.01805), and their sequel on other
// levels, 2024 (arXiv 2410.06000); S. Majumdar, C. Sire, A. Bray and S. Cornell, 1996 (the exponents of
// diffusion).
#pragma once

#include <cstdint>
#include <string>

#include "lehr/core/options.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/stats/persistence/clipped_slepian.hpp"
#include "lehr/stats/persistence/excursion_law.hpp"

namespace lehr::stats {

// Whether the approximation is a distribution.
enum class Validity {
  valid_monotone,  // the sufficient condition holds
  formal_ok,       // it does not, but the density found is nowhere negative: no proof
  invalid          // F leaves [0, 1] or its density is negative: do not use
};
const char* name(Validity validity);

struct SlepianIiaOptions {
  double level = 0;
  double tmax = 0;
  std::int64_t n = 3000;
  Schedule step = 1;
  double tolerance = 1e-9;

  void describe(OptionTable& table) {
    table.add("level", level, "level that is crossed, in standard deviations from the mean").range(-4, 4);
    table.add("tmax", tmax, "end of the time grid; 0: 12 mean excursions").at_least(0);
    table.add("n", n, "steps of the time grid").range(8, 262144);
    table.add("step", step,
              "lengths of the grid's steps, up to a factor: geometric(from=1, to=50) grades it");
    table
        .add("tolerance", tolerance,
             "by which the condition may be missed (in units of lambda2); raise it for rounded tables")
        .range(0, 1);
  }
};

class SlepianIia {
 public:
  // Throws InvalidInput for options out of range, and what ClippedSlepian throws.
  explicit SlepianIia(Covariance covariance, const SlepianIiaOptions& options = {});

  const ClippedSlepian& slepian() const { return slepian_; }
  const Covariance& covariance() const { return slepian_.covariance(); }
  Validity status() const { return status_; }
  const std::string& verdict() const { return verdict_; }  // the status in a sentence, with where it fails

  // The law of an excursion above the level, and of one below.
  const ExcursionLaw& above() const { return above_; }
  const ExcursionLaw& below() const { return below_; }

  // Relative error of the mean above the level, from the kernels' integrals, against Rice's exact formula:
  // checks the quadrature and a table's tail.
  double mean_error() const;
  // R'' (1 - R^2) + R R'^2 in units of lambda2 (level 0), and its least value over the nodes.
  double condition_margin(double t) const { return slepian_.condition_margin(t); }
  double least_margin() const { return least_margin_; }
  double least_margin_at() const { return least_margin_at_; }

 private:
  struct Parts;
  SlepianIia(Parts parts, const SlepianIiaOptions& options);
  void judge(const SlepianIiaOptions& options, const MemoryNodes& nodes);

  ClippedSlepian slepian_;
  ExcursionLaw above_, below_;
  Validity status_ = Validity::valid_monotone;
  std::string verdict_;
  double least_margin_ = 0, least_margin_at_ = 0;
};

// The exponent of the excursions above the level alone, in milliseconds. It has a meaning only where the
// approximation is a distribution; at level 0 `reason` says so where the sufficient condition fails.
PersistencyExponent slepian_exponent(const Covariance& covariance, double level = 0);

}  // namespace lehr::stats
