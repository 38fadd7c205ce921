#include "lehr/stats/rashomon/hypothesis_class.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace lehr::stats {

using Eigen::Index;

namespace {

// A coordinate of the cube moves by up to 10^-u, u uniform in [0, 4): near and far moves at every level.
constexpr double longest_decades = 4;

// The point of [0, 1) that mirrors at 0 and 1 send u in [-1, 2) to.
double reflected(double u) {
  const double inside = u < 0 ? -u : u >= 1 ? 2 - u : u;
  return std::min(inside, std::nextafter(1.0, 0.0));
}

}  // namespace

HypothesisClass cube_class(Index dimension, std::function<double(HypothesisClass::ConstPoint)> loss) {
  return {.dimension = dimension,
          .draw =
              [](HypothesisClass::Point point, Stream& random) {
                for (double& x : point) x = uniform(random);
              },
          .loss = std::move(loss),
          .propose =
              [](HypothesisClass::ConstPoint from, double step, HypothesisClass::Point to, Stream& random) {
                to = from;
                const Index chosen = uniform_index(random, from.size());
                const double reach = std::pow(10, -longest_decades * uniform(random));
                for (Index k = 0; k < from.size(); ++k)
                  if (k == chosen || uniform(random) < step)
                    to(k) = reflected(from(k) + reach * (2 * uniform(random) - 1));
              }};
}

HypothesisClass gaussian_class(Index dimension, std::function<double(HypothesisClass::ConstPoint)> loss) {
  return {.dimension = dimension,
          .draw =
              [](HypothesisClass::Point point, Stream& random) {
                for (double& x : point) x = normal(random);
              },
          .loss = std::move(loss),
          .propose =
              [](HypothesisClass::ConstPoint from, double step, HypothesisClass::Point to, Stream& random) {
                const double angle = 0.5 * std::numbers::pi * step;
                for (Index k = 0; k < from.size(); ++k)
                  to(k) = std::cos(angle) * from(k) + std::sin(angle) * normal(random);
              }};
}

HypothesisClass linear_hypotheses(const LinearClass& linear) {
  return gaussian_class(linear.dimension(), [&linear](HypothesisClass::ConstPoint point) {
    return static_cast<double>(linear.errors(point)) / static_cast<double>(linear.records());
  });
}

}  // namespace lehr::stats
