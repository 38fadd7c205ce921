// What `lehr diffusion chains` measures of samples.
#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/lehr/diffusion/chains.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/mixture_score.hpp"
#include "lehr/diffusion/quality.hpp"
#include "lehr/sample/hmc.hpp"
#include "lehr/sample/parallel_tempering.hpp"

namespace lehr::command {

using namespace diffusion;
using Eigen::Index;
using Eigen::MatrixXd;

SampleQuality quality_of(const stats::GaussianMixture& mixture, const MatrixXd& points,
                         const MatrixXd& truth) {
  SampleQuality quality;
  quality.sw2 = sliced_wasserstein(points, truth);
  quality.mode_error = total_variation(nearest_mean_shares(points, mixture.means), mixture.weights);
  double sum = 0;
  for (Index i = 0; i < points.cols(); ++i)
    sum += (mixture.means.colwise() - points.col(i)).colwise().squaredNorm().minCoeff();
  quality.deviation = std::sqrt(sum / static_cast<double>(points.size()));
  return quality;
}

MatrixXd tempered_points(const stats::GaussianMixture& mixture, std::int64_t evaluations, Index count,
                         Seed seed) {
  constexpr std::int64_t chains = 20, temperatures = 10, sweeps = 2;
  static constexpr double level = 1e-6;  // of noise: the data itself
  const ScoreModel model = mixture_score(mixture, Process::edm(level, 1));
  const EvaluateDensity evaluate = model.density_at(level);
  sample::LogDensity target;
  target.dimension = mixture.dimension();
  target.with_gradient = [evaluate](const Eigen::VectorXd& x, Eigen::VectorXd& gradient) {
    const Lanes row = x.transpose().array();
    Lanes noise(1, x.size());
    Eigen::ArrayXd log_density(1);
    evaluate(row, noise, log_density);
    gradient = -noise.row(0).transpose().matrix() / level;
    return log_density[0];
  };
  target.value = [with = target.with_gradient](const Eigen::VectorXd& x) {
    Eigen::VectorXd gradient(x.size());
    return with(x, gradient);
  };
  const std::int64_t steps = std::max<std::int64_t>(16, evaluations / (chains * temperatures * sweeps)),
                     warm_up = steps / 4;
  const Eigen::VectorXd mean = mixture.means * mixture.weights;
  const double spread =
      (mixture.means.colwise() - mean).squaredNorm() / static_cast<double>(mixture.means.size());
  const double narrow = mixture.covariances.minCoeff();
  // At the hottest temperature a mode is as wide as all of them.
  const sample::LadderOptions ladder{
      .temperatures = temperatures, .hottest = std::min(0.5, narrow / (narrow + spread)), .sweeps = sweeps};
  sample::McmcOptions options;
  options.chains = chains, options.warm_up = warm_up, options.iterations = steps - warm_up,
  options.metric = "identity";
  const MatrixXd starts = draw_mixture(mixture, chains, seed, lane("diffusion.chains.tempering"));
  const sample::ParallelTempering<sample::Hmc> method(target, sample::Hmc(1), starts, options, ladder);
  const auto run = drive(method, Budget::steps(method.steps()), seed);
  const sample::Draws draws = method.draws(run.state);
  MatrixXd points(mixture.dimension(), count);
  for (Index i = 0; i < count; ++i) points.col(i) = draws.values.col(i * draws.values.cols() / count);
  return points;
}

void measure_outputs(const MatrixXd& samples, std::int64_t chains, ChainsResult& result) {
  const Index outputs = samples.cols() / chains, d = samples.rows();
  result.ess = result.autocorrelation = std::numeric_limits<double>::quiet_NaN();
  if (outputs < 4) return;
  result.ess = static_cast<double>(samples.cols());
  double products = 0, squares = 0;
  for (Index j = 0; j < d; ++j) {
    std::vector<double> values;
    for (Index c = 0; c < chains; ++c)
      for (Index t = 0; t < outputs; ++t) values.push_back(samples(j, t * chains + c));
    const double ess = sample::effective_sample_size(values, chains);
    if (std::isfinite(ess)) result.ess = std::min(result.ess, ess);
    const Eigen::ArrayXd row = samples.row(j).transpose().array() - samples.row(j).mean();
    const Index pairs = (outputs - 1) * chains;
    products += (row.head(pairs) * row.segment(chains, pairs)).sum() / static_cast<double>(pairs);
    squares += row.square().mean();
  }
  result.autocorrelation = products / squares;
}

}  // namespace lehr::command
