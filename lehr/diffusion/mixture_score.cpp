#include "lehr/diffusion/mixture_score.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/lanes.hpp"
#include "lehr/diffusion/subspace.hpp"
#include "lehr/linalg/dense.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::ArrayXd;
using Eigen::ArrayXXd;
using Eigen::Index;
using Eigen::MatrixXd;
using stats::CovarianceShape;
using stats::GaussianMixture;

constexpr double log_two_pi = 1.8378770664093454836;

// Spherical and diagonal mixtures at one level.
struct Level {
  MatrixXd centres;   // d x K
  ArrayXXd inverses;  // 1 x K or d x K
  ArrayXd constants;  // log w_k - (d log 2 pi + log det) / 2
  ArrayXd squares;    // |a m_k|^2
  bool products = false, triangular = false;
  double s = 1;

  LevelledMixture view(bool spherical) const {
    return {centres.cols(),   centres.rows(), spherical, centres.data(), inverses.data(),
            constants.data(), squares.data(), s,         products,       triangular};
  }
};

// `normaliser_dimension`: of the space that the mixture lives in, where it is seen from a subspace.
Level level_of(const GaussianMixture& mixture, double a, double s, Index normaliser_dimension) {
  Level level;
  level.s = s;
  level.centres = a * mixture.means;
  const ArrayXXd variances = a * a * mixture.covariances.array() + s * s;
  level.inverses = variances.inverse();
  level.squares = level.centres.colwise().squaredNorm().transpose();
  // |x - c|^2 / 2 v from products is off by about 1e-16 (|c|^2 + d v) / v.
  level.products =
      variances.minCoeff() >
      1e-5 * (level.squares.maxCoeff() + static_cast<double>(normaliser_dimension) * variances.maxCoeff());
  const auto d = static_cast<double>(normaliser_dimension);
  const double share = mixture.shape == CovarianceShape::spherical ? d : 1;
  level.triangular = mixture.dimension() != normaliser_dimension;
  level.constants = mixture.weights.array().log() -
                    0.5 * (d * log_two_pi + share * variances.log().colwise().sum().transpose());
  return level;
}

// Rows padded to a multiple of eight with copies of the last one.
Lanes padded(const Lanes& x) {
  Lanes whole((x.rows() + 7) / 8 * 8, x.cols());
  whole.topRows(x.rows()) = x;
  for (Index i = x.rows(); i < whole.rows(); ++i) whole.row(i) = x.row(x.rows() - 1);
  return whole;
}

void evaluate_level(const LevelledMixture& view, const Lanes& x, Lanes& out, ArrayXd* log_density) {
  if (x.rows() % 8 == 0) {
    if (log_density != nullptr) log_density->resize(x.rows());
    return mixture_lanes(view, x.data(), x.rows(), out.data(),
                         log_density != nullptr ? log_density->data() : nullptr);
  }
  const Lanes whole = padded(x);
  Lanes result(whole.rows(), whole.cols());
  ArrayXd densities(whole.rows());
  mixture_lanes(view, whole.data(), whole.rows(), result.data(), densities.data());
  out = result.topRows(x.rows());
  if (log_density != nullptr) *log_density = densities.head(x.rows());
}

// Blocks of about 8 KiB an array, so that a solver's history stays in the cache.
Index rows_of(Index dimension) { return std::clamp<Index>(1024 / dimension / 16 * 16, 16, 256); }

// Full covariances: C_k = Q_k diag(values) Q_k'.
struct Components {
  ArrayXd log_weights;
  MatrixXd means;
  std::vector<linalg::SymmetricEigen> spectra;
};

void evaluate_full(const Components& components, double a, double s, const Lanes& x, Lanes& out,
                   ArrayXd* log_density) {
  const Index n = x.rows(), d = x.cols(), count = components.means.cols();
  ArrayXXd terms(n, count);
  std::vector<ArrayXXd> rotated(static_cast<std::size_t>(count));
  for (Index k = 0; k < count; ++k) {
    const linalg::SymmetricEigen& spectrum = components.spectra[static_cast<std::size_t>(k)];
    const ArrayXd variances = a * a * spectrum.values.array() + s * s;
    ArrayXXd& y = rotated[static_cast<std::size_t>(k)];
    y = ((x.matrix().rowwise() - a * components.means.col(k).transpose()) * spectrum.vectors).array();
    terms.col(k) = components.log_weights[k] -
                   0.5 * (static_cast<double>(d) * log_two_pi + variances.log().sum()) -
                   0.5 * (y.square().rowwise() / variances.transpose()).rowwise().sum();
    y = y.rowwise() / variances.transpose();
  }
  const ArrayXd largest = terms.rowwise().maxCoeff();
  terms = (terms.colwise() - largest).exp();
  const ArrayXd total = terms.rowwise().sum();
  if (log_density != nullptr) *log_density = largest + total.log();
  out.setZero();
  for (Index k = 0; k < count; ++k) {
    const auto index = static_cast<std::size_t>(k);
    const ArrayXd posterior = s * terms.col(k) / total;
    out += ((rotated[index].colwise() * posterior).matrix() * components.spectra[index].vectors.transpose())
               .array();
  }
}

}  // namespace

GaussianMixture noised(const GaussianMixture& mixture, double a, double s) {
  GaussianMixture result = mixture;
  result.means *= a;
  result.covariances *= a * a;
  if (mixture.shape == CovarianceShape::full) {
    const Index d = mixture.dimension();
    for (Index k = 0; k < mixture.components(); ++k)
      for (Index i = 0; i < d; ++i) result.covariances(i * d + i, k) += s * s;
  } else {
    result.covariances.array() += s * s;
  }
  return result;
}

ScoreModel mixture_score(const GaussianMixture& mixture, const Process& process) {
  ScoreModel model;
  model.dimension = mixture.dimension();
  model.rows = rows_of(mixture.dimension());
  if (mixture.shape == CovarianceShape::full) {
    auto components = std::make_shared<Components>();
    components->log_weights = mixture.weights.array().log();
    components->means = mixture.means;
    for (Index k = 0; k < mixture.components(); ++k)
      components->spectra.push_back(linalg::symmetric_eigen(mixture.covariance(k)));
    model.density_at = [components, process](double t) -> EvaluateDensity {
      return
          [components, a = process.a(t), s = process.s(t)](const Lanes& x, Lanes& out, ArrayXd& log_density) {
            evaluate_full(*components, a, s, x, out, &log_density);
          };
    };
    model.at = [components, process](double t) -> Evaluate {
      return [components, a = process.a(t), s = process.s(t)](const Lanes& x, Lanes& out) {
        evaluate_full(*components, a, s, x, out, nullptr);
      };
    };
    return model;
  }
  const bool spherical = mixture.shape == CovarianceShape::spherical;
  const auto at_level = [process, spherical](const GaussianMixture& of, Index dimension) {
    return [of, dimension, process, spherical](double t) -> Evaluate {
      return [level = std::make_shared<const Level>(level_of(of, process.a(t), process.s(t), dimension)),
              spherical](const Lanes& x, Lanes& out) {
        evaluate_level(level->view(spherical), x, out, nullptr);
      };
    };
  };
  model.at = at_level(mixture, mixture.dimension());
  model.density_at = [mixture, process, spherical](double t) -> EvaluateDensity {
    return [level = std::make_shared<const Level>(
                level_of(mixture, process.a(t), process.s(t), mixture.dimension())),
            spherical](const Lanes& x, Lanes& out, ArrayXd& log_density) {
      evaluate_level(level->view(spherical), x, out, &log_density);
    };
  };
  if (spherical && 2 * (mixture.components() + 1) <= mixture.dimension()) {
    Subspace subspace;
    const linalg::ThinQr means = linalg::thin_qr(mixture.means);
    subspace.basis = means.q;
    GaussianMixture seen = mixture;
    seen.means = MatrixXd::Zero(mixture.components() + 1, mixture.components());
    seen.means.topRows(mixture.components()) = means.r;
    subspace.model.dimension = seen.dimension();
    subspace.model.rows = rows_of(seen.dimension());
    subspace.model.at = at_level(seen, mixture.dimension());
    model.subspace = std::make_shared<const Subspace>(std::move(subspace));
  }
  return model;
}

}  // namespace lehr::diffusion
