// A scalar function of many variables as a graph of elementary operations on numbers and vectors, and its gradient by one
// sweep backwards (reverse-mode differentiation; Speelpenning, 1980; Griewank and Walther, "Evaluating derivatives", 2008).
//
// Nodes are made in the order in which they can be evaluated. An operation on a vector and a number takes the number for
// every element. Nodes that depend on no variable are evaluated once, when they are made. Cost of value and gradient: a few
// times that of the value, O(total number of elements).
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <vector>

namespace lehr::sample {

enum class Unary {
  negate,
  exp,
  log,
  sqrt,
  square,
  abs,
  sin,
  cos,
  tanh,
  atan,
  log1p,
  log1p_exp,
  logistic,
  log_gamma
};
enum class Binary { add, subtract, multiply, divide, power };

class Graph {
 public:
  using Node = std::int32_t;

  Node constant(std::vector<double> values);
  Node constant(double value) { return constant(std::vector<double>{value}); }
  // `count` variables from number `first` on.
  Node variables(std::int64_t first, std::int64_t count);
  Node unary(Unary operation, Node a);
  // Throws InvalidInput where the sizes are neither equal nor 1.
  Node binary(Binary operation, Node a, Node b);
  // a[index[k]]; indexes in [0, size of a).
  Node gather(Node a, std::vector<std::int64_t> indexes);
  Node sum(Node a);

  std::int64_t size(Node node) const { return at(node).size; }
  bool is_constant(Node node) const { return at(node).kind == Kind::constant; }
  // Of a constant.
  std::span<const double> constant_values(Node node) const { return at(node).constants; }

  // The values of `node` at the variables x. Thread-safe.
  std::vector<double> evaluate(Node node, const Eigen::VectorXd& x) const;
  // The value of the scalar `node`, and its gradient (of x's size).
  double value(Node node, const Eigen::VectorXd& x) const;
  double gradient(Node node, const Eigen::VectorXd& x, Eigen::VectorXd& gradient) const;

 private:
  enum class Kind { constant, variables, unary, binary, gather, sum };
  struct Operation {
    Kind kind = Kind::constant;
    Unary unary = Unary::negate;
    Binary binary = Binary::add;
    Node a = -1, b = -1;
    std::int64_t size = 1;
    std::int64_t place = 0;  // of its values in the workspace; the first variable
    std::vector<double> constants;
    std::vector<std::int64_t> indexes;
  };
  const Operation& at(Node node) const { return operations_[static_cast<std::size_t>(node)]; }
  Node add(Operation operation);
  const double* values_of(Node node, const Eigen::VectorXd& x, const std::vector<double>& workspace) const;
  void run(const Operation& operation, const Eigen::VectorXd& x, std::vector<double>& workspace) const;
  void run_back(Node node, const Eigen::VectorXd& x, const std::vector<double>& workspace,
                std::vector<double>& adjoints, Eigen::VectorXd& gradient) const;
  double* adjoints_of(Node node, std::vector<double>& adjoints, Eigen::VectorXd& gradient) const;

  std::vector<Operation> operations_;
  std::int64_t workspace_ = 0;
};

}  // namespace lehr::sample
