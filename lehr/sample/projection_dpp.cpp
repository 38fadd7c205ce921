#include "lehr/sample/projection_dpp.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::sample {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Index proposal_block = 64;
constexpr double rounding = 1e-10;  // share of k(x) up to which fast residuals may be wrong
constexpr double least_residual = 1e-12;
constexpr double least_acceptance = 1e-4;

// Orthonormal columns that grow one by one.
class GrowingBasis {
 public:
  explicit GrowingBasis(Index rows) : columns_(rows, rows) {}
  Index size() const { return size_; }
  auto columns() const { return columns_.leftCols(size_); }
  auto last() const { return columns_.col(size_ - 1); }

  // What is left of `vector`, orthogonalised twice (W. Kahan's "twice is enough").
  VectorXd residual(const Eigen::Ref<const VectorXd>& vector) const {
    VectorXd rest = vector;
    for (int pass = 0; pass < 2; ++pass) rest -= columns() * (columns().transpose() * rest);
    return rest;
  }
  void add(const VectorXd& residual) { columns_.col(size_++) = residual.normalized(); }

 private:
  MatrixXd columns_;
  Index size_ = 0;
};

// Independent points of nu with their features, and what of these is orthogonal to the basis so far.
class ProposalBlock {
 public:
  ProposalBlock(const FunctionSpace& space, Index leading) : space_(space), leading_(leading) {}

  void refill(Stream& random, const GrowingBasis& basis) {
    points_ = space_.draw_optimal(random, proposal_block, leading_);
    features_ = space_.features(points_).topRows(leading_);
    christoffel_ = christoffel(features_, leading_);
    residuals_ = christoffel_;
    if (basis.size() > 0)
      residuals_ -= (basis.columns().transpose() * features_).colwise().squaredNorm().transpose();
    at_ = -1;
  }
  // Moves to the next proposal; false where the block is used up.
  bool next() { return ++at_ < points_.cols(); }
  bool empty() const { return at_ >= points_.cols(); }

  auto point() const { return points_.col(at_); }
  auto features() const { return features_.col(at_); }
  double christoffel_value() const { return christoffel_(at_); }
  double residual() const { return residuals_(at_); }

  // The basis got a column: the proposals to come lose their part along it.
  void subtract(const Eigen::Ref<const VectorXd>& column) {
    const Index rest = points_.cols() - at_ - 1;
    if (rest > 0) residuals_.tail(rest) -= (features_.rightCols(rest).transpose() * column).cwiseAbs2();
  }

 private:
  const FunctionSpace& space_;
  Index leading_;
  MatrixXd points_, features_;
  VectorXd christoffel_, residuals_;
  Index at_ = 0;
};

void check_acceptance(std::int64_t proposals, Index found, Index leading) {
  const double expected = static_cast<double>(leading) / static_cast<double>(leading - found);
  if (static_cast<double>(proposals) > std::max(20 / least_acceptance, 50 * expected))
    throw InvalidInput(
        "dpp: none of {} proposals was accepted for point {} of {}: the features have numerical rank {}",
        proposals, found + 1, leading, found);
}

DppDraw rejection_dpp(const FunctionSpace& space, Index leading, Index count, Stream& random) {
  DppDraw draw{MatrixXd(space.dimension, count), {}};
  GrowingBasis basis(leading);
  ProposalBlock block(space, leading);
  DppStep step;
  while (basis.size() < count) {
    if (block.empty() || !block.next()) {
      block.refill(random, basis);
      continue;
    }
    ++step.proposals;
    const double k = block.christoffel_value(), threshold = uniform(random) * k;
    if (threshold < block.residual() + rounding * k) {
      const VectorXd rest = basis.residual(block.features());
      if (threshold < rest.squaredNorm()) {
        step.residual = rest.squaredNorm() / k;
        draw.points.col(basis.size()) = block.point();
        basis.add(rest);
        block.subtract(basis.last());
        draw.steps.push_back(std::exchange(step, DppStep{}));
        continue;
      }
    }
    check_acceptance(step.proposals, basis.size(), leading);
  }
  return draw;
}

// A row in proportion to the residuals, whose sum is `total`.
Index draw_row(const VectorXd& residuals, Stream& random) {
  double target = uniform(random) * residuals.sum();
  Index last = 0;
  for (Index i = 0; i < residuals.size(); ++i) {
    if (residuals(i) <= 0) continue;
    last = i;
    if ((target -= residuals(i)) < 0) return i;
  }
  return last;
}

}  // namespace

std::int64_t DppDraw::proposals() const {
  std::int64_t sum = 0;
  for (const DppStep& step : steps) sum += step.proposals;
  return sum;
}

DppRows finite_projection_dpp(const MatrixXd& orthonormal, Index leading, Index count, Stream& random) {
  const auto rows = orthonormal.leftCols(leading);
  const VectorXd leverage = rows.rowwise().squaredNorm();
  VectorXd residuals = leverage;
  GrowingBasis basis(leading);
  DppRows draw;
  while (basis.size() < count) {
    const Index row = draw_row(residuals, random);
    const VectorXd rest = basis.residual(rows.row(row).transpose());
    if (!(residuals(row) > 0))
      throw InvalidInput("dpp: after {} of {} points no row is left: the table has numerical rank {}",
                         basis.size(), leading, basis.size());
    const double share = rest.squaredNorm() / leverage(row);
    residuals(row) = 0;
    if (!(share > least_residual)) continue;  // rounding chose it
    basis.add(rest);
    residuals = (residuals - (rows * basis.last()).cwiseAbs2()).cwiseMax(0);
    for (const Index chosen : draw.rows) residuals(chosen) = 0;
    residuals(row) = 0;
    draw.rows.push_back(row);
    draw.steps.push_back({1, share});
  }
  return draw;
}

DppDraw projection_dpp(const FunctionSpace& space, Index leading, Stream random, Index count) {
  check_leading(space, leading);
  if (count < 0 || count > leading) throw InvalidInput("dpp: {} of {} points were asked for", count, leading);
  if (count == 0) count = leading;
  if (!space.finite) return rejection_dpp(space, leading, count, random);
  const DppRows rows = finite_projection_dpp(space.finite->orthonormal, leading, count, random);
  return {space.finite->points(Eigen::all, rows.rows), rows.steps};
}

}  // namespace lehr::sample
