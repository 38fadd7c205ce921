#include "lehr/sample/model/model.hpp"

#include <gtest/gtest.h>

#include <Eigen/LU>
#include <boost/math/distributions.hpp>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/sample/mcmc.hpp"
#include "lehr/sample/model/families.hpp"
#include "lehr/sample/nuts.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::sample {
namespace {

Model model_of(std::string_view json, const std::filesystem::path& base = {}) {
  return Model(parse_json(json, "test"), "m.toml", base);
}

double log_density_at(std::string_view family, double x) {
  Graph graph;
  const DistributionCall call = parse_distribution(
      graph, family, [](std::string_view) { return Graph::Node{}; }, "m");
  const Graph::Node node = family_of(call, "m").log_density(graph, graph.constant(x), call.arguments);
  return graph.constant_values(node).front();
}

// Every family against Boost.Math, or the law's definition where Boost has none.
TEST(Families, HaveTheirDensities) {
  namespace bm = boost::math;
  EXPECT_NEAR(log_density_at("normal(1, 2)", 0.3), std::log(bm::pdf(bm::normal(1, 2), 0.3)), 1e-13);
  EXPECT_NEAR(log_density_at("student_t(3, 0, 1)", 0.7), std::log(bm::pdf(bm::students_t(3), 0.7)), 1e-13);
  EXPECT_NEAR(log_density_at("student_t(3, 1, 2)", 2.4), std::log(bm::pdf(bm::students_t(3), 0.7) / 2),
              1e-13);
  EXPECT_NEAR(log_density_at("cauchy(1, 2)", 5), std::log(bm::pdf(bm::cauchy(1, 2), 5)), 1e-13);
  EXPECT_NEAR(log_density_at("laplace(1, 2)", -5), std::log(bm::pdf(bm::laplace(1, 2), -5)), 1e-13);
  EXPECT_NEAR(log_density_at("logistic(1, 2)", -5), std::log(bm::pdf(bm::logistic(1, 2), -5)), 1e-13);
  EXPECT_NEAR(log_density_at("half_normal(2)", 0.5), std::log(2 * bm::pdf(bm::normal(0, 2), 0.5)), 1e-13);
  EXPECT_NEAR(log_density_at("half_cauchy(2)", 0.5), std::log(2 * bm::pdf(bm::cauchy(0, 2), 0.5)), 1e-13);
  EXPECT_NEAR(log_density_at("exponential(2)", 0.5), std::log(bm::pdf(bm::exponential(2), 0.5)), 1e-13);
  EXPECT_NEAR(log_density_at("gamma(3, 2)", 0.5), std::log(bm::pdf(bm::gamma_distribution<>(3, 0.5), 0.5)),
              1e-13);
  EXPECT_NEAR(log_density_at("inverse_gamma(3, 2)", 0.5), std::log(bm::pdf(bm::inverse_gamma(3, 2), 0.5)),
              1e-13);
  EXPECT_NEAR(log_density_at("lognormal(1, 2)", 0.5), std::log(bm::pdf(bm::lognormal(1, 2), 0.5)), 1e-13);
  EXPECT_NEAR(log_density_at("beta(2, 3)", 0.2), std::log(bm::pdf(bm::beta_distribution<>(2, 3), 0.2)),
              1e-13);
  EXPECT_NEAR(log_density_at("uniform(1, 5)", 2), -std::log(4), 1e-13);
  EXPECT_NEAR(log_density_at("poisson(3.5)", 2), std::log(bm::pdf(bm::poisson(3.5), 2)), 1e-13);
  EXPECT_NEAR(log_density_at("poisson_log(log(3.5))", 2), std::log(bm::pdf(bm::poisson(3.5), 2)), 1e-13);
  EXPECT_NEAR(log_density_at("bernoulli(0.3)", 1), std::log(0.3), 1e-13);
  EXPECT_NEAR(log_density_at("bernoulli_logit(log(3 / 7))", 0), std::log(0.7), 1e-13);
  EXPECT_NEAR(log_density_at("binomial(9, 0.3)", 2), std::log(bm::pdf(bm::binomial(9, 0.3), 2)), 1e-13);
  EXPECT_NEAR(log_density_at("binomial_logit(9, log(3 / 7))", 2), std::log(bm::pdf(bm::binomial(9, 0.3), 2)),
              1e-13);
  EXPECT_EQ(model_families().size(), 19U);  // a new one needs a line above
}

// Transforms carry their Jacobian: the density over u integrates to 1.
TEST(Model, BoundsKeepTheMass) {
  const std::vector<std::pair<std::string, double>> cases{
      {R"j("gamma(2, 3)")j", 1},
      {R"j("beta(2, 3)")j", 1},
      {R"j("uniform(-2, 5)")j", 1},
      {R"j("normal(1, 2)")j", 1},
      {R"j({"prior": "normal(0, 1)", "upper": 0})j", 0.5}};
  for (const auto& [prior, expected] : cases) {
    const Model model = model_of(R"j({"parameters": {"a": )j" + prior + "}}");
    const LogDensity density = model.log_density();
    double mass = 0;
    for (double u = -40; u < 40; u += 1e-3)
      mass += 1e-3 * std::exp(density.value(Eigen::VectorXd::Constant(1, u)));
    EXPECT_NEAR(mass, expected, 2e-4) << prior;
  }
}

constexpr const char* regression = R"j({
  "data": {"file": "d.csv"},
  "parameters": {"a": {"prior": "normal(0, 10)", "size": "group"}, "b": "normal(0, 10)"},
  "define": {"mu": "a[group] + b * x"},
  "model": {"y": "normal(mu, 0.5)"}})j";
constexpr const char* regression_table =
    "x,group,y\n0,red,1.1\n1,red,2.0\n2,blue,5.2\n3,blue,5.9\n4,red,5.1\n";

// A linear model with known variance has a normal posterior: precision X'X / s^2 + I / 100.
TEST(Model, SamplesTheExactPosteriorOfALinearModel) {
  const test::TemporaryFolder folder;
  test::put(folder / "d.csv", regression_table);
  const Model model = model_of(regression, folder.path());
  ASSERT_EQ(model.dimension(), 3);
  EXPECT_EQ(model.names()[0], "a[1]");
  EXPECT_EQ(model.names()[3], "mu[1]");
  EXPECT_EQ(model.parameters(), 3);

  Eigen::MatrixXd x(5, 3);
  x << 1, 0, 0, 1, 0, 1, 0, 1, 2, 0, 1, 3, 1, 0, 4;
  Eigen::VectorXd y(5);
  y << 1.1, 2.0, 5.2, 5.9, 5.1;
  const Eigen::Matrix3d precision = x.transpose() * x / 0.25 + Eigen::Matrix3d::Identity() / 100;
  const Eigen::Matrix3d covariance = precision.inverse();
  const Eigen::Vector3d mean = covariance * (x.transpose() * y / 0.25);

  const Mcmc method(model.log_density(), Nuts(), model.start(), {.iterations = 2000});
  const Draws draws = method.draws(drive(method, Budget::steps(method.steps()), Seed{4}).state);
  for (Eigen::Index i = 0; i < 3; ++i) {
    const DrawsSummary summary = summarize_draws(draws.coordinate(i), draws.chains);
    EXPECT_LT(std::abs(summary.mean - mean(i)), 4 * summary.mean_error) << i;
    EXPECT_NEAR(summary.deviation / std::sqrt(covariance(i, i)), 1, 0.06) << i;
  }
}

TEST(Model, DefinitionsAreReported) {
  const Model model =
      model_of(R"j({"parameters": {"s": {"prior": "half_normal(1)", "start": 2}}, "define": {"v": "s^2"}})j");
  EXPECT_NEAR(model.values(model.start())(0), 2, 1e-14);
  EXPECT_NEAR(model.values(model.start())(1), 4, 1e-14);
}

TEST(Model, ErrorsNameTheEntry) {
  const auto error = [](const std::string& json) {
    return test::message_of<InvalidInput>([&] { model_of(json); });
  };
  const auto parameter = [&](const std::string& a) { return error(R"j({"parameters": {"a": )j" + a + "}}"); };
  EXPECT_EQ(error(R"j({"parameter": {}})j"),
            "m.toml: unknown section 'parameter' (did you mean 'parameters'?)");
  EXPECT_EQ(error(R"j({"data": {"y": 1}})j"), "m.toml: the model has no parameters");
  EXPECT_EQ(parameter(R"j({"size": 2})j"), "m.toml: nothing gives the parameters a density");
  EXPECT_NE(parameter(R"j("norml(0, 1)")j").find("did you mean 'normal'?"), std::string::npos);
  EXPECT_NE(parameter(R"j("normal(0)")j").find("normal takes (mean, sd), found 1 arguments"),
            std::string::npos);
  EXPECT_NE(parameter(R"j("poisson(3)")j").find("law of counts"), std::string::npos);
  EXPECT_NE(parameter(R"j({"prior": "normal(0, 1)", "lower": 2, "upper": 1})j").find("not below"),
            std::string::npos);
  EXPECT_NE(parameter(R"j({"prior": "normal(0, 1)", "size": 0})j").find("size"), std::string::npos);
  EXPECT_NE(parameter(R"j("normal(0, b)")j").find("unknown name 'b'"), std::string::npos);
  EXPECT_NE(
      error(R"j({"parameters": {"a": "normal(0, 1)"}, "model": {"z": "normal(a, 1)"}})j").find("model.z"),
      std::string::npos);
  EXPECT_NE(error(R"j({"data": {"a": [1, "x"]}})j").find("data.a"), std::string::npos);
}

}  // namespace
}  // namespace lehr::sample
