#include "lehr/schedule/dual_averaging.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::schedule {

DualAveraging::DualAveraging(const Options& options) : options_(options), log_step_(std::log(options.start)) {
  const Options& o = options_;
  if (!(o.target > 0 && o.target < 1))
    throw InvalidInput("dual_averaging: target must be in (0, 1), found {}", o.target);
  if (!std::isfinite(log_step_))
    throw InvalidInput("dual_averaging: start must be above 0, found {}", o.start);
  if (!(o.gamma > 0)) throw InvalidInput("dual_averaging: gamma must be above 0, found {}", o.gamma);
  if (!(o.offset >= 0)) throw InvalidInput("dual_averaging: offset must be at least 0, found {}", o.offset);
  if (!(o.decay > 0.5 && o.decay <= 1))
    throw InvalidInput("dual_averaging: decay must be in (0.5, 1], found {}", o.decay);
  if (o.adapt < 0) throw InvalidInput("dual_averaging: adapt must be at least 0, found {}", o.adapt);
}

double DualAveraging::value() const { return adapting() ? std::exp(log_step_) : averaged(); }

double DualAveraging::averaged() const { return std::exp(observed_ > 0 ? log_average_ : log_step_); }

void DualAveraging::observe(double acceptance) {
  if (!adapting()) return;
  const double rate = std::isnan(acceptance) ? 0.0 : std::clamp(acceptance, 0.0, 1.0);
  const auto m = static_cast<double>(++observed_);
  shortfall_ += ((options_.target - rate) - shortfall_) / (m + options_.offset);
  log_step_ = std::log(10 * options_.start) - std::sqrt(m) / options_.gamma * shortfall_;
  log_average_ += std::pow(m, -options_.decay) * (log_step_ - log_average_);
}

}  // namespace lehr::schedule
