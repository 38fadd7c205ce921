// Excursions of a sampled series above and below a level, and what their lengths say without a model.
//
// Crossings are placed by linear interpolation between samples; a crossing forth and back between two samples
// is missed, which makes excursions too long by O(dt). The excursion in progress at the start of a record is
// left out, the one in progress at its end is censored: known to be at least so long. Survival is the
// product-limit estimate
//   S(t) = prod_{t_i <= t} (1 - d_i / n_i),    Var S = S^2 sum d_i / (n_i (n_i - d_i))
// with d_i excursions that end at t_i and n_i that last at least so long (E. Kaplan and P. Meier, 1958;
// Greenwood's variance, 1926).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace lehr::stats {

struct Excursions {
  std::vector<double> above, below;                    // complete lengths, in the order of the series
  std::vector<double> censored_above, censored_below;  // lower bounds
  std::int64_t crossings = 0;
  double duration = 0;  // of the record
};

// Appends the excursions of x_0, x_1, ... at distance dt > 0 that begin before `begin_before` (complete ones
// and the one that the end cuts off). A record whose last stretch, longer than any excursion, is kept for
// endings alone gives lengths without bias; the default takes all.
void append_excursions(std::span<const double> series, double dt, double level, Excursions& excursions,
                       std::optional<double> begin_before = {});

struct SurvivalCurve {
  std::vector<double> time, survival, standard_error;  // at the times of the complete lengths, ascending
  double at(double t) const;                           // the step function, 1 before the first time
  double error_at(double t) const;
};
// At least one complete length, otherwise InvalidInput.
SurvivalCurve product_limit(std::span<const double> complete, std::span<const double> censored);

// Rate of an exponential tail beyond `from`: excursions that end beyond it over the time spent there (the
// maximum likelihood estimate with censoring), and its standard error rate / sqrt(number). NaN where none
// does.
struct TailRate {
  double rate, standard_error;
  std::int64_t count;
};
TailRate tail_rate(std::span<const double> complete, std::span<const double> censored, double from);

}  // namespace lehr::stats
