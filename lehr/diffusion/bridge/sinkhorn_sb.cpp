#include "lehr/diffusion/bridge/sinkhorn_sb.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/diffusion/bridge/sinkhorn_lanes.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index rows_per_block = 64 /* of row_lanes */, columns_per_block = 16;

}  // namespace

SinkhornSb::SinkhornSb(const PointsRef& x, const PointsRef& y, Schedule epsilon, std::int64_t steps,
                       double tolerance)
    : y_(y), epsilon_(std::move(epsilon)), steps_(steps), tolerance_(tolerance) {
  if (x.rows() != y.rows())
    throw InvalidInput("sinkhorn_sb: points of {} and {} coordinates", x.rows(), y.rows());
  for (const Index n : {x.cols(), y.cols()})
    if (n < 2 || n > most_sinkhorn_points)
      throw InvalidInput("sinkhorn_sb: takes 2 to {} points a side, not {}", most_sinkhorn_points, n);
  if (steps_ < 1) throw InvalidInput("sinkhorn_sb: needs at least 1 step, not {}", steps_);
  target_ = epsilon_at(steps_);
  cost_.noalias() = -x.transpose() * y;
  const VectorXd x_squares = 0.5 * x.colwise().squaredNorm().transpose();
  const VectorXd y_squares = 0.5 * y.colwise().squaredNorm().transpose();
  cost_.colwise() += x_squares;
  cost_.rowwise() += y_squares.transpose();
}

double SinkhornSb::epsilon_at(std::int64_t step) const {
  const double epsilon = epsilon_.at(step, steps_);
  if (!(epsilon > 0))
    throw InvalidInput("sinkhorn_sb: epsilon {:g} at step {} is not above 0", epsilon, step);
  return epsilon;
}

SinkhornSb::State SinkhornSb::start(const Moment&) const {
  return {VectorXd::Zero(cost_.rows()), VectorXd::Zero(cost_.cols()), epsilon_at(0), 2};
}

void SinkhornSb::advance(State& state, const Moment& now) const {
  const double epsilon = state.epsilon = now.step + 1 == steps_ ? target_ : epsilon_at(now.step);
  const Index n = cost_.rows(), m = cost_.cols();
  const double inverse = 1 / epsilon;
  VectorXd errors(m);
  parallel_for(
      m,
      [&](std::int64_t j) {
        const double* const cost = cost_.col(j).data();
        double shift = state.g[j] * inverse;
        ExponentialSum sum = column_lanes(state.f.data(), cost, n, inverse, shift);
        if (!usable_exponent(sum.largest)) {
          shift -= sum.largest;
          sum = column_lanes(state.f.data(), cost, n, inverse, shift);
        }
        const double log_mean = std::log(sum.sum / static_cast<double>(n)) - shift;
        errors[j] = std::abs(std::exp(log_mean + state.g[j] * inverse) - 1);  // times 1/m: |column sum - 1/m|
        state.g[j] = -epsilon * log_mean;
      },
      columns_per_block);
  state.error = errors.mean();
  parallel_for((n + rows_per_block - 1) / rows_per_block, [&](std::int64_t b) {
    const Index first = b * rows_per_block, count = std::min(rows_per_block, n - first);
    ArrayXd shifts = state.f.segment(first, count).array() * inverse, sums(count), largest(count);
    const auto take = [&] {
      row_lanes(state.g.data(), cost_.data() + first, n, m, count, inverse, shifts.data(), sums.data(),
                largest.data());
    };
    take();
    if (!usable_exponent(largest.minCoeff()) || !usable_exponent(largest.maxCoeff())) {
      shifts -= largest;
      take();
    }
    state.f.segment(first, count) = epsilon * (shifts - (sums / static_cast<double>(m)).log());
  });
  if (!state.f.allFinite())
    throw NumericalFailure("sinkhorn_sb, step {}: a potential is not finite", now.step);
  now.spend(1);
}

void SinkhornSb::measure(const State& state, Row& row) const {
  row.add("epsilon", state.epsilon);
  row.add("marginal_error", state.error);
}

MatrixXd SinkhornSb::conditional_mean(const State& state) const {
  const Index n = cost_.rows();
  MatrixXd means(y_.rows(), n);
  parallel_for(
      n,
      [&](std::int64_t i) {
        ArrayXd terms = (state.g.array() - cost_.row(i).transpose().array()) / state.epsilon;
        terms = (terms - terms.maxCoeff()).exp();
        means.col(i) = y_ * (terms / terms.sum()).matrix();
      },
      rows_per_block);
  return means;
}

}  // namespace lehr::diffusion
