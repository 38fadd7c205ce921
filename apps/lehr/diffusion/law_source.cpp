#include "apps/lehr/diffusion/law_source.hpp"

#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/point_file.hpp"
#include "lehr/stats/gaussian_mixture_em.hpp"

namespace lehr::command {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr std::int64_t most_components = 8, starts = 3;
constexpr Index full_dimensions = 10;

// Labels by the nearest of `components` points, each drawn with probability proportional to its squared distance to those before.
std::vector<int> seeded_labels(const MatrixXd& points, std::int64_t components, Stream random) {
  const Index n = points.cols();
  std::vector<int> labels(static_cast<std::size_t>(n), 0);
  VectorXd nearest = VectorXd::Constant(n, std::numeric_limits<double>::infinity());
  Index centre = uniform_index(random, n);
  for (int k = 0; k < components; ++k) {
    const VectorXd squared = (points.colwise() - points.col(centre)).colwise().squaredNorm().transpose();
    for (Index i = 0; i < n; ++i)
      if (squared[i] < nearest[i]) nearest[i] = squared[i], labels[static_cast<std::size_t>(i)] = k;
    double place = uniform(random) * nearest.sum();
    for (centre = 0; centre + 1 < n && (place -= nearest[centre]) > 0;) ++centre;
  }
  return labels;
}

}  // namespace

stats::GaussianMixture fit_mixture(const MatrixXd& points, std::int64_t components, Seed seed) {
  const Index d = points.rows();
  if (points.cols() < 2 * (d + 1))
    throw InvalidInput("a mixture in {} dimensions cannot be fitted to {} points; {} are the fewest", d,
                       points.cols(), 2 * (d + 1));
  const auto shape = d <= full_dimensions ? stats::CovarianceShape::full : stats::CovarianceShape::diagonal;
  const VectorXd centre = points.rowwise().mean();
  const VectorXd variances =
      (points.colwise() - centre).rowwise().squaredNorm() / static_cast<double>(points.cols());
  if (!(variances.minCoeff() > 0))
    throw InvalidInput("a mixture cannot be fitted: a coordinate is the same at all {} points",
                       points.cols());
  stats::MixtureFitOptions options{.floor = 1e-4 * variances, .least_mass = static_cast<double>(d) + 1};
  const stats::WeightedPoints data{.points = points, .weights = {}, .scatter = {}};
  stats::MixtureFit best;
  best.bic = std::numeric_limits<double>::infinity();
  const std::int64_t first = components > 0 ? components : 1,
                     last = components > 0 ? components : most_components;
  for (std::int64_t k = first; k <= last; ++k)
    for (std::int64_t start = 0; start < (k == 1 ? 1 : starts); ++start) {
      const Stream random(seed, lane("diffusion.law.start"), static_cast<std::uint64_t>(100 * k + start));
      stats::MixtureFit fit =
          stats::fit_gaussian_mixture(data, seeded_labels(points, k, random), k, shape, options);
      if (fit.sound() && fit.bic < best.bic) best = std::move(fit);
    }
  if (!std::isfinite(best.bic))
    throw InvalidInput("no mixture of {} components fits the points: a component starves", components);
  return best.mixture;
}

LawSource read_law_or_points(const std::filesystem::path& path) {
  if (path.extension() == ".json")
    return {.mixture = diffusion::read_mixture(path), .points = {}, .names = {}, .note = {}};
  diffusion::PointSet set = diffusion::read_point_set(path);
  LawSource law;
  law.points = std::move(set.points), law.names = std::move(set.names);
  return law;
}

LawSource read_law(const std::filesystem::path& path, std::int64_t components, Seed seed) {
  LawSource law = read_law_or_points(path);
  if (law.is_formula()) return law;
  law.mixture = fit_mixture(law.points, components, seed);
  law.note = fmt::format(
      "{} holds {} points, not a formula: its fields are those of a mixture of {} Gaussians fitted to "
      "them{}.",
      path.filename().string(), law.points.cols(), law.mixture.components(),
      components > 0 ? "" : " (the number of 1 to 8 with the lowest BIC)");
  return law;
}

bool has_both_laws(const std::filesystem::path& path) {
  if (path.extension() != ".json") return false;
  const Json json = parse_json(read_file(path), path.string());
  return json.is_object() && json.contains("rho0") && json.contains("rho1");
}

LawSource read_law_at(const std::filesystem::path& path, const std::string& key) {
  const Json json = parse_json(read_file(path), path.string());
  if (!json.is_object() || !json.contains(key))
    throw InvalidInput("{}: there is no key '{}'", path.string(), key);
  return {.mixture = diffusion::mixture_from_json(json.at(key), path.string() + ": " + key),
          .points = {},
          .names = {},
          .note = {}};
}

}  // namespace lehr::command
