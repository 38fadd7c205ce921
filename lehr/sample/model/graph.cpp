#include "lehr/sample/model/graph.hpp"

#include <boost/math/special_functions/digamma.hpp>
#include <cmath>
#include <utility>

#include "lehr/core/errors.hpp"

namespace lehr::sample {
namespace {

double logistic_at(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }
double log_gamma_at(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);  // std::lgamma writes a global
}
double digamma(double x) {
  return x > 0 ? boost::math::digamma(x) : std::numeric_limits<double>::quiet_NaN();
}

template <class Function>
void map_unary(std::int64_t n, const double* a, double* y, Function f) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = f(a[i]);
}

void apply(Unary operation, std::int64_t n, const double* a, double* y) {
  switch (operation) {
    case Unary::negate:
      return map_unary(n, a, y, [](double v) { return -v; });
    case Unary::exp:
      return map_unary(n, a, y, [](double v) { return std::exp(v); });
    case Unary::log:
      return map_unary(n, a, y, [](double v) { return std::log(v); });
    case Unary::sqrt:
      return map_unary(n, a, y, [](double v) { return std::sqrt(v); });
    case Unary::square:
      return map_unary(n, a, y, [](double v) { return v * v; });
    case Unary::abs:
      return map_unary(n, a, y, [](double v) { return std::abs(v); });
    case Unary::sin:
      return map_unary(n, a, y, [](double v) { return std::sin(v); });
    case Unary::cos:
      return map_unary(n, a, y, [](double v) { return std::cos(v); });
    case Unary::tanh:
      return map_unary(n, a, y, [](double v) { return std::tanh(v); });
    case Unary::atan:
      return map_unary(n, a, y, [](double v) { return std::atan(v); });
    case Unary::log1p:
      return map_unary(n, a, y, [](double v) { return std::log1p(v); });
    case Unary::log1p_exp:
      return map_unary(n, a, y, softplus);
    case Unary::logistic:
      return map_unary(n, a, y, logistic_at);
    case Unary::log_gamma:
      return map_unary(n, a, y, log_gamma_at);
  }
}

// da += dy * derivative(a, y)
template <class Derivative>
void pull_unary(std::int64_t n, const double* a, const double* y, const double* dy, double* da,
                Derivative derivative) {
  for (std::int64_t i = 0; i < n; ++i) da[i] += dy[i] * derivative(a[i], y[i]);
}

void apply_back(Unary operation, std::int64_t n, const double* a, const double* y, const double* dy,
                double* da) {
  const auto pull = [&](auto derivative) { pull_unary(n, a, y, dy, da, derivative); };
  switch (operation) {
    case Unary::negate:
      return pull([](double, double) { return -1.0; });
    case Unary::exp:
      return pull([](double, double v) { return v; });
    case Unary::log:
      return pull([](double u, double) { return 1 / u; });
    case Unary::sqrt:
      return pull([](double, double v) { return 0.5 / v; });
    case Unary::square:
      return pull([](double u, double) { return 2 * u; });
    case Unary::abs:
      return pull([](double u, double) { return u > 0 ? 1.0 : u < 0 ? -1.0 : 0.0; });
    case Unary::sin:
      return pull([](double u, double) { return std::cos(u); });
    case Unary::cos:
      return pull([](double u, double) { return -std::sin(u); });
    case Unary::tanh:
      return pull([](double, double v) { return 1 - v * v; });
    case Unary::atan:
      return pull([](double u, double) { return 1 / (1 + u * u); });
    case Unary::log1p:
      return pull([](double u, double) { return 1 / (1 + u); });
    case Unary::log1p_exp:
      return pull([](double u, double) { return logistic_at(u); });
    case Unary::logistic:
      return pull([](double, double v) { return v * (1 - v); });
    case Unary::log_gamma:
      return pull([](double u, double) { return digamma(u); });
  }
}

double apply(Binary operation, double a, double b) {
  switch (operation) {
    case Binary::add:
      return a + b;
    case Binary::subtract:
      return a - b;
    case Binary::multiply:
      return a * b;
    case Binary::divide:
      return a / b;
    case Binary::power:
      return std::pow(a, b);
  }
  return 0;
}

// One element's share of the adjoints of both operands.
struct Pair {
  double a, b;
};
Pair derivatives(Binary operation, double a, double b, double y) {
  switch (operation) {
    case Binary::add:
      return {1, 1};
    case Binary::subtract:
      return {1, -1};
    case Binary::multiply:
      return {b, a};
    case Binary::divide:
      return {1 / b, -y / b};
    case Binary::power:
      return {b * std::pow(a, b - 1), a > 0 ? y * std::log(a) : 0};
  }
  return {0, 0};
}

}  // namespace

Graph::Node Graph::constant(std::vector<double> values) {
  Operation operation;
  operation.size = static_cast<std::int64_t>(values.size());
  operation.constants = std::move(values);
  operations_.push_back(std::move(operation));
  return static_cast<Node>(operations_.size()) - 1;
}

Graph::Node Graph::variables(std::int64_t first, std::int64_t count) {
  Operation operation;
  operation.kind = Kind::variables;
  operation.size = count;
  operation.place = first;
  operations_.push_back(std::move(operation));
  return static_cast<Node>(operations_.size()) - 1;
}

// Gives the operation its place, or its value where that is known already.
Graph::Node Graph::add(Operation operation) {
  const bool known = is_constant(operation.a) && (operation.b < 0 || is_constant(operation.b));
  operation.place = known ? 0 : workspace_;
  if (known) {
    std::vector<double> values(static_cast<std::size_t>(operation.size));
    run(operation, {}, values);
    return constant(std::move(values));
  }
  workspace_ += operation.size;
  operations_.push_back(std::move(operation));
  return static_cast<Node>(operations_.size()) - 1;
}

Graph::Node Graph::unary(Unary operation, Node a) {
  Operation made;
  made.kind = Kind::unary, made.unary = operation, made.a = a, made.size = size(a);
  return add(std::move(made));
}

Graph::Node Graph::binary(Binary operation, Node a, Node b) {
  if (size(a) != size(b) && size(a) != 1 && size(b) != 1)
    throw InvalidInput("vectors of {} and of {} values meet", size(a), size(b));
  Operation made;
  made.kind = Kind::binary, made.binary = operation, made.a = a, made.b = b;
  made.size = size(a) == 1 ? size(b) : size(a);
  return add(std::move(made));
}

Graph::Node Graph::gather(Node a, std::vector<std::int64_t> indexes) {
  Operation made;
  made.kind = Kind::gather, made.a = a, made.size = static_cast<std::int64_t>(indexes.size());
  made.indexes = std::move(indexes);
  return add(std::move(made));
}

Graph::Node Graph::sum(Node a) {
  Operation made;
  made.kind = Kind::sum, made.a = a;
  return add(std::move(made));
}

const double* Graph::values_of(Node node, const Eigen::VectorXd& x,
                               const std::vector<double>& workspace) const {
  const Operation& operation = at(node);
  if (operation.kind == Kind::constant) return operation.constants.data();
  return (operation.kind == Kind::variables ? x.data() : workspace.data()) + operation.place;
}

void Graph::run(const Operation& operation, const Eigen::VectorXd& x, std::vector<double>& workspace) const {
  if (operation.a < 0) return;
  double* const y = workspace.data() + operation.place;
  const double* const a = values_of(operation.a, x, workspace);
  const std::int64_t n = operation.size;
  switch (operation.kind) {
    case Kind::unary:
      return apply(operation.unary, n, a, y);
    case Kind::gather:
      for (std::int64_t i = 0; i < n; ++i) y[i] = a[operation.indexes[static_cast<std::size_t>(i)]];
      return;
    case Kind::sum:
      *y = 0;
      for (std::int64_t i = 0; i < size(operation.a); ++i) *y += a[i];
      return;
    default:
      break;
  }
  const double* const b = values_of(operation.b, x, workspace);
  const std::int64_t a_stride = size(operation.a) == 1 ? 0 : 1, b_stride = size(operation.b) == 1 ? 0 : 1;
  const auto each = [&](auto function) {
    for (std::int64_t i = 0; i < n; ++i) y[i] = function(a[a_stride * i], b[b_stride * i]);
  };
  switch (operation.binary) {  // a loop each: the operation is not asked for every element
    case Binary::add:
      return each([](double u, double v) { return u + v; });
    case Binary::subtract:
      return each([](double u, double v) { return u - v; });
    case Binary::multiply:
      return each([](double u, double v) { return u * v; });
    case Binary::divide:
      return each([](double u, double v) { return u / v; });
    case Binary::power:
      return each([](double u, double v) { return apply(Binary::power, u, v); });
  }
}

double* Graph::adjoints_of(Node node, std::vector<double>& adjoints, Eigen::VectorXd& gradient) const {
  const Operation& operation = at(node);
  if (operation.kind == Kind::constant) return nullptr;
  return (operation.kind == Kind::variables ? gradient.data() : adjoints.data()) + operation.place;
}

void Graph::run_back(Node node, const Eigen::VectorXd& x, const std::vector<double>& workspace,
                     std::vector<double>& adjoints, Eigen::VectorXd& gradient) const {
  const Operation& operation = at(node);
  if (operation.a < 0) return;
  const std::int64_t n = operation.size;
  const double* const dy = adjoints.data() + operation.place;
  const double* const y = workspace.data() + operation.place;
  const double* const a = values_of(operation.a, x, workspace);
  double* const da = adjoints_of(operation.a, adjoints, gradient);
  switch (operation.kind) {
    case Kind::unary:
      return apply_back(operation.unary, n, a, y, dy, da);
    case Kind::gather:
      for (std::int64_t i = 0; i < n; ++i) da[operation.indexes[static_cast<std::size_t>(i)]] += dy[i];
      return;
    case Kind::sum:
      for (std::int64_t i = 0; i < size(operation.a); ++i) da[i] += *dy;
      return;
    default:
      break;
  }
  const double* const b = values_of(operation.b, x, workspace);
  double* const db = adjoints_of(operation.b, adjoints, gradient);
  const std::int64_t a_stride = size(operation.a) == 1 ? 0 : 1, b_stride = size(operation.b) == 1 ? 0 : 1;
  for (std::int64_t i = 0; i < n; ++i) {
    const Pair pair = derivatives(operation.binary, a[a_stride * i], b[b_stride * i], y[i]);
    if (da != nullptr) da[a_stride * i] += dy[i] * pair.a;
    if (db != nullptr) db[b_stride * i] += dy[i] * pair.b;
  }
}

std::vector<double> Graph::evaluate(Node node, const Eigen::VectorXd& x) const {
  std::vector<double> workspace(static_cast<std::size_t>(workspace_));
  for (Node k = 0; k <= node; ++k) run(at(k), x, workspace);
  const double* const values = values_of(node, x, workspace);
  return {values, values + size(node)};
}

double Graph::value(Node node, const Eigen::VectorXd& x) const {
  std::vector<double> workspace(static_cast<std::size_t>(workspace_));
  for (Node k = 0; k <= node; ++k) run(at(k), x, workspace);
  return *values_of(node, x, workspace);
}

double Graph::gradient(Node node, const Eigen::VectorXd& x, Eigen::VectorXd& gradient) const {
  std::vector<double> workspace(static_cast<std::size_t>(workspace_)), adjoints(workspace.size());
  gradient.setZero(x.size());
  for (Node k = 0; k <= node; ++k) run(at(k), x, workspace);
  if (double* const seed = adjoints_of(node, adjoints, gradient)) *seed = 1;
  for (Node k = node; k >= 0; --k) run_back(k, x, workspace, adjoints, gradient);
  return *values_of(node, x, workspace);
}

}  // namespace lehr::sample
