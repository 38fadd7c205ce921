#include "lehr/diffusion/particles/sigma_conditional.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/mixture_score.hpp"

namespace lehr::diffusion {

using Eigen::ArrayXd;
using Eigen::ArrayXXd;
using Eigen::Index;

std::vector<double> geometric_sigma_grid(double sigma_min, double sigma_max, Index levels, double lowest) {
  if (!(sigma_min > 0 && sigma_max > sigma_min && std::isfinite(sigma_max)))
    throw InvalidInput(
        "sigma grid: sigma_min = {:g} and sigma_max = {:g}, expected 0 < sigma_min < sigma_max", sigma_min,
        sigma_max);
  if (levels < 1 || !(lowest >= 0 && lowest < 1))
    throw InvalidInput("sigma grid: {} levels from u = {:g}", levels, lowest);
  std::vector<double> sigmas;
  for (Index j = 0; j < levels; ++j) {
    const double u =
        levels == 1 ? 1 : lowest + (1 - lowest) * static_cast<double>(j) / static_cast<double>(levels - 1);
    sigmas.push_back(sigma_min * std::pow(sigma_max / sigma_min, u));
  }
  return sigmas;
}

void check_sigma_grid(const std::vector<double>& sigmas) {
  if (sigmas.empty()) throw InvalidInput("sigma grid: it has no levels");
  for (std::size_t j = 0; j < sigmas.size(); ++j) {
    if (!(sigmas[j] > 0 && std::isfinite(sigmas[j])))
      throw InvalidInput("sigma grid: level {} is {:g}, expected a positive number", j + 1, sigmas[j]);
    if (j > 0 && !(sigmas[j] > sigmas[j - 1]))
      throw InvalidInput("sigma grid: it does not increase: level {} is {:g} after {:g}", j + 1, sigmas[j],
                         sigmas[j - 1]);
  }
}

Index nearest_level(const std::vector<double>& sigmas, double sigma) {
  Index best = 0;
  const auto distance = [&](Index j) {
    return std::abs(std::log(sigmas[static_cast<std::size_t>(j)] / sigma));
  };
  for (Index j = 1; j < static_cast<Index>(sigmas.size()); ++j)
    if (distance(j) < distance(best)) best = j;
  return best;
}

SigmaConditional exact_conditional(const stats::GaussianMixture& mixture, const std::vector<double>& sigmas) {
  check_sigma_grid(sigmas);
  if (mixture.shape != stats::CovarianceShape::spherical) {
    const Process process = Process::edm(sigmas.front(), std::max(sigmas.back(), 2 * sigmas.front()));
    SigmaConditional conditional = density_conditional(mixture_score(mixture, process), process, sigmas);
    conditional.name = "exact";
    return conditional;
  }
  struct Level {
    ArrayXd half_inverses, constants;  // 1 / (2 (v_k + sigma^2)), log w_k - d / 2 log(v_k + sigma^2)
  };
  auto levels = std::make_shared<std::vector<Level>>();
  const auto d = static_cast<double>(mixture.dimension());
  for (const double sigma : sigmas) {
    const ArrayXd variances = mixture.covariances.row(0).transpose().array() + sigma * sigma;
    levels->push_back({0.5 / variances, mixture.weights.array().log() - 0.5 * d * variances.log()});
  }
  SigmaConditional conditional{"exact", static_cast<Index>(sigmas.size()), {}};
  conditional.evaluate = [levels, means = mixture.means](const Lanes& x, const Lanes&, Lanes& out) {
    const Index n = x.rows(), count = means.cols();
    ArrayXXd squares = ArrayXXd::Zero(n, count), terms(n, count);
    for (Index k = 0; k < count; ++k)
      for (Index j = 0; j < x.cols(); ++j) squares.col(k) += (x.col(j) - means(j, k)).square();
    out.resize(n, static_cast<Index>(levels->size()));
    for (Index level = 0; level < out.cols(); ++level) {
      const Level& at = (*levels)[static_cast<std::size_t>(level)];
      for (Index k = 0; k < count; ++k) terms.col(k) = at.constants[k] - at.half_inverses[k] * squares.col(k);
      const ArrayXd largest = terms.rowwise().maxCoeff();
      out.col(level) = largest + (terms.colwise() - largest).exp().rowwise().sum().log();
    }
  };
  return conditional;
}

SigmaConditional density_conditional(const ScoreModel& model, const Process& process,
                                     const std::vector<double>& sigmas) {
  check_sigma_grid(sigmas);
  if (!model.density_at)
    throw InvalidInput(
        "sigma_conditional: exact needs a model with a density; residual and classifier need none");
  if (!process.variance_exploding())
    throw InvalidInput("sigma_conditional: exact needs a variance-exploding process, found {}",
                       process.text());
  auto levels = std::make_shared<std::vector<EvaluateDensity>>();
  for (const double sigma : sigmas) levels->push_back(model.density_at(process.t_of_rho(sigma)));
  SigmaConditional conditional{"exact", static_cast<Index>(sigmas.size()), {}};
  conditional.evaluate = [levels](const Lanes& x, const Lanes&, Lanes& out) {
    Lanes noise(x.rows(), x.cols());
    ArrayXd log_density(x.rows());
    out.resize(x.rows(), static_cast<Index>(levels->size()));
    for (Index level = 0; level < out.cols(); ++level) {
      (*levels)[static_cast<std::size_t>(level)](x, noise, log_density);
      out.col(level) = log_density;
    }
  };
  return conditional;
}

SigmaConditional residual_conditional(const std::vector<double>& sigmas) {
  check_sigma_grid(sigmas);
  SigmaConditional conditional{"residual", static_cast<Index>(sigmas.size()), {}};
  conditional.evaluate = [sigmas](const Lanes& x, const Lanes& clean, Lanes& out) {
    const ArrayXd squares = (x - clean).square().rowwise().sum();
    const auto d = static_cast<double>(x.cols());
    out.resize(x.rows(), static_cast<Index>(sigmas.size()));
    for (Index j = 0; j < out.cols(); ++j) {
      const double sigma = sigmas[static_cast<std::size_t>(j)];
      out.col(j) = -d * std::log(sigma) - squares / (2 * sigma * sigma);
    }
  };
  return conditional;
}

SigmaConditional classifier_conditional(const std::vector<double>& sigmas,
                                        std::function<void(const Lanes& x, Lanes& logits)> logits) {
  check_sigma_grid(sigmas);
  const auto levels = static_cast<Index>(sigmas.size());
  SigmaConditional conditional{"classifier", levels, {}};
  conditional.evaluate = [levels, logits = std::move(logits)](const Lanes& x, const Lanes&, Lanes& out) {
    logits(x, out);
    if (out.rows() != x.rows() || out.cols() != levels)
      throw InvalidInput(
          "sigma_conditional: the classifier gives {} x {} numbers for {} points, the grid has {} levels",
          out.rows(), out.cols(), x.rows(), levels);
  };
  return conditional;
}

}  // namespace lehr::diffusion
