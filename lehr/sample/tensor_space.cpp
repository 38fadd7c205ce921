#include "lehr/sample/tensor_space.hpp"

#include <algorithm>
#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::sample {
namespace {

constexpr Index point_block = 64;
constexpr Index extra_nodes = 50;  // of the rules for integrals, beyond what makes the basis orthonormal

// The products, and the univariate bases that they are made of.
struct ProductBasis {
  std::vector<UnivariateBasis> bases;
  Eigen::MatrixXi functions;        // d x m
  std::vector<std::size_t> starts;  // where the values of coordinate i stand among those of all coordinates

  ProductBasis(std::vector<UnivariateBasis> given, Eigen::MatrixXi chosen)
      : bases(std::move(given)), functions(std::move(chosen)), starts{0} {
    for (Index i = 0; i < functions.rows(); ++i)
      starts.push_back(starts.back() + static_cast<std::size_t>(functions.row(i).maxCoeff()) + 1);
  }

  void features_of(const Eigen::Ref<const Eigen::VectorXd>& point, std::vector<double>& values,
                   Eigen::Ref<Eigen::VectorXd> features) const {
    values.resize(starts.back());
    for (std::size_t i = 0; i < bases.size(); ++i)
      bases[i].evaluate(point(static_cast<Index>(i)), {values.data() + starts[i], starts[i + 1] - starts[i]});
    const Index d = functions.rows();
    for (Index f = 0; f < functions.cols(); ++f) {
      const int* a = functions.data() + f * d;
      double product = values[static_cast<std::size_t>(a[0])];
      for (Index i = 1; i < d; ++i)
        product *= values[starts[static_cast<std::size_t>(i)] + static_cast<std::size_t>(a[i])];
      features(f) = product;
    }
  }
};

Eigen::MatrixXd product_features(const ProductBasis& basis, const Points& points) {
  Eigen::MatrixXd features(basis.functions.cols(), points.cols());
  parallel_for((points.cols() + point_block - 1) / point_block, [&](std::int64_t block) {
    std::vector<double> values;
    const Index end = std::min<Index>(points.cols(), (block + 1) * point_block);
    for (Index i = block * point_block; i < end; ++i)
      basis.features_of(points.col(i), values, features.col(i));
  });
  return features;
}

Eigen::MatrixXd draw_from_products(const ProductBasis& basis, Stream& random, Index count, Index leading) {
  Eigen::MatrixXd points(basis.functions.rows(), count);
  for (Index k = 0; k < count; ++k) {
    const Index f = uniform_index(random, leading);
    for (Index i = 0; i < points.rows(); ++i)
      points(i, k) = basis.bases[static_cast<std::size_t>(i)].draw_square(random, basis.functions(i, f));
  }
  return points;
}

Eigen::MatrixXd draw_from_measure(const ProductBasis& basis, Stream& random, Index count) {
  Eigen::MatrixXd points(basis.functions.rows(), count);
  for (Index k = 0; k < count; ++k)
    for (Index i = 0; i < points.rows(); ++i)
      points(i, k) = basis.bases[static_cast<std::size_t>(i)].draw(random);
  return points;
}

void check_products(const std::vector<UnivariateBasis>& bases, const IndexSet& set, Index size) {
  if (set.functions.rows() != static_cast<Index>(bases.size()))
    throw InvalidInput("basis: {} univariate bases for products of {}", bases.size(), set.functions.rows());
  if (size < 0 || size > set.functions.cols())
    throw InvalidInput("basis: size must be in [1, {}], the number of products, found {}",
                       set.functions.cols(), size);
  for (std::size_t i = 0; i < bases.size(); ++i)
    if (set.functions.row(static_cast<Index>(i)).maxCoeff() >= bases[i].count())
      throw InvalidInput("basis: coordinate {} has {} functions, its products use more", i + 1,
                         bases[i].count());
}

}  // namespace

FunctionSpace tensor_space(std::vector<UnivariateBasis> bases, const IndexSet& set, Index size) {
  check_products(bases, set, size);
  FunctionSpace space;
  space.dimension = set.functions.rows();
  space.size = size == 0 ? set.functions.cols() : size;
  space.degrees = set.functions.leftCols(space.size);
  for (const Index count : set.nested)
    if (space.nested.empty() || space.nested.back() < space.size)
      space.nested.push_back(std::min(count, space.size));
  for (const UnivariateBasis& basis : bases) {
    space.name += (space.name.empty() ? "" : "*") + basis.name;
    space.quadrature.push_back(
        basis.quadrature(static_cast<int>(std::min<Index>(basis.count() + extra_nodes, 250))));
  }
  const auto products = std::make_shared<const ProductBasis>(std::move(bases), space.degrees);
  space.features = [products](const Points& points) { return product_features(*products, points); };
  space.draw_reference = [products](Stream& random, Index count) {
    return draw_from_measure(*products, random, count);
  };
  space.draw_optimal = [products](Stream& random, Index count, Index leading) {
    return draw_from_products(*products, random, count, leading);
  };
  return space;
}

VarianceShares variance_shares(const Eigen::MatrixXi& degrees, const Eigen::VectorXd& coefficients) {
  const auto d = static_cast<std::size_t>(degrees.rows());
  VarianceShares shares{
      .mean = 0, .variance = 0, .first_order = std::vector<double>(d), .total = std::vector<double>(d)};
  for (Index f = 0; f < coefficients.size(); ++f) {
    const auto active = (degrees.col(f).array() > 0).count();
    if (active == 0) {
      shares.mean += coefficients(f);
      continue;
    }
    const double square = coefficients(f) * coefficients(f);
    shares.variance += square;
    for (std::size_t i = 0; i < d; ++i)
      if (degrees(static_cast<Index>(i), f) > 0) {
        shares.total[i] += square;
        if (active == 1) shares.first_order[i] += square;
      }
  }
  for (std::size_t i = 0; i < d; ++i)
    shares.first_order[i] /= shares.variance, shares.total[i] /= shares.variance;
  return shares;
}

}  // namespace lehr::sample
