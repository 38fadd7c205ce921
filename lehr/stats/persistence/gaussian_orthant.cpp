#include "lehr/stats/persistence/gaussian_orthant.hpp"

#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <boost/random/sobol.hpp>
#include <cmath>
#include <numbers>
#include <numeric>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::stats {
namespace {

constexpr double determined = 1e-14;  // of a variance, below which nothing of it is left

double upper_tail(double b) { return 0.5 * std::erfc(b / std::numbers::sqrt2); }
// The z that is exceeded with probability p in [0, 1).
double upper_quantile(double p) {
  return std::numbers::sqrt2 * boost::math::erfc_inv(2 * std::max(p, 1e-300));
}

void check_orthant(const Eigen::MatrixXd& covariance, std::size_t bounds) {
  const Eigen::Index m = covariance.rows();
  if (m < 1 || m > 200 || covariance.cols() != m || bounds != static_cast<std::size_t>(m))
    throw InvalidInput(
        "orthant: expected a square covariance of 1 to 200 variables with a bound each, found {} x {} "
        "and {} bounds",
        m, covariance.cols(), bounds);
  if (!covariance.allFinite()) throw InvalidInput("orthant: the covariance has entries that are not finite");
  for (Eigen::Index i = 0; i < m; ++i)
    if (!(covariance(i, i) > 0))
      throw InvalidInput("orthant: the variance of variable {} is {}", i, covariance(i, i));
}

// The Cholesky factor, row by row, of the covariance with its variables in the order in which they are taken.
struct OrderedFactor {
  Eigen::MatrixXd l;                // row i belongs to variable order[i]
  std::vector<Eigen::Index> order;  // the variables that are not taken yet follow those that are
  const Eigen::MatrixXd& covariance;
  Eigen::VectorXd left, explained;  // variance that is left of each variable, and its mean given those taken
  std::span<const double> bound;
  Eigen::VectorXd least;  // of the variance, that counts

  OrderedFactor(const Eigen::MatrixXd& matrix, std::span<const double> typical, double resolution)
      : l(Eigen::MatrixXd::Zero(matrix.rows(), matrix.rows())),
        order(typical.size()),
        covariance(matrix),
        left(matrix.diagonal()),
        explained(Eigen::VectorXd::Zero(matrix.rows())),
        bound(typical),
        least((determined * matrix.diagonal()).cwiseMax(resolution)) {
    std::iota(order.begin(), order.end(), Eigen::Index{0});
  }

  // Where in `order` the variable stands that binds most; what is determined comes last.
  std::size_t next(Eigen::Index i) const {
    std::size_t best = static_cast<std::size_t>(i);
    double lowest = 3;
    for (auto k = best; k < order.size(); ++k) {
      const Eigen::Index v = order[k];
      const double gap = bound[static_cast<std::size_t>(v)] - explained[v];
      const double tail = left[v] > least[v] ? upper_tail(gap / std::sqrt(left[v])) : 2;
      if (tail < lowest) lowest = tail, best = k;
    }
    return best;
  }

  // Makes row i of the variable at place `k` of the order, and updates what is left of the others.
  void take(Eigen::Index i, std::size_t k) {
    const auto place = static_cast<std::size_t>(i);
    std::swap(order[place], order[k]);
    l.row(i).swap(l.row(static_cast<Eigen::Index>(k)));
    const Eigen::Index v = order[place];
    l(i, i) = left[v] > least[v] ? std::sqrt(left[v]) : 0;
    if (l(i, i) == 0) return;
    const double edge = (bound[static_cast<std::size_t>(v)] - explained[v]) / l(i, i);
    const double tail = std::max(upper_tail(edge), 1e-300);
    const double mean = std::exp(-edge * edge / 2) / std::sqrt(2 * std::numbers::pi) / tail;
    for (auto row = place + 1; row < order.size(); ++row) {
      const auto r = static_cast<Eigen::Index>(row);
      const Eigen::Index u = order[row];
      l(r, i) = (covariance(u, v) - l.row(r).head(i).dot(l.row(i).head(i))) / l(i, i);
      left[u] -= l(r, i) * l(r, i);
      explained[u] += l(r, i) * std::min(mean, std::max(edge, 0.0) + 1);
    }
  }
};

}  // namespace

GaussianOrthant::GaussianOrthant(const Eigen::MatrixXd& covariance, std::span<const double> typical,
                                 double resolution)
    : size_(covariance.rows()) {
  check_orthant(covariance, typical.size());
  OrderedFactor factor(covariance, typical, resolution);
  for (Eigen::Index i = 0; i < size_; ++i) {
    factor.take(i, factor.next(i));
    const double deviation = factor.l(i, i), divisor = deviation > 0 ? deviation : 1;
    deviation_.push_back(deviation);
    order_.push_back(static_cast<std::size_t>(factor.order[static_cast<std::size_t>(i)]));
    for (Eigen::Index j = 0; j < i; ++j) factor_.push_back(factor.l(i, j) / divisor);
  }
}

double GaussianOrthant::at(std::span<const double> lower, std::span<const double> cube,
                           std::vector<double>& work) const {
  const auto m = static_cast<std::size_t>(size_);
  work.resize(m);
  double product = 1;
  const double* row = factor_.data();
  for (std::size_t i = 0; i < m; row += i, ++i) {
    double explained = 0;
    for (std::size_t j = 0; j < i; ++j) explained += row[j] * work[j];
    work[i] = 0;
    if (deviation_[i] == 0) {
      if (explained <= lower[order_[i]]) return 0;
      continue;
    }
    const double tail = upper_tail(lower[order_[i]] / deviation_[i] - explained);
    product *= tail;
    if (!(product > 0)) return 0;
    work[i] = upper_quantile(cube[i] * tail);
  }
  return product;
}

struct ShiftedSobol::Sequence {
  boost::random::sobol engine;
  std::vector<std::uint64_t> shift;
  bool begun = false;

  explicit Sequence(std::int64_t dimension) : engine(static_cast<std::size_t>(dimension)) {}
};

ShiftedSobol::ShiftedSobol(std::int64_t dimension, Stream random) {
  if (dimension < 1 || dimension > 256)
    throw InvalidInput("Sobol: expected a dimension in [1, 256], found {}", dimension);
  sequence_ = std::make_unique<Sequence>(dimension);
  for (std::int64_t j = 0; j < dimension; ++j) sequence_->shift.push_back(random());
}

ShiftedSobol::~ShiftedSobol() = default;

void ShiftedSobol::next(std::span<double> coordinates) {
  for (std::size_t j = 0; j < coordinates.size(); ++j) {
    // Boost's engine leaves out the first point, 0.
    const std::uint64_t bits = (sequence_->begun ? sequence_->engine() : 0) ^ sequence_->shift[j];
    coordinates[j] = (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52;
  }
  sequence_->begun = true;
}

OrthantProbability orthant_probability(const Eigen::MatrixXd& covariance, std::span<const double> lower,
                                       std::int64_t points, std::int64_t shifts, Seed seed) {
  const GaussianOrthant orthant(covariance, lower);
  if (points < 1 || shifts < 2)
    throw InvalidInput("orthant: expected at least 1 point and 2 shifts, found {} and {}", points, shifts);
  const std::uint64_t purpose = lane("orthant shift");
  const auto means = parallel_map(shifts, [&](std::int64_t shift) {
    ShiftedSobol sobol(orthant.size(), Stream(seed, purpose, static_cast<std::uint64_t>(shift)));
    std::vector<double> cube(lower.size()), work;
    double sum = 0;
    for (std::int64_t k = 0; k < points; ++k) sobol.next(cube), sum += orthant.at(lower, cube, work);
    return sum / static_cast<double>(points);
  });
  return {mean(means), standard_error(means)};
}

}  // namespace lehr::stats
