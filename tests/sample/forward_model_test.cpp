#include "lehr/sample/forward_model.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/sample/expression_model.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::sample {
namespace {

using Eigen::MatrixXd;
using test::message_of;

TEST(ExpressionModel, EvaluatesFormulas) {
  const ForwardModel model = expression_model(
      {"x", "y"}, {{"r", "sqrt(x^2 + y^2)"}, {"double_r", "2 * r"}},
      {{"y1", "double_r + pi"}, {"far", "r > 2 && x > 0 ? 1 : 0"}, {"big-y", "max(x, y, 1)"}});
  EXPECT_EQ(model.outputs, (std::vector<std::string>{"y1", "far", "big-y"}));
  MatrixXd points(2, 1500);
  for (Index i = 0; i < 1500; ++i) points.col(i) << 0.01 * double(i) - 5, 0.002 * double(i);
  const MatrixXd values = evaluate_checked(model, points);
  for (Index i = 0; i < 1500; ++i) {
    const double x = points(0, i), y = points(1, i), r = std::hypot(x, y);
    EXPECT_NEAR(values(0, i), 2 * r + M_PI, 1e-13);
    EXPECT_EQ(values(1, i), r > 2 && x > 0 ? 1 : 0);
    EXPECT_EQ(values(2, i), std::max({x, y, 1.0}));
  }
}

TEST(ExpressionModel, RefusesInOneLine) {
  const auto message = [](std::vector<Formula> outputs, std::vector<Formula> intermediate = {},
                          std::vector<std::string> inputs = {"x"}) {
    return message_of<InvalidInput>([&] { expression_model(inputs, intermediate, outputs); });
  };
  EXPECT_NE(message({}).find("no outputs"), std::string::npos);
  EXPECT_NE(message({{"y", "x +"}}).find("y: 'x +' cannot be read"), std::string::npos);
  EXPECT_NE(message({{"y", "z"}}).find("z"), std::string::npos);
  EXPECT_NE(message({{"y", "x = 3"}}).find("no '='"), std::string::npos);
  EXPECT_NE(message({{"y", "x, 2"}}).find("comma"), std::string::npos);
  EXPECT_NE(message({{"y", "x"}, {"y", "2*x"}}).find("'y'"), std::string::npos);
  EXPECT_NE(message({{"y", "u"}, {"z", "x"}}, {{"u", "v"}, {"v", "x"}}).find("u: 'v'"), std::string::npos);
  EXPECT_NE(message({{"y", "1"}}, {}, {"sin"}).find("'sin'"), std::string::npos);
  EXPECT_NE(message({{"y", "1"}}, {}, {"2x"}).find("'2x'"), std::string::npos);
  EXPECT_NE(message({{"y", std::string(5000, '1')}}).find("4096"), std::string::npos);
  const std::string deep = fmt::format("{:(>100}1{:)>100}", "", "");
  EXPECT_NE(message({{"y", deep}}).find("brackets"), std::string::npos);
}

TEST(EvaluateChecked, NamesTheOutputAndThePoint) {
  const ForwardModel model = expression_model({"x", "load"}, {}, {{"y", "x"}, {"root", "sqrt(load)"}});
  EXPECT_EQ(message_of<NumericalFailure>([&] {
              evaluate_checked(model, MatrixXd{{1, 2}, {1, -3}});
            }),
            "model: output 'root' is nan at (x = 2, load = -3)");
  EXPECT_THROW(evaluate_checked(model, MatrixXd::Ones(3, 1)), InvalidInput);
  EXPECT_EQ(evaluate_checked(model, MatrixXd(2, 0)).cols(), 0);
}

TEST(PointwiseModel, EvaluatesColumnByColumn) {
  const ForwardModel model = pointwise_model({"x"}, {"y"}, [](const auto& x, auto y) { y[0] = x[0] * x[0]; });
  EXPECT_EQ(evaluate_checked(model, MatrixXd{{1, 2, 3}}), (MatrixXd{{1, 4, 9}}));
}

}  // namespace
}  // namespace lehr::sample
