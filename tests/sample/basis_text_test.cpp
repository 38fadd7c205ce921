#include "lehr/sample/basis_text.hpp"

#include <gtest/gtest.h>

#include "lehr/core/errors.hpp"
#include "lehr/sample/tensor_space.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::sample {
namespace {

TEST(BasisText, CountsTheFunctionsOfEverySet) {
  EXPECT_EQ(parse_basis("legendre:degree=9").size, 10);
  EXPECT_EQ(parse_basis("legendre:d=2,total=8").size, 45);        // C(10, 2)
  EXPECT_EQ(parse_basis("legendre:d=3,tensor=4").size, 125);      // 5^3
  EXPECT_EQ(parse_basis("hermite*legendre^3:cross=3").size, 19);  // prod (a_i + 1) <= 4: 1 + 4 * 3 + C(4, 2)
  EXPECT_EQ(parse_basis("trigonometric:degree=5").size, 11);      // 1 and five pairs of waves
  EXPECT_EQ(parse_basis("haar:d=2,total=2").size,
            1 + 2 + 5);  // levels (0,0) | (0,1), (1,0) | (0,2): 2, (2,0): 2, (1,1)
  EXPECT_EQ(parse_basis("indicator(cells=4):d=2,total=0").size, 16);
  EXPECT_EQ(parse_basis("legendre:d=3,total=9,size=200").size, 200);
  EXPECT_EQ(parse_basis("gaussian(length=0.3):d=2,size=25").size, 25);
  EXPECT_EQ(parse_basis("legendre:d=2,total=3,candidates=100").finite->points.cols(), 100);
}

TEST(BasisText, OrdersFunctionsSoThatSpacesAreNested) {
  const FunctionSpace total = parse_basis("legendre:d=3,total=4");
  EXPECT_EQ(total.nested, (std::vector<Index>{1, 4, 10, 20, 35}));
  for (std::size_t t = 0; t < total.nested.size(); ++t)
    EXPECT_LE(total.degrees.leftCols(total.nested[t]).colwise().sum().maxCoeff(), static_cast<int>(t));
  EXPECT_EQ(parse_basis("legendre:d=2,tensor=3").nested, (std::vector<Index>{1, 4, 9, 16}));
  EXPECT_EQ(parse_basis("legendre:d=2,total=3,size=5").nested, (std::vector<Index>{1, 3, 5}));
}

TEST(BasisText, MapsIntervals) {
  const FunctionSpace space = parse_basis("legendre(from=0, to=2)*hermite(mean=3, deviation=0.5):total=1");
  const Eigen::MatrixXd features = space.features(Eigen::Vector2d(1.5, 4));
  EXPECT_NEAR(features(space.degrees(0, 1) == 1 ? 1 : 2), std::sqrt(3) * 0.5, 1e-14);
  EXPECT_NEAR(features(space.degrees(0, 1) == 1 ? 2 : 1), 2, 1e-14);
}

TEST(BasisText, RefusesWithOneClearLine) {
  const auto message = [](const char* text) {
    return test::message_of<InvalidInput>([&] { parse_basis(text); });
  };
  EXPECT_NE(message("legendr:degree=3").find("did you mean 'legendre'"), std::string::npos);
  EXPECT_NE(message("legendre:degre=3").find("did you mean 'degree'"), std::string::npos);
  EXPECT_NE(message("legendre").find("highest degree"), std::string::npos);
  EXPECT_NE(message("legendre:total=-1").find("[0, 10000]"), std::string::npos);
  EXPECT_NE(message("legendre:total=3,cross=3").find("one of"), std::string::npos);
  EXPECT_NE(message("legendre:d=2,degree=3").find("several variables"), std::string::npos);
  EXPECT_NE(message("legendre*hermite:d=3,total=3").find("d=3 for 2 factors"), std::string::npos);
  EXPECT_NE(message("legendre:d=20,total=10").find("more than 5000"), std::string::npos);
  EXPECT_NE(message("hermite:d=100,total=150").find("more than 5000"), std::string::npos);
  EXPECT_NE(message("haar:degree=10000").find("more than 5000"), std::string::npos);
  EXPECT_NE(message("hermite:degree=200").find("151"), std::string::npos);
  EXPECT_NE(message("legendre(from=2, to=1):degree=3").find("from < to"), std::string::npos);
  EXPECT_NE(message("gaussian(length=0.3):d=2,total=5").find("size=m"), std::string::npos);
  EXPECT_NE(message("gaussian(length=100):size=50").find("rounding"), std::string::npos);
  EXPECT_NE(message("gaussian(length=1)*legendre:size=5").find("kernels"), std::string::npos);
  EXPECT_NE(message("legendre:degree=9,candidates=5").find("at least as many"), std::string::npos);
  EXPECT_NE(message("indicator(cells=1e9):degree=0").find("cells"), std::string::npos);
  for (const char* text :
       {"", ":", "*", "legendre^0:degree=2", "legendre^^:degree=1", "(:", "legendre:d=", "legendre:=3"})
    EXPECT_THROW(parse_basis(text), InvalidInput) << text;
  EXPECT_THROW(parse_basis(std::string(10000, 'x')), InvalidInput);
}

TEST(BasisText, ListsItsFamilies) {
  const std::vector<BasisFamilyHelp> families = basis_families();
  EXPECT_EQ(families.size(), 12U);
  EXPECT_TRUE(
      std::ranges::any_of(families, [](const auto& f) { return f.usage == "hermite(mean=0, deviation=1)"; }));
}

// f = 1 + 2 x_1 + 3 x_1 x_2 in orthonormal Legendre polynomials: variances 4/3 and 9/9.
TEST(VarianceShares, AreSobolIndices) {
  const FunctionSpace space = parse_basis("legendre:d=2,total=2");
  Eigen::VectorXd c = Eigen::VectorXd::Zero(space.size);
  for (Index f = 0; f < space.size; ++f) {
    const Eigen::Vector2i a = space.degrees.col(f);
    if (a == Eigen::Vector2i(0, 0)) c(f) = 1;
    if (a == Eigen::Vector2i(1, 0)) c(f) = 2 / std::sqrt(3);
    if (a == Eigen::Vector2i(1, 1)) c(f) = 1;
  }
  const VarianceShares shares = variance_shares(space.degrees, c);
  EXPECT_NEAR(shares.mean, 1, 1e-15);
  EXPECT_NEAR(shares.variance, 7.0 / 3, 1e-15);
  EXPECT_NEAR(shares.first_order[0], 4.0 / 7, 1e-15);
  EXPECT_NEAR(shares.first_order[1], 0, 1e-15);
  EXPECT_NEAR(shares.total[0], 1, 1e-15);
  EXPECT_NEAR(shares.total[1], 3.0 / 7, 1e-15);
}

}  // namespace
}  // namespace lehr::sample
