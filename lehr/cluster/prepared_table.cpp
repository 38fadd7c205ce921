#include "lehr/cluster/prepared_table.hpp"

#include <tbb/parallel_sort.h>

#include <algorithm>
#include <cmath>

#include "lehr/cluster/principal_axis.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/linalg/dense.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::cluster {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double tie_share = 0.3;
constexpr double relative_floor = 1e-6;
constexpr double normal_interquartile = 1.3489795003921634;  // of the standard normal law

// Rows ascending, lexicographically; identical rows by their number.
std::vector<Index> lexicographic_order(const MatrixXd& points) {
  struct Key {
    double first;
    Index row;
  };
  std::vector<Key> keys(static_cast<std::size_t>(points.cols()));
  for (Index i = 0; i < points.cols(); ++i) keys[static_cast<std::size_t>(i)] = {points(0, i), i};
  tbb::parallel_sort(keys.begin(), keys.end(), [&](const Key& a, const Key& b) {
    if (a.first != b.first) return a.first < b.first;
    for (Index j = 1; j < points.rows(); ++j)
      if (points(j, a.row) != points(j, b.row)) return points(j, a.row) < points(j, b.row);
    return a.row < b.row;
  });
  std::vector<Index> order;
  order.reserve(keys.size());
  for (const Key& key : keys) order.push_back(key.row);
  return order;
}

std::string column_name(const std::vector<std::string>& names, Index column) {
  const auto at = static_cast<std::size_t>(column);
  return at < names.size() ? quote(names[at]) : fmt::format("{}", column + 1);
}

void check_numbers(const MatrixXd& points, const std::vector<std::string>& names) {
  if (points.cols() == 0 || points.rows() == 0)
    throw InvalidInput("clustering: a table of {} rows and {} columns of numbers", points.cols(),
                       points.rows());
  for (Index i = 0; i < points.cols(); ++i)
    for (Index j = 0; j < points.rows(); ++j)
      if (!(std::abs(points(j, i)) < 1e150))
        throw InvalidInput("clustering: row {}, column {}: expected a finite number below 1e150, found {}",
                           i + 1, column_name(names, j), points(j, i));
}

// Standard deviation (of n); the range where squares underflow.
double deviation_of(const std::vector<double>& values) {
  const double mean = stats::mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double deviation = std::sqrt(squares / static_cast<double>(values.size()));
  if (deviation > 0) return deviation;
  const auto [low, high] = std::ranges::minmax(values);
  return high - low;
}

struct ColumnScale {
  double shift = 0, scale = 1;
};

// Of a column in canonical order that is not constant.
ColumnScale column_scale(const std::vector<double>& values, const std::string& scale) {
  if (scale == "none") return {};
  if (scale == "zscore") return {stats::mean(values), deviation_of(values)};
  const double spread =
      (stats::quantile(values, 0.75) - stats::quantile(values, 0.25)) / normal_interquartile;
  return {stats::median(values), spread > 0 ? spread : deviation_of(values)};
}

// The square of the median gap between different values where many values repeat, else 0.
double floor_of_ties(std::vector<double> values) {
  std::ranges::sort(values);
  std::vector<double> gaps;
  for (std::size_t i = 1; i < values.size(); ++i)
    if (values[i] > values[i - 1]) gaps.push_back(values[i] - values[i - 1]);
  const double repeats = static_cast<double>(values.size() - gaps.size() - 1);
  if (gaps.empty() || repeats <= tie_share * static_cast<double>(values.size())) return 0;
  const double gap = stats::median(gaps);
  return gap * gap;
}

}  // namespace

VectorXd PreparedTable::variances() const {
  const stats::WeightedPoints points{rows, {}, {}};
  const VectorXd mean = weighted_mean(points);
  VectorXd sums = VectorXd::Zero(dimension());
  for (Index i = 0; i < size(); ++i) sums += (rows.col(i) - mean).cwiseAbs2();
  return sums / static_cast<double>(size());
}

VectorXd PreparedTable::floor() const { return tie_floor + relative_floor * variances(); }

PreparedTable prepare(const MatrixXd& given, const std::string& scale,
                      const std::vector<std::string>& names) {
  check_numbers(given, names);
  const MatrixXd points = given.array() + 0.0;  // -0 becomes 0: equal numbers have equal bits
  PreparedTable table;
  table.original = lexicographic_order(points);
  for (Index j = 0; j < points.rows(); ++j)
    (points.row(j).minCoeff() < points.row(j).maxCoeff() ? table.columns : table.constant).push_back(j);
  const auto p = static_cast<Index>(table.columns.size());
  table.rows.resize(p, points.cols());
  table.shift.resize(p), table.scale.resize(p), table.tie_floor.resize(p);
  std::vector<double> values(table.original.size());
  for (Index j = 0; j < p; ++j) {
    const Index column = table.columns[static_cast<std::size_t>(j)];
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = points(column, table.original[i]);
    const ColumnScale own = column_scale(values, scale);
    for (double& value : values) value = (value - own.shift) / own.scale;
    table.rows.row(j) = Eigen::Map<const Eigen::RowVectorXd>(values.data(), points.cols());
    table.shift[j] = own.shift, table.scale[j] = own.scale;
    table.tie_floor[j] = floor_of_ties(values);
  }
  return table;
}

PreparedTable restricted(const PreparedTable& table, const std::vector<Index>& chosen) {
  PreparedTable part;
  part.rows = table.rows(chosen, Eigen::all);
  part.original = table.original, part.constant = table.constant;
  part.tie_floor = table.tie_floor(chosen);
  if (table.mapped()) {  // every column takes part in every number
    part.map = table.map(chosen, Eigen::all);
    part.columns = table.columns, part.shift = table.shift, part.scale = table.scale;
    return part;
  }
  for (const Index j : chosen) part.columns.push_back(table.columns[static_cast<std::size_t>(j)]);
  part.shift = table.shift(chosen), part.scale = table.scale(chosen);
  return part;
}

PreparedTable mapped(const PreparedTable& table, const MatrixXd& map) {
  PreparedTable result = table;
  result.map = table.mapped() ? MatrixXd(map * table.map) : map;
  result.tie_floor = map.cwiseAbs2() * table.tie_floor;
  result.rows.resize(map.rows(), table.size());
  parallel_for(
      table.size(),
      [&](std::int64_t i) {
        for (Index a = 0; a < map.rows(); ++a) result.rows(a, i) = map.row(a).dot(table.rows.col(i));
      },
      4096);
  return result;
}

namespace {

// From the rows' space to the scaled columns: map' (map map')^-1, or the identity.
MatrixXd inverse_map(const PreparedTable& table) {
  if (!table.mapped()) return MatrixXd::Identity(table.dimension(), table.dimension());
  return table.map.transpose() * linalg::inverse(table.map * table.map.transpose());
}

}  // namespace

MatrixXd means_in_table_units(const PreparedTable& table, const MatrixXd& means) {
  const MatrixXd scaled = inverse_map(table) * means;
  return (table.scale.asDiagonal() * scaled).colwise() + table.shift;
}

MatrixXd covariance_in_table_units(const PreparedTable& table, const MatrixXd& covariance) {
  const MatrixXd back = table.scale.asDiagonal() * inverse_map(table);
  return back * covariance * back.transpose();
}

MatrixXd principal_components(const PreparedTable& table, Index components) {
  const stats::WeightedPoints points{table.rows, {}, {}};
  const linalg::SymmetricEigen eigen =
      linalg::symmetric_eigen(weighted_covariance(points, weighted_mean(points)));
  const Index p = table.dimension(), kept = std::min(components, p);
  MatrixXd map(kept, p);
  for (Index a = 0; a < kept; ++a) {
    VectorXd axis = eigen.vectors.col(p - 1 - a);
    Index largest = 0;
    axis.cwiseAbs().maxCoeff(&largest);
    map.row(a) = axis[largest] < 0 ? -axis : axis;
  }
  return map;
}

MatrixXd whitening(const MatrixXd& covariance) {
  const linalg::SymmetricEigen eigen = linalg::symmetric_eigen(covariance);
  if (!(eigen.values[0] > 0))
    throw NumericalFailure("whitening: the covariance within clusters is not positive definite");
  return eigen.vectors * eigen.values.cwiseSqrt().cwiseInverse().asDiagonal() * eigen.vectors.transpose();
}

}  // namespace lehr::cluster
