#include "lehr/diffusion/search/fitness.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/deis.hpp"

namespace lehr::diffusion {

const std::vector<std::string>& metric_names() {
  static const std::vector<std::string> names = {"rms", "frechet", "energy", "sliced"};
  return names;
}

Metric metric_named(std::string_view name) {
  const auto found = std::ranges::find(metric_names(), name);
  if (found == metric_names().end())
    throw InvalidInput("metric: unknown {}{}", quote(name), hint(name, metric_names()));
  return static_cast<Metric>(found - metric_names().begin());
}

Fitness::Fitness(const ScoreModel& model, const Process& process, const Options& options,
                 const Eigen::MatrixXd& reference, Seed noise)
    : model_(model), process_(process), options_(options), noise_(noise), reference_(reference) {
  starts_ = prior_points(process, model.dimension, options.points, noise);
  if (options.metric == Metric::rms) {
    const auto times = TimeGrid::parse("rho(7)").times(process, options.fine_steps);
    ends_ = follow(rho_runge_kutta_plan(process, times, "rk4"), model, process, starts_, {noise});
    return;
  }
  if (reference.size() == 0) throw InvalidInput("search: this metric needs true samples");
  if (reference.rows() != model.dimension)
    throw InvalidInput("search: the reference has {} coordinates, the model {}", reference.rows(),
                       model.dimension);
  if (options.metric == Metric::frechet)
    moments_ = moments_of(options.features ? options.features(reference) : reference);
}

double Fitness::operator()(const Plan& plan) const {
  Eigen::MatrixXd ends;
  try {
    ends = follow(plan, model_, process_, starts_, {noise_});
  } catch (const NumericalFailure&) {
    return std::numeric_limits<double>::infinity();
  }
  double value = 0;
  switch (options_.metric) {
    case Metric::rms:
      value = std::sqrt((ends - ends_).colwise().squaredNorm().mean());
      break;
    case Metric::energy:
      value = energy_distance(ends, reference_);
      break;
    case Metric::sliced:
      value = sliced_wasserstein(ends, reference_, 64, noise_);
      break;
    case Metric::frechet: {
      const Eigen::MatrixXd features = options_.features ? options_.features(ends) : ends;
      // Fewer points than coordinates make the covariance singular.
      value = frechet_distance(moments_of(features), moments_, features.cols() <= features.rows() ? 1e-6 : 0);
      break;
    }
  }
  return std::isfinite(value) ? value : std::numeric_limits<double>::infinity();
}

}  // namespace lehr::diffusion
