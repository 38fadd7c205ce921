#include "lehr/diffusion/residual_network.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/csv.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/core/safetensors.hpp"
#include "lehr/diffusion/deis.hpp"
#include "lehr/diffusion/dense_lanes.hpp"
#include "lehr/diffusion/point_file.hpp"
#include "lehr/diffusion/quality.hpp"
#include "lehr/diffusion/single_step.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::diffusion {
namespace {

std::filesystem::path folder() { return lehr::test::shared_data("autodiffusion"); }

float number(int i) { return static_cast<float>(std::sin(1.3 * i + 0.2)); }

// Sizes that are no multiples of four, against sums in double precision.
TEST(DenseLanes, IsAMatrixProduct) {
  const int inputs = 7, outputs = 10;
  std::vector<float> weights, bias, x(inputs * 64), y(12 * 64, 1.0f), z = y;
  for (int i = 0; i < inputs * outputs; ++i) weights.push_back(number(i));
  for (int i = 0; i < outputs; ++i) bias.push_back(number(100 + i));
  for (int i = 0; i < inputs * 64; ++i) x[static_cast<std::size_t>(i)] = number(200 + i);
  const DenseLayer layer(weights, bias, inputs);
  layer.apply(x.data(), y.data());
  layer.apply(x.data(), z.data(), true);
  for (int o = 0; o < outputs; ++o)
    for (int p = 0; p < 64; ++p) {
      double sum = static_cast<double>(bias[static_cast<std::size_t>(o)]);
      for (int i = 0; i < inputs; ++i)
        sum += static_cast<double>(weights[static_cast<std::size_t>(o * inputs + i)]) *
               static_cast<double>(x[static_cast<std::size_t>(i * 64 + p)]);
      EXPECT_NEAR(y[static_cast<std::size_t>(o * 64 + p)], sum, 1e-5);
      EXPECT_NEAR(z[static_cast<std::size_t>(o * 64 + p)], sum + 1, 1e-5);
    }
}

// Far beyond the range of e^z in single precision too.
TEST(DenseLanes, SiluIsFiniteEverywhere) {
  std::vector<float> x(64), y(64);
  for (int i = 0; i < 64; ++i)
    x[static_cast<std::size_t>(i)] = static_cast<float>((i - 32) * std::abs(i - 32));
  const float shift = 0.5f;
  silu_lanes(x.data(), &shift, y.data(), 1);
  for (std::size_t i = 0; i < 64; ++i) {
    const double z = static_cast<double>(x[i]) + 0.5;
    EXPECT_NEAR(y[i], z / (1 + std::exp(-z)), 1e-6 * std::max(1.0, std::abs(z)));
  }
}

TEST(ResidualNetwork, GivesTheOutputsOfItsCheckFile) {
  if (folder().empty()) GTEST_SKIP() << "the shared data are not here";
  const ScoreModel model = residual_network(read_network(folder() / "eps_network.json"), "eps_network.json");
  ASSERT_EQ(model.dimension, 64);
  EXPECT_EQ(model.blocks.size(), 4u);
  const CsvTable table = read_csv(folder() / "eps_network_check.csv");
  const auto times = table.number_column("t");
  Lanes x(static_cast<Eigen::Index>(table.rows), 64), expected = x, out = x;
  for (Eigen::Index j = 0; j < 64; ++j) {
    const auto in = table.number_column(fmt::format("x{}", j)),
               eps = table.number_column(fmt::format("eps{}", j));
    for (Eigen::Index i = 0; i < x.rows(); ++i)
      x(i, j) = in[static_cast<std::size_t>(i)], expected(i, j) = eps[static_cast<std::size_t>(i)];
  }
  noise_of_rows(model, Process::vp_linear(), x, times, out);
  EXPECT_LT((out - expected).abs().maxCoeff(), 1e-4);
  // A skipped block changes the answer; skipping none does not.
  Lanes whole(x.rows(), 64), without(x.rows(), 64);
  model.at(0.5)(x, whole);
  model.without({}).at(0.5)(x, without);
  EXPECT_EQ((whole - without).abs().maxCoeff(), 0);
  model.without({2}).at(0.5)(x, without);
  EXPECT_GT((whole - without).abs().maxCoeff(), 1e-3);
  EXPECT_THROW(model.without({4}), InvalidInput);
}

// The paper's claim on the digits: ten calls of tAB3 are better than ten and than fifty of DDIM, and far better than Euler-Maruyama.
TEST(ResidualNetwork, DeisOnDigits) {
  if (folder().empty()) GTEST_SKIP() << "the shared data are not here";
  const Process process = Process::vp_linear();
  const ScoreModel model = residual_network(read_network(folder() / "eps_network.json"), "eps_network.json");
  const Features features =
      feature_network(read_network(folder() / "feature_network.json"), "feature_network.json");
  const Eigen::MatrixXd digits =
      read_point_set(folder() / "digits_first1397.csv").points.topRows(64).array() / 8 - 1;
  const Moments reference = moments_of(features(digits));
  const Eigen::MatrixXd x = prior_points(process, 64, 1400, Seed{1});
  const auto frechet = [&](const Plan& plan) {
    return frechet_distance(moments_of(features(follow(plan, model, process, x))), reference);
  };
  const auto grid = [&](int n) { return TimeGrid::parse("power_t(2)").times(process, n); };
  const double tab = frechet(deis_plan(process, grid(10), {.order = 3})),
               ddim = frechet(ddim_plan(process, grid(10)));
  EXPECT_LE(tab, 0.75 * ddim);
  EXPECT_LE(tab, frechet(ddim_plan(process, grid(50))));
  EXPECT_GE(frechet(euler_maruyama_plan(process, grid(10))), 2 * tab);
}

TEST(ResidualNetwork, BadFilesAreNamed) {
  NetworkFile file;
  file.tensors["f"] = tensor_of<float>(std::vector<float>{1}, {1});
  try {
    residual_network(file, "net.safetensors");
    FAIL();
  } catch (const InvalidInput& error) {
    EXPECT_NE(std::string(error.what()).find("net.safetensors: no tensor 'inp.weight'"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace lehr::diffusion
