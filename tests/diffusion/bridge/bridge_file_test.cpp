#include "lehr/diffusion/bridge/bridge_file.hpp"

#include <gtest/gtest.h>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "tests/core/test_files.hpp"
#include "tests/diffusion/bridge/bridges.hpp"

namespace lehr::diffusion {
namespace {

using stats::CovarianceShape;

TEST(BridgeFile, RoundTripsKeepEveryBit) {
  const lehr::test::TemporaryFolder folder;
  for (const CovarianceShape shape : {CovarianceShape::diagonal, CovarianceShape::full})
    for (const char* name : {"m.json", "m.safetensors"}) {
      LightBridge model = test::random_bridge(shape, 3, 4, 0.1, 1);
      model.scale = 2.5;
      write_bridge(folder / name, model);
      const LightBridge again = read_bridge(folder / name);
      EXPECT_EQ(again.shape, shape);
      EXPECT_EQ(again.log_alpha, model.log_alpha);
      EXPECT_EQ(again.r, model.r);
      EXPECT_EQ(again.S, model.S);
      EXPECT_EQ(again.epsilon, model.epsilon);
      EXPECT_EQ(again.scale, model.scale);
    }
}

// The saved model is also the plain mixture v in the user's units.
TEST(BridgeFile, IsAPlainMixtureToo) {
  const lehr::test::TemporaryFolder folder;
  LightBridge model = test::random_bridge(CovarianceShape::diagonal, 2, 3, 0.5, 2);
  model.scale = 3;
  write_bridge(folder / "m.json", model);
  const stats::MixtureDensity density(read_mixture(folder / "m.json"));
  const Eigen::MatrixXd y = test::normals(2, 20, 3);
  const Eigen::VectorXd by_mixture = density.log_density({3 * y, {}, {}});
  const Eigen::VectorXd difference = by_mixture - BridgePlan(model).log_v(y);
  EXPECT_LT(difference.maxCoeff() - difference.minCoeff(),
            1e-10);  // equal up to the scale of the weights and the unit
}

TEST(BridgeFile, MalformedFilesGetOneLine) {
  const auto refuse = [](const char* text, const char* part) {
    try {
      bridge_from_json(parse_json(text, "m.json"), "m.json");
      FAIL() << text;
    } catch (const InvalidInput& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  };
  refuse("[]", "expected an object");
  refuse(R"json({"epsilon": 1})json", "log_alpha");
  refuse(R"json({"epsilon": "x", "log_alpha": [0]})json", "epsilon");
  refuse(R"json({"epsilon": 1, "log_alpha": [0], "r": [[0, 1], [2, 3]], "S_diag": [[1, 1]]})json",
         "r is no list of 1");
  refuse(R"json({"epsilon": 1, "log_alpha": [0], "r": [[0, 1]], "S_diag": [[1]]})json", "S_diag[0]");
  refuse(R"json({"epsilon": 1, "log_alpha": [0], "r": [[0, 1]], "S_diag": [[1, -1]]})json",
         "positive definite");
  refuse(R"json({"epsilon": -1, "log_alpha": [0], "r": [[0, 1]], "S_diag": [[1, 1]]})json", "epsilon");
  refuse(R"json({"epsilon": 1, "log_alpha": [0], "r": [[0, 1]], "S_full": [[[1, 0.5], [0, 1]]]})json",
         "not symmetric");
}

}  // namespace
}  // namespace lehr::diffusion
