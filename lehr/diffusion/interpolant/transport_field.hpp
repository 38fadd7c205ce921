// The fields that carry one law into another: a velocity b(t, x) and, where there is one, the score s(t, x) of the law at time t.
//
//   ODE             dX = b dt
//   forward SDE     dX = (b + epsilon s) dt + sqrt(2 epsilon) dW        from rho0, t upwards
//   backward SDE    dX = (b - epsilon s) dt + sqrt(2 epsilon) dW_B      from rho1, t downwards
//
// have the same marginals. Samplers know fields by this interface alone: exact ones of mixtures (mixture_transport.hpp), learned ones,
// or the user's own. `at(t)` prepares what depends on time; the result is called from several threads for tiles of points.
#pragma once

#include <Eigen/Core>
#include <functional>

#include "lehr/core/random.hpp"
#include "lehr/diffusion/quality.hpp"

namespace lehr::diffusion {

// Which values are asked for beside the velocity.
struct FieldParts {
  bool score = false;
  bool divergence = false;        // of the velocity
  bool score_divergence = false;  // of the score
};

struct FieldValues {
  Eigen::MatrixXd velocity, score;               // d x n
  Eigen::VectorXd divergence, score_divergence;  // n
};

using FieldAtTime = std::function<void(const PointsRef& x, const FieldParts& parts, FieldValues& values)>;

struct TransportField {
  Eigen::Index dimension = 0;
  bool has_score = true;
  std::function<FieldAtTime(double t)> at;
};

// Gives a field without divergences those of differences: central ones along each of the d coordinates for d <= 8, else along
// `probes` random signs (Hutchinson: E[u' J u] = tr J), which depend on the seed and the probe alone. Differences over
// `difference` max(1, largest coordinate) to either side; fields in single precision need a larger one.
TransportField with_divergence(TransportField field, Seed seed = {1}, int probes = 4,
                               double difference = 1e-5);

// b + amplitude sin(frequency x), coordinate by coordinate: a velocity with a known error.
TransportField perturbed(TransportField field, double amplitude, double frequency);

}  // namespace lehr::diffusion
