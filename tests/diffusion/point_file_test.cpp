#include "lehr/diffusion/point_file.hpp"

#include <gtest/gtest.h>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/diffusion/mixture_file.hpp"

namespace lehr::diffusion {
namespace {

class PointFile : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() /
      (std::string("lehr_points_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(PointFile, EveryFormatReadsBackToTheSameBits) {
  const Eigen::MatrixXd points = Eigen::MatrixXd::Random(3, 17);
  for (const char* name : {"p.csv", "p.npy", "p.npz", "p.safetensors"}) {
    write_point_set(folder / name, points);
    EXPECT_EQ(read_point_set(folder / name).points, points) << name;
  }
  EXPECT_EQ(read_point_set(folder / "p.csv").names, (std::vector<std::string>{"x0", "x1", "x2"}));
}

TEST_F(PointFile, CsvWithoutHeader) {
  write_file_atomically(folder / "a.csv", "1,1\n2,-3e1\n");
  const PointSet set = read_point_set(folder / "a.csv");
  EXPECT_TRUE(set.names.empty());
  EXPECT_EQ(set.points, (Eigen::MatrixXd(2, 2) << 1, 2, 1, -30).finished());
}

TEST_F(PointFile, BadCellsAreNamed) {
  write_file_atomically(folder / "a.csv", "a,b\n1,2\n3,inf\n");
  try {
    read_point_set(folder / "a.csv");
    FAIL();
  } catch (const InvalidInput& error) {
    EXPECT_NE(std::string(error.what()).find("row 2, coordinate 2"), std::string::npos) << error.what();
  }
}

TEST(MixtureFile, RoundTripOfEveryShape) {
  for (const char* text : {R"json({"weights":[0.5,0.5],"means":[[0,1],[2,3]],"variances":[1,2]})json",
                           R"json({"weights":[0.5,0.5],"means":[[0,1],[2,3]],"variances":[[1,2],[3,4]]})json",
                           R"json({"weights":[1],"means":[[0,1]],"covariances":[[[2,0.5],[0.5,1]]]})json"}) {
    const auto mixture = mixture_from_json(parse_json(text, "m"), "m");
    const auto again = mixture_from_json(mixture_json(mixture), "m");
    EXPECT_EQ(mixture.shape, again.shape);
    EXPECT_EQ(mixture.means, again.means);
    EXPECT_EQ(mixture.covariances, again.covariances);
    EXPECT_EQ(mixture.weights, again.weights);
  }
}

TEST(MixtureFile, RefusalsNameTheKey) {
  const auto message = [](const char* text) -> std::string {
    try {
      mixture_from_json(parse_json(text, "m.json"), "m.json");
    } catch (const InvalidInput& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(message(R"json({"weights":[1],"means":[[0,1]]})json"),
            "m.json: a mixture needs the key 'variances'");
  EXPECT_EQ(message(R"json({"weights":[1,-1],"means":[[0],[1]],"variances":[1,1]})json"),
            "m.json: weights[1] is -1, not above 0");
  EXPECT_EQ(message(R"json({"weights":[1],"means":[[0,1]],"variances":[0]})json"),
            "m.json: variances[0] is not above 0");
  EXPECT_EQ(message(R"json({"weights":[1],"means":[[0,1]],"covariances":[[[1,2],[2,1]]]})json"),
            "m.json: a covariance is not positive definite");
}

}  // namespace
}  // namespace lehr::diffusion
