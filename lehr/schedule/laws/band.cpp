#include <cmath>

#include "lehr/schedule/laws/fit_problem.hpp"
#include "lehr/schedule/laws/spread.hpp"

namespace lehr::laws {

Band predict_band(const Fit& fit, const Plan& plan, std::vector<std::int64_t> steps, double level) {
  if (!(level > 0 && level < 1))
    throw InvalidInput("prediction band: the level is {}, expected a number between 0 and 1", level);
  Band band{std::move(steps), {}, {}, {}, level};
  band.loss = predict(fit.law, plan, band.steps);
  if (band.steps.empty()) return band;
  const Eigen::VectorXd variance = parameter_variance(fit, [&](const Law& law) -> Eigen::VectorXd {
    return predict_fast(law, plan, band.steps).array().max(1e-300).log();
  });
  const double noise = fit.errors.scale * fit.errors.scale;
  const double discrepancy = fit.errors.discrepancy * fit.errors.discrepancy;
  for (std::size_t i = 0; i < band.loss.size(); ++i) {
    const double reach =
        half_width(fit.errors, variance[static_cast<Eigen::Index>(i)] + noise, discrepancy, level);
    band.low.push_back(band.loss[i] * std::exp(-reach));
    band.high.push_back(band.loss[i] * std::exp(reach));
  }
  return band;
}

}  // namespace lehr::laws
