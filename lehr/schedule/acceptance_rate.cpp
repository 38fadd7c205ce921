#include "lehr/schedule/acceptance_rate.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::schedule {

AcceptanceRate::AcceptanceRate(const Options& options)
    : options_(options), log_scale_(std::log(options.start)) {
  const Options& o = options_;
  if (!(o.target > 0 && o.target < 1))
    throw InvalidInput("acceptance_rate: target must be in (0, 1), found {}", o.target);
  if (!std::isfinite(log_scale_))
    throw InvalidInput("acceptance_rate: start must be above 0, found {}", o.start);
  if (!(o.gain > 0)) throw InvalidInput("acceptance_rate: gain must be above 0, found {}", o.gain);
  if (!(o.decay >= 0 && o.decay <= 1))
    throw InvalidInput("acceptance_rate: decay must be in [0, 1], found {}", o.decay);
}

double AcceptanceRate::value() const { return std::exp(log_scale_); }

void AcceptanceRate::observe(double acceptance) {
  const double rate = std::isnan(acceptance) ? 0.0 : std::clamp(acceptance, 0.0, 1.0);
  ++observed_;
  log_scale_ +=
      options_.gain * std::pow(static_cast<double>(observed_), -options_.decay) * (rate - options_.target);
}

}  // namespace lehr::schedule
