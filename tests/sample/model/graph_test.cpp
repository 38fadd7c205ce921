#include "lehr/sample/model/graph.hpp"

#include <gtest/gtest.h>

#include "lehr/core/errors.hpp"
#include "lehr/core/random.hpp"
#include "lehr/sample/model/formula.hpp"

namespace lehr::sample {
namespace {

// A graph over x (3 variables) and y (1 variable) with data d and indexes g.
class FormulaTest : public testing::Test {
 protected:
  FormulaTest() {
    x_ = graph_.variables(0, 3);
    y_ = graph_.variables(3, 1);
    d_ = graph_.constant({0.5, 1.5, 2.5});
    g_ = graph_.constant({3, 1, 3, 2});
    wrong_ = graph_.constant({1, 4});
    point_ << 0.7, 1.3, 0.2, 2.1;
  }
  Graph::Node parse(std::string_view text) {
    return parse_formula(
        graph_, text, [this](std::string_view name) { return named(name); }, "m");
  }
  Graph::Node named(std::string_view name) const {
    if (name == "x") return x_;
    if (name == "y") return y_;
    if (name == "d") return d_;
    if (name == "g") return g_;
    if (name == "wrong") return wrong_;
    throw InvalidInput("unknown name '{}'", name);
  }
  double value(std::string_view text) { return graph_.value(parse(text), point_); }
  std::string error(std::string_view text) {
    try {
      parse(text);
    } catch (const InvalidInput& problem) {
      return problem.what();
    }
    return "";
  }

  Graph graph_;
  Graph::Node x_, y_, d_, g_, wrong_;
  Eigen::VectorXd point_{4};
};

TEST_F(FormulaTest, IsArithmetic) {
  EXPECT_DOUBLE_EQ(value("1 + 2 * 3 - 4 / 2"), 5);
  EXPECT_DOUBLE_EQ(value("-2^2"), -4);
  EXPECT_DOUBLE_EQ(value("2^3^2"), 512);
  EXPECT_DOUBLE_EQ(value("2^-1 * (1 - -1)"), 1);
  EXPECT_DOUBLE_EQ(value("y * 1e1"), 21);
  EXPECT_DOUBLE_EQ(value("sum(x * d)"), 0.7 * 0.5 + 1.3 * 1.5 + 0.2 * 2.5);
  EXPECT_DOUBLE_EQ(value("sum(x[g])"), 0.2 + 0.7 + 0.2 + 1.3);
  EXPECT_DOUBLE_EQ(value("log_gamma(5)"), std::log(24));
}

// Every function and operation against central differences.
TEST_F(FormulaTest, GradientsMatchDifferences) {
  for (const char* text :
       {"sum(exp(x))", "sum(log(x) * y)", "sum(sqrt(x / d))", "sum(square(x - y))", "sum(abs(x - 1))",
        "sum(sin(x * y))", "sum(cos(x) / y)", "sum(tanh(x))", "sum(atan(x + y))", "sum(log1p(x))",
        "sum(log1p_exp(x * y))", "sum(logistic(-x))", "sum(log_gamma(x + y))", "sum(x^y)", "sum(d^x)", "y^3",
        "sum(x[g] * y)", "sum(y - x) / sum(x)", "sum(x) * sum(x) + y"}) {
    SCOPED_TRACE(text);
    const Graph::Node node = parse(text);
    Eigen::VectorXd gradient;
    EXPECT_EQ(graph_.gradient(node, point_, gradient), graph_.value(node, point_));
    for (Eigen::Index i = 0; i < 4; ++i) {
      Eigen::VectorXd up = point_, down = point_;
      up(i) += 1e-6, down(i) -= 1e-6;
      const double difference = (graph_.value(node, up) - graph_.value(node, down)) / 2e-6;
      EXPECT_NEAR(gradient(i), difference, 1e-8 * (1 + std::abs(difference)));
    }
  }
}

TEST_F(FormulaTest, ErrorsNameTheColumn) {
  EXPECT_EQ(error("x +"), "m, column 4 of 'x +': the formula ends here");
  EXPECT_EQ(error("x + (y"), "m, column 7 of 'x + (y': expected ')'");
  EXPECT_EQ(error("z + 1"), "m, column 1 of 'z + 1': unknown name 'z'");
  EXPECT_EQ(error("x ? y"), "m, column 3 of 'x ? y': unexpected '?'");
  EXPECT_EQ(error("x[g] + x"), "m, column 9 of 'x[g] + x': vectors of 4 and of 3 values meet");
  EXPECT_EQ(error("x[wrong]"), "m, column 3 of 'x[wrong]': index 4 of 'x', whose indexes are 1 .. 3");
  EXPECT_EQ(error("x[y]"), "m, column 3 of 'x[y]': indexes are data, not parameters");
  EXPECT_NE(error("exq(x)").find("did you mean 'exp'?"), std::string::npos);
  EXPECT_NE(error("exp(x, y)").find("takes one argument"), std::string::npos);
  EXPECT_NE(error(std::string(1000, '(')).find("nested deeper"), std::string::npos);
  EXPECT_NE(error(std::string(1000, '-')).find("nested deeper"), std::string::npos);
  EXPECT_NE(error(std::string(70000, ' ')).find("64 KiB"), std::string::npos);
}

}  // namespace
}  // namespace lehr::sample
