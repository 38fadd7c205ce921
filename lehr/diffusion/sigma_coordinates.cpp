#include "lehr/diffusion/sigma_coordinates.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::diffusion {
namespace {

// The model at a time t of its process in the points x times `factor`, which stand for its own.
ScoreModel rescaled(const ScoreModel& model, const Process& process,
                    std::function<std::pair<double, double>(double)> time_and_log_factor) {
  ScoreModel converted = model;
  converted.predicts = Prediction::noise;
  converted.without = {};
  converted.at = [model, process, time_and_log_factor](double u) -> Evaluate {
    const auto [t, log_factor] = time_and_log_factor(u);
    return [evaluate = noise_at(model, process, t), factor = std::exp(log_factor)](
               const Lanes& x, Lanes& out) { evaluate(factor * x, out); };
  };
  converted.density_at = {};
  if (model.density_at && model.predicts == Prediction::noise)
    converted.density_at = [model, time_and_log_factor](double u) -> EvaluateDensity {
      const auto [t, log_factor] = time_and_log_factor(u);
      return [evaluate = model.density_at(t), log_factor = log_factor](const Lanes& x, Lanes& out,
                                                                       Eigen::ArrayXd& log_density) {
        evaluate(std::exp(log_factor) * x, out, log_density);
        log_density += static_cast<double>(x.cols()) * log_factor;
      };
    };
  return converted;
}

}  // namespace

ScoreModel in_sigma_coordinates(const ScoreModel& model, const Process& process) {
  return rescaled(model, process, [process](double sigma) {
    const double t = process.t_of_rho(sigma);
    return std::pair(t, process.log_a(t));
  });
}

ScoreModel on_process(const ScoreModel& model, const Process& from, const Process& to) {
  const double least = from.rho(from.t0()), most = from.rho(from.end());
  return rescaled(model, from, [from, to, least, most](double t) {
    const double rho = to.rho(t);
    if (!(rho >= least * (1 - 1e-9) && rho <= most * (1 + 1e-9)))
      throw InvalidInput("process: a model of {} knows s / a between {:.4g} and {:.4g}, asked for is {:.4g}",
                         from.text(), least, most, rho);
    const double own = from.t_of_rho(rho);
    return std::pair(own, from.log_a(own) - to.log_a(t));
  });
}

}  // namespace lehr::diffusion
