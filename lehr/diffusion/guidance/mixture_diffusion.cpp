#include "lehr/diffusion/guidance/mixture_diffusion.hpp"

#include <cmath>

#include "lehr/core/parallel.hpp"
#include "lehr/linalg/dense.hpp"

namespace lehr::diffusion {

MixturePosterior::MixturePosterior(const stats::GaussianMixture& mixture)
    : weights_(mixture.weights),
      means_(mixture.means),
      eigenvalues_(mixture.dimension(), mixture.components()) {
  for (Index k = 0; k < mixture.components(); ++k) {
    if (mixture.shape != stats::CovarianceShape::full) {
      eigenvalues_.col(k) = mixture.covariance(k).diagonal();
      continue;
    }
    const linalg::SymmetricEigen eigen = linalg::symmetric_eigen(mixture.covariance(k));
    eigenvalues_.col(k) = eigen.values;
    axes_.push_back(eigen.vectors);
  }
}

MixturePosterior::At MixturePosterior::at(const ColumnRef& x, double a, double s) const {
  const Index components = weights_.size(), d = means_.rows();
  At at{VectorXd(components), MatrixXd(d, components), MatrixXd(d, components)};
  VectorXd offset(d);
  for (Index k = 0; k < components; ++k) {
    offset = x - a * means_.col(k);
    if (!axes_.empty()) offset = (axes_[static_cast<std::size_t>(k)].transpose() * offset).eval();
    double log_density = std::log(weights_[k]);
    for (Index i = 0; i < d; ++i) {
      const double lambda = eigenvalues_(i, k), total = a * a * lambda + s * s;
      log_density -= 0.5 * (offset[i] * offset[i] / total + std::log(total));
      at.spreads(i, k) = std::sqrt(lambda / total) * s;
      offset[i] *= a * lambda / total;
    }
    at.shares[k] = log_density;
    if (!axes_.empty()) offset = (axes_[static_cast<std::size_t>(k)] * offset).eval();
    at.means.col(k) = means_.col(k) + offset;
  }
  at.shares = (at.shares.array() - at.shares.maxCoeff()).exp();
  at.shares /= at.shares.sum();
  return at;
}

void MixturePosterior::draw(const At& at, Index component, Stream& random, Eigen::Ref<VectorXd> clean) const {
  for (Index i = 0; i < clean.size(); ++i) clean[i] = at.spreads(i, component) * normal(random);
  if (!axes_.empty()) clean = (axes_[static_cast<std::size_t>(component)] * clean).eval();
  clean += at.means.col(component);
}

ReverseModel mixture_diffusion(const stats::GaussianMixture& mixture, Index steps, const Process& process) {
  const auto posterior = std::make_shared<const MixturePosterior>(mixture);
  const auto density = std::make_shared<const stats::MixtureDensity>(mixture);
  ReverseModel model;
  model.rows = mixture.dimension();
  model.times = even_times(process.end(), process.t0(), steps);
  for (Index l = 0; l < steps; ++l) {
    const double t = model.times[static_cast<std::size_t>(l)],
                 s = model.times[static_cast<std::size_t>(l) + 1];
    const PosteriorStep step = posterior_step(process, t, s);
    // A score g added to the model's moves x0_hat by s_t^2 / a_t g.
    model.gaussian.push_back({.by_x = step.from_x,
                              .by_clean = step.from_clean,
                              .variance = step.variance,
                              .by_score = step.from_clean * process.s(t) * process.s(t) / process.a(t)});
  }
  model.start = [](Stream& random, Eigen::Ref<VectorXd> x) {
    for (double& value : x) value = normal(random);
  };
  model.predict = [posterior, process, times = model.times](const MatrixXd& x, Index level) {
    const double t = times[static_cast<std::size_t>(level)], a = process.a(t), s = process.s(t);
    MatrixXd clean(x.rows(), x.cols());
    parallel_for(
        x.cols(), [&](std::int64_t i) { clean.col(i) = posterior->at(x.col(i), a, s).mean(); }, 256);
    return clean;
  };
  model.propose = [kernel = model.gaussian](const ColumnRef& x, const ColumnRef& prediction, Index level,
                                            Stream& random, Eigen::Ref<VectorXd> next) {
    const GaussianStep& step = kernel[static_cast<std::size_t>(level)];
    const double sd = std::sqrt(step.variance);
    for (Index i = 0; i < x.size(); ++i)
      next[i] = step.by_x * x[i] + step.by_clean * prediction[i] + sd * normal(random);
    return 0.0;
  };
  model.decode = [](const MatrixXd& x, const MatrixXd& prediction, Index) {
    return MatrixXd(prediction.topRows(x.rows()));
  };
  model.log_prior = [density](const ColumnRef& clean) {
    return density->log_density({MatrixXd(clean), {}, {}})[0];
  };
  return model;
}

}  // namespace lehr::diffusion
