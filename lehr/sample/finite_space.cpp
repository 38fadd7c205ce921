#include "lehr/sample/finite_space.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include "lehr/core/errors.hpp"
#include "lehr/linalg/dense.hpp"
#include "lehr/sample/index_set.hpp"

namespace lehr::sample {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double least_gram_eigenvalue = 1e-12;

// Draws entries in proportion to weights >= 0: cumulative sums, searched.
class WeightedRows {
 public:
  explicit WeightedRows(const VectorXd& weights) : cumulative_(weights.begin(), weights.end()) {
    std::partial_sum(cumulative_.begin(), cumulative_.end(), cumulative_.begin());
  }
  Index draw(Stream& random) const {
    const double target = uniform(random) * cumulative_.back();
    const auto found = std::upper_bound(cumulative_.begin(), cumulative_.end() - 1, target);
    return static_cast<Index>(found - cumulative_.begin());
  }

 private:
  std::vector<double> cumulative_;
};

MatrixXd draw_points(const FiniteDomain& domain, const WeightedRows& rows, Stream& random, Index count) {
  MatrixXd points(domain.points.rows(), count);
  for (Index k = 0; k < count; ++k) points.col(k) = domain.points.col(rows.draw(random));
  return points;
}

// phi at points of the domain, found again by their coordinates.
class TableFeatures {
 public:
  explicit TableFeatures(std::shared_ptr<const FiniteDomain> domain) : domain_(std::move(domain)) {
    for (Index i = 0; i < domain_->points.cols(); ++i) rows_.emplace(key(domain_->points.col(i)), i);
  }

  MatrixXd operator()(const Points& points) const {
    MatrixXd features(domain_->orthonormal.cols(), points.cols());
    for (Index k = 0; k < points.cols(); ++k) {
      const auto found = rows_.find(key(points.col(k)));
      if (found == rows_.end())
        throw InvalidInput("basis: point {} ({}) is not one of the {} points of the table", k + 1,
                           fmt::join(key(points.col(k)), ", "), rows_.size());
      features.col(k) = domain_->orthonormal.row(found->second).transpose() /
                        std::sqrt(domain_->probabilities(found->second));
    }
    return features;
  }

 private:
  static std::vector<double> key(const Eigen::Ref<const VectorXd>& point) {
    return {point.begin(), point.end()};
  }
  std::shared_ptr<const FiniteDomain> domain_;
  std::map<std::vector<double>, Index> rows_;
};

void check_table(const MatrixXd& points, const MatrixXd& values, const VectorXd& probabilities) {
  if (points.cols() != values.rows())
    throw InvalidInput("basis: {} points and {} rows of functions", points.cols(), values.rows());
  if (values.cols() < 1 || values.cols() > most_functions)
    throw InvalidInput("basis: a table has between 1 and {} functions, found {}", most_functions,
                       values.cols());
  if (values.rows() < values.cols())
    throw InvalidInput("basis: {} rows for {} functions; a table needs at least as many", values.rows(),
                       values.cols());
  for (Index j = 0; j < values.cols(); ++j)
    for (Index i = 0; i < values.rows(); ++i)
      if (!std::isfinite(values(i, j)))
        throw InvalidInput("basis: function {} is {} at row {}", j + 1, values(i, j), i + 1);
  if (probabilities.size() != 0 && probabilities.size() != values.rows())
    throw InvalidInput("basis: {} probabilities for {} rows", probabilities.size(), values.rows());
  for (Index i = 0; i < probabilities.size(); ++i)
    if (!(probabilities(i) > 0) || !std::isfinite(probabilities(i)))
      throw InvalidInput("basis: the probability of row {} must be above 0 and finite, found {}", i + 1,
                         probabilities(i));
}

void check_independent(const MatrixXd& weighted) {
  const VectorXd norms = weighted.colwise().norm();
  for (Index j = 0; j < norms.size(); ++j)
    if (norms(j) == 0) throw InvalidInput("basis: function {} is 0 at every point", j + 1);
  const MatrixXd scaled = weighted * norms.cwiseInverse().asDiagonal();
  const double least = linalg::symmetric_eigenvalues(scaled.transpose() * scaled)(0);
  if (!(least >= least_gram_eigenvalue))
    throw InvalidInput(
        "basis: the functions are linearly dependent: the least eigenvalue of their Gram matrix, scaled to a "
        "unit "
        "diagonal, is {:.2g}, below {:.0g}",
        least, least_gram_eigenvalue);
}

}  // namespace

FunctionSpace space_on(std::shared_ptr<const FiniteDomain> domain,
                       std::function<MatrixXd(const Points& points)> features) {
  FunctionSpace space;
  space.dimension = domain->points.rows();
  space.size = domain->orthonormal.cols();
  space.nested.resize(static_cast<std::size_t>(space.size));
  std::iota(space.nested.begin(), space.nested.end(), Index{1});
  space.features = std::move(features);
  const auto reference = std::make_shared<const WeightedRows>(domain->probabilities);
  space.draw_reference = [domain, reference](Stream& random, Index count) {
    return draw_points(*domain, *reference, random, count);
  };
  const auto leverage = std::make_shared<const WeightedRows>(domain->orthonormal.rowwise().squaredNorm());
  space.draw_optimal = [domain, leverage, size = space.size](Stream& random, Index count, Index leading) {
    if (leading == size) return draw_points(*domain, *leverage, random, count);
    const WeightedRows part(domain->orthonormal.leftCols(leading).rowwise().squaredNorm());
    return draw_points(*domain, part, random, count);
  };
  space.finite = std::move(domain);
  return space;
}

FunctionSpace finite_space(const MatrixXd& points, const MatrixXd& values, const VectorXd& probabilities) {
  check_table(points, values, probabilities);
  auto domain = std::make_shared<FiniteDomain>();
  domain->points = points;
  domain->probabilities = probabilities.size() != 0
                              ? VectorXd(probabilities / probabilities.sum())
                              : VectorXd::Constant(values.rows(), 1.0 / static_cast<double>(values.rows()));
  const MatrixXd weighted = domain->probabilities.cwiseSqrt().asDiagonal() * values;
  check_independent(weighted);
  linalg::ThinQr qr = linalg::thin_qr(weighted);
  domain->orthonormal = std::move(qr.q);
  FunctionSpace space = space_on(domain, TableFeatures(domain));
  space.name = fmt::format("table of {} rows", values.rows());
  space.to_user = linalg::solve_upper(qr.r, MatrixXd::Identity(space.size, space.size));
  return space;
}

FunctionSpace finite_space(const MatrixXd& values) {
  return finite_space(Eigen::RowVectorXd::LinSpaced(values.rows(), 0, static_cast<double>(values.rows() - 1)),
                      values);
}

}  // namespace lehr::sample
