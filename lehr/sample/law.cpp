#include "lehr/sample/law.hpp"

#include <cmath>
#include <limits>
#include <set>

#include "lehr/core/errors.hpp"
#include "lehr/linalg/dense.hpp"

namespace lehr::sample {

using Eigen::MatrixXd;
using Eigen::RowVectorXd;
using Eigen::VectorXd;

namespace {

constexpr double minus_infinity = -std::numeric_limits<double>::infinity();

std::span<double> span_of(VectorXd& values) {
  return {values.data(), static_cast<std::size_t>(values.size())};
}

void check_correlation(const MatrixXd& correlation, const std::vector<std::string>& names) {
  const auto d = static_cast<Index>(names.size());
  if (correlation.rows() != d || correlation.cols() != d)
    throw InvalidInput("correlation: {} variables need a {} x {} matrix, found {} x {}", d, d, d,
                       correlation.rows(), correlation.cols());
  for (Index i = 0; i < d; ++i)
    for (Index k = 0; k <= i; ++k) {
      const double r = correlation(i, k);
      const auto& first = names[static_cast<std::size_t>(i)];
      const auto& second = names[static_cast<std::size_t>(k)];
      if (i == k && r != 1)
        throw InvalidInput("correlation of {} with itself must be 1, found {}", quote(first), r);
      if (!(r == correlation(k, i)))
        throw InvalidInput("correlation of {} and {}: {} above the diagonal, {} below", quote(second),
                           quote(first), correlation(k, i), r);
      if (i != k && !(std::abs(r) < 1))
        throw InvalidInput("correlation of {} and {} must be in (-1, 1), found {}", quote(second),
                           quote(first), r);
    }
}

}  // namespace

Law::Law(std::vector<Variable> variables, MatrixXd correlation)
    : variables_(std::move(variables)), correlation_(std::move(correlation)) {
  const Index d = dimension();
  if (d == 0) throw InvalidInput("law: it has no variables");
  std::set<std::string> seen;
  for (const Variable& variable : variables_)
    if (!seen.insert(variable.name).second)
      throw InvalidInput("law: two variables are called {}", quote(variable.name));
  if (correlation_.size() == 0) correlation_ = MatrixXd::Identity(d, d);
  check_correlation(correlation_, names());
  if (correlation_.isIdentity(0)) return;
  factor_ = linalg::cholesky_factor(correlation_);
  if (factor_.size() == 0) throw InvalidInput("correlation: the matrix is not positive definite");
  whitening_ = factor_.triangularView<Eigen::Lower>().solve(MatrixXd::Identity(d, d));
  log_determinant_ = factor_.diagonal().array().log().sum();
}

std::vector<std::string> Law::names() const {
  std::vector<std::string> list;
  for (const Variable& variable : variables_) list.push_back(variable.name);
  return list;
}

bool Law::has_density() const {
  return std::ranges::all_of(variables_, [](const Variable& v) { return v.marginal.has_density(); });
}

VectorXd Law::log_pdf(const Points& points) const {
  VectorXd values(points.cols());
  for_point_blocks(points.cols(), [&](Index first, Index count) {
    VectorXd sum = VectorXd::Zero(count), row(count), term(count);
    MatrixXd normal(independent() ? 0 : dimension(), count);
    for (Index k = 0; k < dimension(); ++k) {
      const Marginal& marginal = variables_[static_cast<std::size_t>(k)].marginal;
      row = points.row(k).segment(first, count).transpose();
      marginal.log_pdf(span_of(row), span_of(term));
      sum += term;
      if (independent()) continue;
      marginal.to_normal(span_of(row), span_of(term));
      normal.row(k) = term.transpose();
    }
    if (!independent()) {
      const VectorXd copula =
          (0.5 * (normal.colwise().squaredNorm() - (whitening_ * normal).colwise().squaredNorm()))
              .transpose();
      // Where a density is 0, z is infinite and the copula's term is no number.
      sum = (sum.array() > minus_infinity).select(sum + copula, sum);
      sum.array() -= log_determinant_;
    }
    values.segment(first, count) = sum;
  });
  return values;
}

MatrixXd Law::from_standard(const Points& standard) const {
  MatrixXd points(dimension(), standard.cols());
  for_point_blocks(standard.cols(), [&](Index first, Index count) {
    const auto block = standard.middleCols(first, count);
    const MatrixXd normal = independent() ? MatrixXd(block) : MatrixXd(factor_ * block);
    VectorXd row(count), mapped(count);
    for (Index k = 0; k < dimension(); ++k) {
      row = normal.row(k).transpose();
      variables_[static_cast<std::size_t>(k)].marginal.from_normal(span_of(row), span_of(mapped));
      points.row(k).segment(first, count) = mapped.transpose();
    }
  });
  return points;
}

MatrixXd Law::to_standard(const Points& points) const {
  MatrixXd standard(dimension(), points.cols());
  for_point_blocks(points.cols(), [&](Index first, Index count) {
    VectorXd row(count), mapped(count);
    MatrixXd normal(dimension(), count);
    for (Index k = 0; k < dimension(); ++k) {
      row = points.row(k).segment(first, count).transpose();
      variables_[static_cast<std::size_t>(k)].marginal.to_normal(span_of(row), span_of(mapped));
      normal.row(k) = mapped.transpose();
    }
    if (independent())
      standard.middleCols(first, count) = normal;
    else
      standard.middleCols(first, count).noalias() = whitening_ * normal;
  });
  return standard;
}

MatrixXd Law::sample(const Stream& stream, Index count) const {
  return from_standard(standard_normal_points(stream, dimension(), count));
}

Density Law::density() const {
  return {dimension(), [law = *this](const Points& points) { return law.log_pdf(points); },
          [law = *this](const Stream& stream, Index count) { return law.sample(stream, count); }};
}

Density uniform_mixture(std::vector<Density> densities) {
  if (densities.empty()) throw InvalidInput("mixture: it has no laws");
  if (densities.size() == 1) return densities.front();
  const Index dimension = densities.front().dimension;
  auto log_pdf = [densities](const Points& points) {
    MatrixXd terms(points.cols(), static_cast<Index>(densities.size()));
    for (std::size_t k = 0; k < densities.size(); ++k)
      terms.col(static_cast<Index>(k)) = densities[k].log_pdf(points);
    const VectorXd largest = terms.rowwise().maxCoeff().cwiseMax(std::numeric_limits<double>::lowest());
    return VectorXd(
        (largest.array() + (terms.colwise() - largest).array().exp().rowwise().mean().log()).matrix());
  };
  auto sample = [densities, dimension](const Stream& stream, Index count) {
    const VectorXd lots = uniform_numbers(stream, count);
    std::vector<std::vector<Index>> members(densities.size());
    for (Index i = 0; i < count; ++i)
      members[std::min(densities.size() - 1,
                       static_cast<std::size_t>(lots[i] * static_cast<double>(densities.size())))]
          .push_back(i);
    MatrixXd points(dimension, count);
    // Each density draws a column for every point, of which its own are taken: point i is drawn from the
    // words of i.
    for (std::size_t k = 0; k < densities.size(); ++k)
      if (!members[k].empty())
        points(Eigen::all, members[k]) =
            densities[k].sample(stream, members[k].back() + 1)(Eigen::all, members[k]);
    return points;
  };
  return {dimension, std::move(log_pdf), std::move(sample)};
}

}  // namespace lehr::sample
