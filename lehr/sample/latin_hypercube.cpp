#include "lehr/sample/latin_hypercube.hpp"

#include <boost/random/sobol.hpp>
#include <numeric>

#include "lehr/core/errors.hpp"

namespace lehr::sample {

Eigen::MatrixXd latin_hypercube(Index dimension, Index count, Stream random) {
  Eigen::MatrixXd points(dimension, count);
  std::vector<Index> slices(static_cast<std::size_t>(count));
  for (Index k = 0; k < dimension; ++k) {
    std::iota(slices.begin(), slices.end(), Index{0});
    for (std::size_t i = slices.size(); i > 1; --i)
      std::swap(slices[i - 1],
                slices[static_cast<std::size_t>(uniform_index(random, static_cast<std::int64_t>(i)))]);
    for (Index i = 0; i < count; ++i)
      points(k, i) = (static_cast<double>(slices[static_cast<std::size_t>(i)]) + uniform(random)) /
                     static_cast<double>(count);
  }
  return points;
}

Eigen::MatrixXd shifted_sobol_points(Index dimension, Index count, Stream random) {
  constexpr Index largest = 3667;
  if (dimension < 1 || dimension > largest)
    throw InvalidInput("Sobol' points: the dimension must be in [1, {}], found {}", largest, dimension);
  boost::random::sobol net(static_cast<std::size_t>(dimension));  // begins after the origin
  Eigen::MatrixXd points(dimension, count);
  for (Index i = 0; i < count; ++i)
    for (Index k = 0; k < dimension; ++k)
      points(k, i) = i == 0 ? 0 : static_cast<double>(net() >> 11) * 0x1.0p-53;
  Eigen::VectorXd shift(dimension);
  for (double& s : shift) s = uniform(random);
  points.colwise() += shift;
  return points.unaryExpr([](double x) { return x < 1 ? x : x - 1; });
}

}  // namespace lehr::sample
