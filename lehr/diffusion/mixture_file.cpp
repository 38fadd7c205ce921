#include "lehr/diffusion/mixture_file.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::Index;
using stats::CovarianceShape;
using stats::GaussianMixture;

const Json& array_at(const Json& value, const char* key, std::string_view where) {
  const auto found = value.find(key);
  if (found == value.end()) throw InvalidInput("{}: a mixture needs the key '{}'", where, key);
  if (!found->is_array() || found->empty()) throw InvalidInput("{}: {} is no list of numbers", where, key);
  return *found;
}

double number_at(const Json& value, const char* key, std::string_view where) {
  if (!value.is_number())
    throw InvalidInput("{}: {} has {} where a number belongs", where, key, quote(value.dump()));
  const double number = value.get<double>();
  if (!std::isfinite(number)) throw InvalidInput("{}: {} has a number that is not finite", where, key);
  return number;
}

// A list of `size` numbers into `to`.
template <class Column>
void read_numbers(const Json& list, Column&& to, const char* key, std::string_view where,
                  std::size_t component) {
  if (!list.is_array() || list.size() != static_cast<std::size_t>(to.size()))
    throw InvalidInput("{}: {}[{}] is no list of {} numbers", where, key, component, to.size());
  for (Index i = 0; i < to.size(); ++i) to[i] = number_at(list[static_cast<std::size_t>(i)], key, where);
}

void read_covariances(const Json& list, GaussianMixture& mixture, std::string_view where) {
  const Index d = mixture.dimension();
  mixture.shape = CovarianceShape::full;
  mixture.covariances.resize(d * d, mixture.components());
  for (std::size_t k = 0; k < list.size(); ++k) {
    if (!list[k].is_array() || list[k].size() != static_cast<std::size_t>(d))
      throw InvalidInput("{}: covariances[{}] is no {} x {} matrix", where, k, d, d);
    Eigen::MatrixXd matrix(d, d);
    for (Index i = 0; i < d; ++i)
      read_numbers(list[k][static_cast<std::size_t>(i)], matrix.col(i), "covariances", where, k);
    if ((matrix - matrix.transpose()).cwiseAbs().maxCoeff() > 1e-8 * matrix.cwiseAbs().maxCoeff())
      throw InvalidInput("{}: covariances[{}] is not symmetric", where, k);
    mixture.covariances.col(static_cast<Index>(k)) = matrix.reshaped();
  }
}

void read_variances(const Json& list, GaussianMixture& mixture, std::string_view where) {
  const bool diagonal = list.front().is_array();
  mixture.shape = diagonal ? CovarianceShape::diagonal : CovarianceShape::spherical;
  mixture.covariances.resize(diagonal ? mixture.dimension() : 1, mixture.components());
  for (std::size_t k = 0; k < list.size(); ++k) {
    auto column = mixture.covariances.col(static_cast<Index>(k));
    if (diagonal)
      read_numbers(list[k], column, "variances", where, k);
    else
      column[0] = number_at(list[k], "variances", where);
    if (!(column.minCoeff() > 0)) throw InvalidInput("{}: variances[{}] is not above 0", where, k);
  }
}

}  // namespace

GaussianMixture mixture_from_json(const Json& value, std::string_view where) {
  if (!value.is_object())
    throw InvalidInput("{}: expected an object with weights, means and variances", where);
  const Json &weights = array_at(value, "weights", where), &means = array_at(value, "means", where);
  if (means.size() != weights.size())
    throw InvalidInput("{}: {} weights, but {} means", where, weights.size(), means.size());
  if (!means.front().is_array() || means.front().empty())
    throw InvalidInput("{}: means[0] is no list of numbers", where);
  GaussianMixture mixture;
  const auto count = static_cast<Index>(weights.size());
  mixture.weights.resize(count);
  mixture.means.resize(static_cast<Index>(means.front().size()), count);
  for (std::size_t k = 0; k < weights.size(); ++k) {
    const double weight = number_at(weights[k], "weights", where);
    if (!(weight > 0)) throw InvalidInput("{}: weights[{}] is {:g}, not above 0", where, k, weight);
    mixture.weights[static_cast<Index>(k)] = weight;
    read_numbers(means[k], mixture.means.col(static_cast<Index>(k)), "means", where, k);
  }
  mixture.weights /= mixture.weights.sum();
  const bool full = value.contains("covariances");
  if (full && value.contains("variances"))
    throw InvalidInput("{}: give variances or covariances, not both", where);
  const char* key = full ? "covariances" : "variances";
  const Json& spread = array_at(value, key, where);
  if (spread.size() != weights.size())
    throw InvalidInput("{}: {} weights, but {} {}", where, weights.size(), spread.size(), key);
  if (full)
    read_covariances(spread, mixture, where);
  else
    read_variances(spread, mixture, where);
  if (!stats::MixtureDensity::proper(mixture))
    throw InvalidInput("{}: a covariance is not positive definite", where);
  return mixture;
}

GaussianMixture read_mixture(const std::filesystem::path& path) {
  return mixture_from_json(parse_json(read_file(path), path.string()), path.string());
}

Json mixture_json(const GaussianMixture& mixture) {
  const auto list = [](const auto& values) {
    Json array = Json::array();
    for (const double value : values) array.push_back(value);
    return array;
  };
  Json json;
  json["weights"] = list(mixture.weights);
  json["means"] = Json::array();
  Json spread = Json::array();
  for (Index k = 0; k < mixture.components(); ++k) {
    json["means"].push_back(list(mixture.means.col(k)));
    if (mixture.shape == CovarianceShape::full) {
      Json matrix = Json::array();
      const Eigen::MatrixXd covariance = mixture.covariance(k);
      for (Index i = 0; i < covariance.cols(); ++i) matrix.push_back(list(covariance.col(i)));
      spread.push_back(std::move(matrix));
    } else if (mixture.shape == CovarianceShape::diagonal) {
      spread.push_back(list(mixture.covariances.col(k)));
    } else {
      spread.push_back(mixture.covariances(0, k));
    }
  }
  json[mixture.shape == CovarianceShape::full ? "covariances" : "variances"] = std::move(spread);
  return json;
}

Eigen::MatrixXd draw_mixture(const GaussianMixture& mixture, Index n, Seed seed, std::uint64_t lane) {
  const stats::MixtureDensity density(mixture);
  Eigen::MatrixXd points(mixture.dimension(), n);
  parallel_for(
      n,
      [&](std::int64_t i) {
        Stream random(seed, lane, static_cast<std::uint64_t>(i));
        points.col(i) = density.draw(random);
      },
      1024);
  return points;
}

}  // namespace lehr::diffusion
