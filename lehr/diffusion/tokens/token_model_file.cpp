#include "lehr/diffusion/tokens/token_model_file.hpp"

#include <cmath>
#include <functional>
#include <optional>

#include "lehr/core/errors.hpp"
#include "lehr/core/npy.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/point_file.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::Index;
// The array of a name, or nothing.
using Arrays = std::function<std::optional<Tensor>(const std::string&)>;

std::vector<double> numbers(const Tensor& tensor, const std::string& where, const char* name) {
  std::vector<double> values = tensor.to_doubles();
  for (const double value : values)
    if (!std::isfinite(value)) throw InvalidInput("{}: {} holds a number that is not finite", where, name);
  return values;
}

Tensor need(const Arrays& arrays, const std::string& where, const char* name) {
  std::optional<Tensor> tensor = arrays(name);
  if (!tensor)
    throw InvalidInput("{}: has no array '{}'; a mixture is weights, means and covariances or variances",
                       where, name);
  return std::move(*tensor);
}

stats::GaussianMixture from_arrays(const Arrays& arrays, const std::string& where) {
  const Tensor weights = need(arrays, where, "weights"), means = need(arrays, where, "means");
  if (weights.shape.size() != 1 || weights.shape[0] < 1)
    throw InvalidInput("{}: weights have the shape {}, expected [K]", where, to_string(weights.shape));
  const std::int64_t k = weights.shape[0];
  if (means.shape.size() != 2 || means.shape[0] != k || means.shape[1] < 1)
    throw InvalidInput("{}: means have the shape {}, expected [{}, D]", where, to_string(means.shape), k);
  const std::int64_t d = means.shape[1];
  stats::GaussianMixture mixture;
  const std::vector<double> w = numbers(weights, where, "weights"), m = numbers(means, where, "means");
  mixture.weights = Eigen::Map<const Eigen::VectorXd>(w.data(), k);
  if (!(mixture.weights.minCoeff() > 0)) throw InvalidInput("{}: a weight is not above 0", where);
  mixture.weights /= mixture.weights.sum();
  mixture.means = Eigen::Map<const Eigen::MatrixXd>(m.data(), d, k);
  const bool full = arrays("covariances").has_value();
  const char* const name = full ? "covariances" : "variances";
  const Tensor spread = need(arrays, where, name);
  const bool spherical = !full && spread.shape == Shape{k};
  if (spread.shape != (full ? Shape{k, d, d} : spherical ? Shape{k} : Shape{k, d}))
    throw InvalidInput("{}: {} have the shape {}, expected {}", where, name, to_string(spread.shape),
                       full ? to_string(Shape{k, d, d}) : to_string(Shape{k, d}));
  const std::vector<double> values = numbers(spread, where, name);
  mixture.shape = full        ? stats::CovarianceShape::full
                  : spherical ? stats::CovarianceShape::spherical
                              : stats::CovarianceShape::diagonal;
  mixture.covariances =
      Eigen::Map<const Eigen::MatrixXd>(values.data(), static_cast<Index>(values.size()) / k, k);
  if (!stats::MixtureDensity::proper(mixture))
    throw InvalidInput("{}: a covariance is not positive definite", where);
  return mixture;
}

}  // namespace

stats::GaussianMixture read_sequence_mixture(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path))
    return from_arrays(
        [&path](const std::string& name) -> std::optional<Tensor> {
          const std::filesystem::path file = path / (name + ".npy");
          if (!std::filesystem::exists(file)) return std::nullopt;
          return read_npy(file);
        },
        path.string());
  if (path.extension() == ".npz") {
    const Npz file(path);
    return from_arrays(
        [&file](const std::string& name) -> std::optional<Tensor> {
          for (const std::string& known : file.names())
            if (known == name) return file.read(name);
          return std::nullopt;
        },
        path.string());
  }
  if (path.extension() == ".json") return read_mixture(path);
  throw InvalidInput(
      "{}: a mixture is a .json or .npz file, or a folder with weights.npy, means.npy and covariances.npy",
      path.string());
}

Eigen::MatrixXd read_sequences(const std::filesystem::path& path, Index tokens, Index token_dim) {
  Eigen::MatrixXd points;
  const std::string extension = path.extension().string();
  if (extension == ".npy" || extension == ".npz") {
    Tensor tensor;
    if (extension == ".npy") {
      tensor = read_npy(path);
    } else {
      const Npz file(path);
      if (file.names().size() != 1)
        throw InvalidInput("{}: holds {} arrays, expected one", path.string(), file.names().size());
      tensor = file.read(file.names().front());
    }
    if (tensor.shape.size() == 3) {
      if (tensor.shape[1] != tokens || tensor.shape[2] != token_dim)
        throw InvalidInput("{}: sequences of {} tokens of {} numbers, expected {} of {}", path.string(),
                           tensor.shape[1], tensor.shape[2], tokens, token_dim);
      tensor.shape = {tensor.shape[0], tokens * token_dim};
    }
    points = points_of(tensor.view());
    if (!points.allFinite()) throw InvalidInput("{}: holds a number that is not finite", path.string());
  } else {
    points = read_point_set(path).points;
  }
  if (points.rows() != tokens * token_dim)
    throw InvalidInput("{}: sequences of {} numbers do not divide into {} tokens of {}", path.string(),
                       points.rows(), tokens, token_dim);
  return points;
}

}  // namespace lehr::diffusion
