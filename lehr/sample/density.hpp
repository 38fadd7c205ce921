// A law of points in R^d that can be evaluated and drawn from: what proposals, start laws and a user's own
// law have in common.
#pragma once

#include <Eigen/Core>
#include <functional>
#include <string>
#include <vector>

#include "lehr/core/random.hpp"

namespace lehr::sample {

using Eigen::Index;
using Points = Eigen::Ref<const Eigen::MatrixXd>;  // d x n, a point per column

struct Density {
  Index dimension = 0;
  // ln density of each point, -infinity outside the support. Called from one thread at a time; may use
  // several.
  std::function<Eigen::VectorXd(const Points& points)> log_pdf;
  // `count` independent points, d x count, that depend on the stream's address alone.
  std::function<Eigen::MatrixXd(const Stream& stream, Index count)> sample;
};

// The standard normal law in R^d.
Density standard_normal(Index dimension);

// d x count standard normal numbers: point i uses words of its own of the stream, so that any thread may draw
// it, and the first points do not depend on `count`.
Eigen::MatrixXd standard_normal_points(const Stream& stream, Index dimension, Index count);

// -d/2 ln(2 pi) - |x|^2 / 2 of each column.
Eigen::VectorXd standard_normal_log_pdf(const Points& points);

// `count` numbers, uniform in [0, 1), from words of the stream that standard_normal_points leaves alone.
Eigen::VectorXd uniform_numbers(const Stream& stream, Index count);

// Calls body(first, count) for consecutive blocks of points, in parallel.
void for_point_blocks(Index points, const std::function<void(Index first, Index count)>& body);

// The point as text for messages: "(0.5, -1.25, ...)", named where names are given.
std::string point_text(const Eigen::Ref<const Eigen::VectorXd>& point,
                       const std::vector<std::string>& names = {});

}  // namespace lehr::sample
