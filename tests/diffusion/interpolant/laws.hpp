// The laws of the interpolants' tests, and how a transport is run there.
#pragma once

#include <gtest/gtest.h>

#include "lehr/core/drive.hpp"
#include "lehr/diffusion/interpolant/interpolant_ode.hpp"
#include "lehr/diffusion/interpolant/interpolant_sde.hpp"
#include "lehr/diffusion/interpolant/mixture_transport.hpp"
#include "lehr/diffusion/mixture_file.hpp"

namespace lehr::diffusion {

// 1/2 N(+-3, 0.25) and 1/3 N(-6, 0.5) + 1/3 N(0, 0.33) + 1/3 N(6, 0.5).
inline stats::GaussianMixture two_bumps() {
  return mixture_from_json(
      parse_json(R"json({"weights": [1, 1], "means": [[-3], [3]], "variances": [0.25, 0.25]})json", "two"),
      "two");
}
inline stats::GaussianMixture three_bumps() {
  return mixture_from_json(
      parse_json(
          R"json({"weights": [1, 1, 1], "means": [[-6], [0], [6]], "variances": [0.5, 0.33, 0.5]})json",
          "three"),
      "three");
}
// 1/2 N(+-2, 0.5).
inline stats::GaussianMixture close_bumps() {
  return mixture_from_json(
      parse_json(R"json({"weights": [1, 1], "means": [[-2], [2]], "variances": [0.5, 0.5]})json", "close"),
      "close");
}
// Two and three components in the plane, full and diagonal covariances.
inline stats::GaussianMixture tilted() {
  return mixture_from_json(parse_json(R"json({"weights": [2, 1], "means": [[-1, 0.5], [2, 1]],
                                              "covariances": [[[1, 0.6], [0.6, 0.7]], [[0.3, -0.1], [-0.1, 0.5]]]})json",
                                      "tilted"),
                           "tilted");
}
inline stats::GaussianMixture upright() {
  return mixture_from_json(parse_json(R"json({"weights": [1, 2, 1], "means": [[0, 3], [-2, -2], [3, -1]],
                                              "variances": [[0.4, 0.9], [0.5, 0.2], [0.3, 0.3]]})json",
                                      "upright"),
                           "upright");
}

inline MixtureTransport between(stats::GaussianMixture from, stats::GaussianMixture to,
                                std::string path = "linear", std::string gamma = "brownian") {
  InterpolantOptions options;
  options.path = std::move(path), options.gamma = std::move(gamma);
  return {std::move(from), std::move(to), Interpolant(options)};
}

inline TransportState run_ode(const TransportField& field, const Eigen::MatrixXd& start,
                              InterpolantOdeOptions options) {
  const InterpolantOde method(field, start, options);
  return drive(method, Budget::steps(method.steps()), Seed{1}).state;
}
inline TransportState run_sde(const TransportField& field, const Eigen::MatrixXd& start,
                              InterpolantSdeOptions options, Seed seed = {1}) {
  const InterpolantSde method(field, start, options);
  return drive(method, Budget::steps(method.steps()), seed).state;
}

inline Eigen::VectorXd log_density(const stats::GaussianMixture& mixture, const Eigen::MatrixXd& points) {
  return stats::MixtureDensity(mixture).log_density({.points = points, .weights = {}, .scatter = {}});
}

}  // namespace lehr::diffusion
