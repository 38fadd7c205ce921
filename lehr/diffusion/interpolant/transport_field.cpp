#include "lehr/diffusion/interpolant/transport_field.hpp"

#include <cmath>
#include <utility>

namespace lehr::diffusion {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index exact_dimensions = 8;

// u'(f(x + h u) - f(x - h u)) / 2h of velocity and score, added with `weight`.
void add_along(const FieldAtTime& field, const PointsRef& x, const VectorXd& u, const FieldParts& parts,
               double h, double weight, FieldValues& values) {
  FieldValues above, below;
  const FieldParts plain{.score = parts.score_divergence};
  field(x.colwise() + h * u, plain, above);
  field(x.colwise() - h * u, plain, below);
  if (parts.divergence)
    values.divergence += weight / (2 * h) * (u.transpose() * (above.velocity - below.velocity)).transpose();
  if (parts.score_divergence)
    values.score_divergence += weight / (2 * h) * (u.transpose() * (above.score - below.score)).transpose();
}

VectorXd random_signs(Index d, Seed seed, int probe) {
  Stream random(seed, lane("diffusion.interpolant.probe"), static_cast<std::uint64_t>(probe));
  VectorXd signs(d);
  for (double& sign : signs) sign = random() >> 63 != 0 ? 1 : -1;
  return signs;
}

}  // namespace

TransportField with_divergence(TransportField field, Seed seed, int probes, double difference) {
  TransportField result = field;
  result.at = [field = std::move(field), seed, probes, difference](double t) -> FieldAtTime {
    return [inner = field.at(t), d = field.dimension, seed, probes, difference](
               const PointsRef& x, const FieldParts& parts, FieldValues& values) {
      inner(x, {.score = parts.score}, values);
      if (parts.divergence) values.divergence.setZero(x.cols());
      if (parts.score_divergence) values.score_divergence.setZero(x.cols());
      if (!parts.divergence && !parts.score_divergence) return;
      const double h = difference * std::max(1.0, x.cwiseAbs().maxCoeff());
      if (d <= exact_dimensions)
        for (Index j = 0; j < d; ++j) add_along(inner, x, VectorXd::Unit(d, j), parts, h, 1, values);
      else
        for (int p = 0; p < probes; ++p)
          add_along(inner, x, random_signs(d, seed, p), parts, h, 1.0 / probes, values);
    };
  };
  return result;
}

TransportField perturbed(TransportField field, double amplitude, double frequency) {
  TransportField result = field;
  result.at = [field = std::move(field), amplitude, frequency](double t) -> FieldAtTime {
    return [inner = field.at(t), amplitude, frequency](const PointsRef& x, const FieldParts& parts,
                                                       FieldValues& values) {
      inner(x, parts, values);
      values.velocity.array() += amplitude * (frequency * x.array()).sin();
      if (parts.divergence)
        values.divergence +=
            (amplitude * frequency * (frequency * x.array()).cos()).colwise().sum().matrix().transpose();
    };
  };
  return result;
}

}  // namespace lehr::diffusion
