// The mixtures of the Feynman-Kac tests with their exact answers (grids of 1201 x 1201 points and closed forms), and runs of the corrector.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "lehr/core/drive.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/mixture_score.hpp"
#include "lehr/diffusion/particles/feynman_kac_corrector.hpp"
#include "lehr/diffusion/quality.hpp"
#include "lehr/sample/resampling.hpp"

namespace lehr::diffusion::test {

inline stats::GaussianMixture mixture(const std::string& text) {
  return mixture_from_json(parse_json(text, "test"), "test");
}

inline stats::GaussianMixture annealing4() {
  return mixture(
      R"json({"weights":[0.25,0.25,0.25,0.25],"means":[[3,0],[-3,0],[0,3],[0,-3]],"variances":[0.09,0.36,0.2025,0.81]})json");
}
inline stats::GaussianMixture two_modes() {
  return mixture(R"json({"weights":[0.5,0.5],"means":[[-3,0],[3,0]],"variances":[0.09,1]})json");
}
inline stats::GaussianMixture unconditional3() {
  return mixture(
      R"json({"weights":[0.5,0.25,0.25],"means":[[1.5,0],[-0.5,1.2],[-0.5,-1.2]],"variances":[0.5,0.8,0.8]})json");
}
inline stats::GaussianMixture conditional3() {
  return mixture(R"json({"weights":[1],"means":[[1.5,0]],"variances":[0.5]})json");
}

struct AnnealedTruth {
  double exponent, log_z;
  Eigen::Vector4d masses;
};
inline AnnealedTruth truth2() {
  return {2,
          -2.3054935416755065,
          {0.553652185707908, 0.1386204191816627, 0.24620337120649377, 0.061524023903856404}};
}
inline AnnealedTruth truth4() {
  return {4,
          -5.124744397224731,
          {0.904981725021037, 0.014177374262126997, 0.07959583252261761, 0.0012450681941946935}};
}

inline Expert expert(const stats::GaussianMixture& law, const Process& process, Schedule exponent) {
  Expert result{.model = mixture_score(law, process), .exponent = std::move(exponent)};
  result.mean = law.means * law.weights;
  for (Eigen::Index k = 0; k < law.components(); ++k)
    result.variance += law.weights[k] *
                       (law.covariance(k).trace() + (law.means.col(k) - result.mean).squaredNorm()) /
                       static_cast<double>(law.dimension());
  return result;
}

inline CorrectorOptions single_island() {
  CorrectorOptions options;
  options.islands = 1;
  return options;
}

struct Composition {
  std::vector<stats::GaussianMixture> laws;
  std::vector<double> exponents;
  std::int64_t steps = 200;
  double sigma_max = 10;
  CorrectorOptions options = single_island();
  Reward reward = {};
  Process process = Process::edm(0.01, sigma_max);
  std::string grid = "rho(7)";

  FeynmanKacCorrector corrector() const {
    std::vector<Expert> experts;
    for (std::size_t i = 0; i < laws.size(); ++i) experts.push_back(expert(laws[i], process, exponents[i]));
    return {process, TimeGrid::parse(grid).times(process, steps), std::move(experts), reward, options};
  }
};

// A finished run.
struct Answer {
  Eigen::MatrixXd points;  // d x N
  Eigen::VectorXd p;       // weights
  double log_z = 0, log_z_error = 0;
  std::vector<CorrectorStep> trace;
  std::vector<std::string> warnings;

  Eigen::VectorXd mean() const { return points * p; }
  double variance() const {  // of a coordinate
    const Eigen::MatrixXd centred = points.colwise() - mean();
    return (centred.colwise().squaredNorm() * p).value() / static_cast<double>(points.rows());
  }
  Eigen::VectorXd masses(const Eigen::MatrixXd& means) const {
    Eigen::VectorXd result = Eigen::VectorXd::Zero(means.cols());
    for (Eigen::Index i = 0; i < points.cols(); ++i) {
      Eigen::Index nearest = 0;
      (means.colwise() - points.col(i)).colwise().squaredNorm().minCoeff(&nearest);
      result[nearest] += p[i];
    }
    return result;
  }
  // As many points, drawn systematically by weight.
  Eigen::MatrixXd equal_weights() const {
    const auto copies = sample::systematic_copies(
        std::span<const double>(p.data(), static_cast<std::size_t>(p.size())), p.size(), 0.5);
    Eigen::MatrixXd result(points.rows(), points.cols());
    const auto ancestors = sample::ancestors_in_order(copies);
    for (Eigen::Index i = 0; i < result.cols(); ++i)
      result.col(i) = points.col(ancestors[static_cast<std::size_t>(i)]);
    return result;
  }
  double right() const {  // P(x0 > 0)
    double result = 0;
    for (Eigen::Index i = 0; i < points.cols(); ++i) result += points(0, i) > 0 ? p[i] : 0;
    return result;
  }
};

inline Answer run(const Composition& composition, std::uint64_t seed) {
  const FeynmanKacCorrector method = composition.corrector();
  const auto done = drive(method, Budget::steps(method.steps()), Seed{seed});
  const std::vector<double> p = method.probabilities(done.state);
  const sample::LogMean log_z = method.log_z(done.state);
  return {method.points(done.state),
          Eigen::Map<const Eigen::VectorXd>(p.data(), static_cast<Eigen::Index>(p.size())),
          log_z.value,
          log_z.standard_error,
          method.trace(done.state),
          method.warnings(done.state)};
}

}  // namespace lehr::diffusion::test
